package replay

import (
	"pinkstar/correlate"
	"pinkstar/schemas"
)

// position is where in the input a signal stood.
type position struct {
	line, index int32
	id          schemas.ID
}

// outcomes keeps the last word about everything.
type outcomes struct {
	positions []position
	decisions map[schemas.ID]*schemas.Decision

	incidents     map[string]*schemas.Incident
	incidentOrder []string
	problems      map[string]*schemas.Problem
	problemOrder  []string

	keepDecisions, keepProblems bool
}

func newOutcomes(o *Options) *outcomes {
	return &outcomes{
		decisions: map[schemas.ID]*schemas.Decision{}, incidents: map[string]*schemas.Incident{}, problems: map[string]*schemas.Problem{},
		keepDecisions: o.emits(EmitDecision), keepProblems: o.emits(EmitProblem),
	}
}

// take keeps what a step said. The engine reuses out, so everything is copied.
func (o *outcomes) take(out *correlate.Output) {
	if o.keepDecisions {
		for i := range out.Decisions {
			d := out.Decisions[i]
			id, err := schemas.ParseID(d.SignalID)
			if err != nil { // the engine names signals by their ids
				panic("replay: " + err.Error())
			}
			d.Signal = nil
			o.decide(id, &d)
		}
	}
	for i := range out.Incidents {
		inc := out.Incidents[i]
		inc.Members, inc.Timeline = nil, nil
		if o.incidents[inc.ID] == nil {
			o.incidentOrder = append(o.incidentOrder, inc.ID)
		}
		o.incidents[inc.ID] = &inc
	}
	if o.keepProblems {
		for i := range out.Problems {
			p := out.Problems[i]
			if o.problems[p.ID] == nil {
				o.problemOrder = append(o.problemOrder, p.ID)
			}
			o.problems[p.ID] = &p
		}
	}
}

func (o *outcomes) decide(id schemas.ID, d *schemas.Decision) {
	if old := o.decisions[id]; old == nil || d.Revision >= old.Revision {
		o.decisions[id] = d
	}
}

// refuse keeps the decision about what could not be read.
func (o *outcomes) refuse(line, index int, at schemas.Time, reason string) {
	if !o.keepDecisions {
		return
	}
	id := schemas.RefusedID("replay", int32(index), int64(line))
	o.positions = append(o.positions, position{line: int32(line), index: int32(index), id: id})
	o.decide(id, &schemas.Decision{SignalID: id.String(), Revision: 1, Verdict: schemas.VerdictRefused, Reason: reason, At: at, LastAt: at})
}

// outermost returns the incident that nothing is above.
func (o *outcomes) outermost(id string) string {
	for range 100 { // a chain in the log would be a defect; it must not be a loop here
		inc := o.incidents[id]
		if inc == nil || inc.ParentID == "" {
			return id
		}
		id = inc.ParentID
	}
	return id
}
