package web

import (
	"context"
	"net/http"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Order gives a command about an incident that came another way than through the
// API, from a chat or a ticket system, under the same checks. cmd.By is who that
// way has established; via is the way's name; key tells the command from others:
// the same one again is carried out once. done says that it is known to have been
// carried out; without, it is durable. An *apierror.Error says why not.
//
// What the incident as it stands would refuse is refused here too, though the key
// may be one that was carried out before: it then has nothing left to do.
func (a *API) Order(ctx context.Context, cmd schemas.Command, via, key string) (done bool, _ error) {
	inc, err := a.Live(cmd.IncidentID)
	if err != nil {
		return false, err
	}
	checked, err := a.incidentCommand(ctx, inc, &commandBody{
		Action: cmd.Action, giver: giver{By: cmd.By}, ParentID: cmd.ParentID, SignalID: cmd.SignalID, To: cmd.To, Note: cmd.Note, Step: cmd.Step})
	if err != nil {
		return false, err
	}
	if why := refusedNow(inc, &checked); why != "" {
		return false, apierror.New(http.StatusConflict, "%s", why)
	}
	_, done, err = a.give(ctx, checked, inc.Scope, via, "key:"+via+":"+key)
	return done, err
}

// Live returns an incident as the live view has it. An *apierror.Error says why
// not: it is closed or was never there (404), or nobody can tell yet (503).
func (a *API) Live(id string) (*schemas.Incident, error) {
	if err := a.view.Ready(); err != nil {
		return nil, apierror.New(http.StatusServiceUnavailable, "%v; try again in a moment", err)
	}
	inc, ok := a.view.Incident(id)
	if !ok {
		return nil, apierror.New(http.StatusNotFound, "incident %s is closed, or is none of this installation: nothing can be ordered of it", id)
	}
	return inc, nil
}

// Related returns the incidents below id, newest first.
func (a *API) Related(id string) []*schemas.Incident { return a.view.Children(id) }
