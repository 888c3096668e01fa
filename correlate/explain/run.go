package explain

import (
	"pinkstar/correlate/history"
	"pinkstar/schemas"
)

// OfRun makes a run of a log a Source.
func OfRun(r *history.Run) Source { return runSource{r} }

type runSource struct{ run *history.Run }

func (r runSource) Decision(id string) *schemas.Decision { return r.run.Decisions.Get(id) }

func (r runSource) Signal(id string) *schemas.Signal {
	parsed, err := schemas.ParseID(id)
	if err != nil {
		return nil
	}
	return r.run.Log.Signal(parsed)
}

func (r runSource) Incident(id string) *schemas.Incident { return r.run.Incidents.Get(id) }

func (r runSource) Members(id string) []string { return r.run.Members(id) }
