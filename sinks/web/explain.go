package web

import (
	"context"
	"errors"
	"net/http"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Explainer says why a signal or an incident is as it is and, with another one
// named, why the two are not together. The answer is what is sent, as JSON.
type Explainer interface {
	// Explain returns ErrUnknown when there is no such thing. view is asked
	// first for incidents: it is fresher than any history.
	Explain(ctx context.Context, view *View, id, with string) (any, error)
}

// ErrUnknown says that an Explainer was asked about what it does not know.
var ErrUnknown = errors.New("there is no such signal or incident")

// SetExplainer gives the API somebody who explains. It is called before Handler.
func (a *API) SetExplainer(x Explainer) { a.explain = x }

var explainParams = []string{"with"}

func (a *API) explainIncident(w http.ResponseWriter, r *http.Request) error {
	return a.explained(w, r, r.PathValue("id"))
}

func (a *API) explainSignal(w http.ResponseWriter, r *http.Request) error {
	if _, err := schemas.ParseID(r.PathValue("id")); err != nil {
		return apierror.BadField("id", "%v", err)
	}
	return a.explained(w, r, r.PathValue("id"))
}

func (a *API) explained(w http.ResponseWriter, r *http.Request, id string) error {
	v := r.URL.Query()
	if err := known(v, explainParams); err != nil {
		return err
	}
	x, err := a.explanation(r.Context(), id, v.Get("with"))
	if err != nil {
		return err
	}
	return a.answer(w, http.StatusOK, x)
}

// explanation answers why, or why not, when its turn comes.
func (a *API) explanation(asked context.Context, id, with string) (any, error) {
	if a.explain == nil {
		return nil, apierror.New(http.StatusServiceUnavailable, "this instance has nobody who explains")
	}
	ctx, cancel := context.WithTimeout(asked, a.cfg.ExplainTimeout)
	defer cancel()
	gate := a.whys
	if with != "" {
		gate = a.whyNots
	}
	leave, err := gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	x, err := a.explain.Explain(ctx, a.view, id, with)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) && asked.Err() == nil {
		return nil, apierror.New(http.StatusServiceUnavailable, "the answer takes longer than %s (web.explain_timeout); "+
			"ask about a smaller incident, or `pinkstar explain --log` about a recorded log", a.cfg.ExplainTimeout)
	}
	if errors.Is(err, ErrUnknown) {
		return nil, apierror.New(http.StatusNotFound, "%v", err)
	}
	if err != nil {
		if asked.Err() != nil {
			return nil, err
		}
		a.log.Warn().Err(err).Str("id", id).Msg("not explained")
		return nil, apierror.New(http.StatusServiceUnavailable, "what was decided cannot be read right now: ClickHouse holds it")
	}
	return x, nil
}

// gate lets a few questions of a kind be worked on at once, a few more wait their
// turn, and none beyond that in: each takes a while, and much memory.
type gate struct {
	inside chan struct{} // worked on or waiting
	work   chan struct{}
}

func newGate(working, waiting int) *gate {
	return &gate{inside: make(chan struct{}, working+waiting), work: make(chan struct{}, working)}
}

// enter waits for a turn; leave ends it.
func (g *gate) enter(ctx context.Context) (leave func(), err error) {
	select {
	case g.inside <- struct{}{}:
	default:
		return nil, apierror.New(http.StatusServiceUnavailable, "%d such questions are being answered or wait already; ask again in a moment", cap(g.inside))
	}
	select {
	case g.work <- struct{}{}:
		return func() { <-g.work; <-g.inside }, nil
	case <-ctx.Done():
		<-g.inside
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			return nil, apierror.New(http.StatusServiceUnavailable, "other questions took all the time; ask again in a moment")
		}
		return nil, ctx.Err()
	}
}
