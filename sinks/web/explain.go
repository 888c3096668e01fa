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
	if a.explain == nil {
		return apierror.New(http.StatusServiceUnavailable, "this instance has nobody who explains")
	}
	x, err := a.explain.Explain(r.Context(), a.view, id, v.Get("with"))
	if errors.Is(err, ErrUnknown) {
		return apierror.New(http.StatusNotFound, "%v", err)
	}
	if err != nil {
		if r.Context().Err() != nil {
			return err
		}
		a.log.Warn().Err(err).Str("id", id).Msg("not explained")
		return apierror.New(http.StatusServiceUnavailable, "what was decided cannot be read right now: ClickHouse holds it")
	}
	return a.answer(w, http.StatusOK, x)
}
