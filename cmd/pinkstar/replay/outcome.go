package replay

import (
	"slices"

	"pinkstar/correlate"
	"pinkstar/schemas"
)

// Emits lists what can be printed, in the order in which it is: incidents, then
// decisions, then whatever else the engine says.
var Emits = func() []string {
	names := []string{schemas.Incidents.Name, schemas.Decisions.Name}
	for _, k := range schemas.Outcomes {
		if n := k.Names().Name; k.FromEngine() && !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	return names
}()

// position is where in the input a signal stood.
type position struct {
	line, index int32
	id          schemas.ID
}

// outcomes keeps the last word about everything.
type outcomes struct {
	positions []position
	decisions *schemas.Newest[schemas.Decision] // nil: not printed
	incidents *schemas.Newest[schemas.Incident]
	problems  *schemas.Newest[schemas.Problem]
	kept      []keptAs // whatever is kept, in the order of Emits
}

type keptAs struct {
	name string
	schemas.Kept
}

func newOutcomes(o *Options) *outcomes {
	out := &outcomes{incidents: schemas.Incidents.Newest(), problems: schemas.Problems.Newest()}
	out.incidents.Trim = func(inc *schemas.Incident) {
		inc.Members, inc.Timeline = nil, nil
		if inc.Services == nil {
			inc.Services = []string{}
		}
		if inc.Roots == nil {
			inc.Roots = []schemas.SuspectedRoot{}
		}
	}
	if o.emits(schemas.Decisions.Name) {
		out.decisions = schemas.Decisions.Newest()
		out.decisions.Trim = func(d *schemas.Decision) { d.Signal = nil }
	}
	for _, name := range Emits {
		switch k := schemas.OutcomeNamed(name); {
		case k == schemas.Incidents: // decisions name the outermost one
			out.kept = append(out.kept, keptAs{name, out.incidents})
		case k == schemas.Problems: // they are counted
			out.kept = append(out.kept, keptAs{name, out.problems})
		case k == schemas.Decisions && out.decisions != nil:
			out.kept = append(out.kept, keptAs{name, out.decisions})
		case k != schemas.Decisions && o.emits(name):
			out.kept = append(out.kept, keptAs{name, k.Keep()})
		}
	}
	return out
}

// take keeps what a step said. The engine reuses out, so everything is copied.
func (o *outcomes) take(out *correlate.Output) {
	for _, k := range o.kept {
		k.Take(out)
	}
}

// at notes under which id the signal at a position was decided.
func (o *outcomes) at(line, index int32, id schemas.ID) {
	if o.decisions != nil {
		o.positions = append(o.positions, position{line, index, id})
	}
}

// refuse keeps the decision about what could not be read.
func (o *outcomes) refuse(line, index int, at schemas.Time, reason string) {
	if o.decisions == nil {
		return
	}
	id := schemas.RefusedID("replay", int32(index), int64(line))
	o.positions = append(o.positions, position{line: int32(line), index: int32(index), id: id})
	o.decisions.Put(&schemas.Decision{SignalID: id.String(), Revision: 1, Verdict: schemas.VerdictRefused, Reason: reason, At: at, LastAt: at})
}

// outermost returns the incident that nothing is above.
func (o *outcomes) outermost(id string) string {
	for range 100 { // a chain in the log would be a defect; it must not be a loop here
		inc := o.incidents.Get(id)
		if inc == nil || inc.ParentID == "" {
			return id
		}
		id = inc.ParentID
	}
	return id
}
