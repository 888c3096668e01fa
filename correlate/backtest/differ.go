package backtest

import (
	"slices"

	"pinkstar/correlate/history"
	"pinkstar/schemas"
)

// Difference is a set of incidents, old and new, that share signals and are not
// the same.
type Difference struct {
	// Kind: joined (several became one), split, moved (signals changed between
	// several), grown, shrunk (with signals that are in no incident on one
	// side), appeared, gone.
	Kind string  `json:"kind"`
	Old  []Group `json:"old"`
	New  []Group `json:"new"`
	// First is the first signal of them that is decided in another way.
	First Turn `json:"first"`
}

// Group is one incident with what is below it.
type Group struct {
	IncidentID string `json:"incident_id"`
	Title      string `json:"title"`
	Signals    int    `json:"signals"`
}

// Turn is one signal as each side decided it.
type Turn struct {
	SignalID string       `json:"signal_id"`
	Kind     schemas.Kind `json:"kind"`
	Name     string       `json:"name"`
	Service  string       `json:"service,omitempty"`
	StartsAt schemas.Time `json:"starts_at"`
	Old      Decided      `json:"old"`
	New      Decided      `json:"new"`
}

// Decided is what one side made of a signal.
type Decided struct {
	Decision   schemas.Verdict    `json:"decision"`
	IncidentID string             `json:"incident_id"`
	ParentID   string             `json:"parent_id"`
	Reason     string             `json:"reason"`
	Score      int64              `json:"score,omitempty"`
	Threshold  int64              `json:"threshold,omitempty"`
	Evidence   []schemas.Evidence `json:"evidence,omitempty"`
	// Linked says how its incident came below its main one.
	Linked string `json:"linked,omitempty"`
}

// Verdict counts signals whose verdict changed in one way.
type Verdict struct {
	Old   schemas.Verdict `json:"old"`
	New   schemas.Verdict `json:"new"`
	Count int             `json:"count"`
	First Turn            `json:"first"`
}

// sides gathers the main incidents of both runs as sets of signals.
type sides struct {
	a, b    *history.Run
	signals []string // alerts and tickets, in order
	inA     map[string][]string
	inB     map[string][]string
}

func newSides(a, b *history.Run) *sides {
	s := &sides{a: a, b: b, inA: map[string][]string{}, inB: map[string][]string{}}
	for _, id := range a.Taken {
		if d := a.Decisions.Get(id); !history.Grouped(d) || b.Decisions.Get(id) == nil {
			continue
		}
		s.signals = append(s.signals, id)
		if g := a.Group(id); g != "" {
			s.inA[g] = append(s.inA[g], id)
		}
		if g := b.Group(id); g != "" {
			s.inB[g] = append(s.inB[g], id)
		}
	}
	return s
}

// same reports whether the two incidents of a signal hold the same signals.
func (s *sides) same(id string) bool {
	ga, gb := s.a.Group(id), s.b.Group(id)
	if ga == "" || gb == "" {
		return ga == gb
	}
	return slices.Equal(s.inA[ga], s.inB[gb])
}

// differences finds the connected sets of incidents that are not the same, in
// order of their first signal.
func differences(a, b *history.Run) []Difference {
	s := newSides(a, b)
	done := map[string]bool{}
	var out []Difference
	for _, id := range s.signals {
		if done[id] || s.same(id) {
			continue
		}
		out = append(out, s.difference(id, done))
	}
	return out
}

// difference gathers everything that hangs together with a signal by being in
// one incident on either side.
func (s *sides) difference(id string, done map[string]bool) Difference {
	d := Difference{Old: []Group{}, New: []Group{}}
	seenA, seenB := map[string]bool{}, map[string]bool{}
	alone := [2]bool{} // some signal is in no incident: old, new
	var all []string
	todo := []string{id}
	done[id] = true
	visit := func(members []string) {
		for _, m := range members {
			if !done[m] {
				done[m] = true
				todo = append(todo, m)
			}
		}
	}
	for len(todo) > 0 {
		x := todo[0]
		todo = todo[1:]
		all = append(all, x)
		ga, gb := s.a.Group(x), s.b.Group(x)
		alone[0], alone[1] = alone[0] || ga == "", alone[1] || gb == ""
		if ga != "" && !seenA[ga] {
			seenA[ga] = true
			d.Old = append(d.Old, groupOf(s.a, ga, len(s.inA[ga])))
			visit(s.inA[ga])
		}
		if gb != "" && !seenB[gb] {
			seenB[gb] = true
			d.New = append(d.New, groupOf(s.b, gb, len(s.inB[gb])))
			visit(s.inB[gb])
		}
	}
	d.Kind = kindOf(len(d.Old), len(d.New), alone)
	d.First = s.first(all)
	return d
}

func groupOf(r *history.Run, id string, signals int) Group {
	return Group{IncidentID: id, Title: r.Incidents.Get(id).Title, Signals: signals}
}

func kindOf(older, newer int, alone [2]bool) string {
	switch {
	case older == 0:
		return "appeared"
	case newer == 0:
		return "gone"
	case older == 1 && newer == 1 && alone[0]:
		return "grown"
	case older == 1 && newer == 1:
		return "shrunk"
	case newer == 1:
		return "joined"
	case older == 1:
		return "split"
	}
	return "moved"
}

// first finds the earliest signal that is with other earlier signals than
// before, or decided in another way. That is where the two pasts part.
func (s *sides) first(of []string) Turn {
	in := make(map[string]bool, len(of))
	for _, id := range of {
		in[id] = true
	}
	toB, toA := map[string]string{}, map[string]string{} // groups that have been the same so far
	for _, id := range s.signals {
		if !in[id] {
			continue
		}
		ga, gb := s.a.Group(id), s.b.Group(id)
		if (ga == "") != (gb == "") {
			return s.turn(id)
		}
		if ga == "" {
			continue
		}
		ob, seenA := toB[ga]
		oa, seenB := toA[gb]
		if seenA && ob != gb || seenB && oa != ga {
			return s.turn(id)
		}
		toB[ga], toA[gb] = gb, ga
	}
	return s.turn(of[0])
}

func (s *sides) turn(id string) Turn {
	t := Turn{SignalID: id, Old: decided(s.a, id), New: decided(s.b, id)}
	if p, err := schemas.ParseID(id); err == nil {
		if sig := s.a.Log.Signal(p); sig != nil {
			t.Kind, t.Name, t.Service, t.StartsAt = sig.Kind, sig.Name, sig.Service, sig.StartsAt
		}
	}
	return t
}

func decided(r *history.Run, id string) Decided {
	d := r.Decisions.Get(id)
	out := Decided{Decision: d.Verdict, IncidentID: d.IncidentID, ParentID: r.Group(id), Reason: d.Reason, Score: d.Score,
		Threshold: d.Threshold, Evidence: d.Evidence}
	if inc := r.Incidents.Get(d.IncidentID); inc != nil && inc.ParentID != "" {
		for i := range inc.Links {
			if l := &inc.Links[i]; l.Relation == "child_of" {
				out.Linked = d.IncidentID + " became part of " + l.IncidentID + ": " + l.Reason
			}
		}
	}
	return out
}

// verdicts counts the alerts and tickets whose verdict is another.
func verdicts(a, b *history.Run) []Verdict {
	s := newSides(a, b)
	out := []Verdict{}
	for _, id := range s.signals {
		x, y := a.Decisions.Get(id).Verdict, b.Decisions.Get(id).Verdict
		if x == y {
			continue
		}
		i := slices.IndexFunc(out, func(v Verdict) bool { return v.Old == x && v.New == y })
		if i < 0 {
			i = len(out)
			out = append(out, Verdict{Old: x, New: y, First: s.turn(id)})
		}
		out[i].Count++
	}
	return out
}
