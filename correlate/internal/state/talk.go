package state

import (
	"maps"
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Talk is what people have heard of a main incident, and what they are to hear
// next. A child's is what was said before it became one.
type Talk struct {
	Seq    int64        // effects so far
	Since  schemas.Time // when the present period of the budget began
	Count  int          // messages in it
	Said   int64        // messages in all
	Opened bool         // it has been told of
	LastAt schemas.Time // the newest message
	DueAt  schemas.Time // when it is looked at for the next one; 0: nothing waits

	// As it was told last.
	Status     schemas.IncidentStatus
	Severity   schemas.Severity
	SeverityBy string
	Assignee   string
	Parent     string
	Types      []string // names of alerts, sorted
	Targets    []string // channels that have heard of it, sorted
	Tickets    []string // keys of linked tickets, sorted
	Looked     int64    // a sum over what the tree had when it was last looked at

	Step   int          // of the escalation that was taken last, from 1; 0: nobody is called
	StepAt schemas.Time // when the next one is due; 0: none is

	Announced bool     // the company was told by mail
	Expired   bool     // a limit ended it
	Asked     []string // signals of the changes whose teams were asked to stop them
	By, Via   string   // whose word the latest change was, and the system it came by
}

func (s *encoder) talk(t *Talk) {
	some := t.Opened || t.Seq != 0 || t.DueAt != 0 || t.By != "" || t.Via != "" || t.Expired
	s.Bool(some)
	if !some {
		return
	}
	s.Int(t.Seq)
	s.Time(t.Since)
	s.Len(t.Count)
	s.Int(t.Said)
	s.Bool(t.Opened)
	s.Time(t.LastAt)
	s.Time(t.DueAt)
	for _, text := range []string{string(t.Status), string(t.Severity), t.SeverityBy, t.Assignee, t.Parent, t.By, t.Via} {
		s.Str(text)
	}
	for _, list := range [][]string{t.Types, t.Targets, t.Tickets, t.Asked} {
		s.Len(len(list))
		for _, text := range list {
			s.Str(text)
		}
	}
	s.Int(t.Looked)
	s.Len(t.Step)
	s.Time(t.StepAt)
	s.Bool(t.Announced)
	s.Bool(t.Expired)
}

func (d *decoder) talk(t *Talk) {
	if !d.Bool() {
		return
	}
	t.Seq, t.Since, t.Count, t.Said = d.Int(), d.Time(), d.Len(), d.Int()
	t.Opened, t.LastAt, t.DueAt = d.Bool(), d.Time(), d.Time()
	t.Status, t.Severity = schemas.IncidentStatus(d.Str()), schemas.Severity(d.Str())
	for _, text := range []*string{&t.SeverityBy, &t.Assignee, &t.Parent, &t.By, &t.Via} {
		*text = d.Str()
	}
	for _, list := range []*[]string{&t.Types, &t.Targets, &t.Tickets, &t.Asked} {
		d.Each(func() { *list = append(*list, d.Str()) })
	}
	t.Looked, t.Step, t.StepAt = d.Int(), d.Len(), d.Time()
	t.Announced, t.Expired = d.Bool(), d.Bool()
}

// Clone returns t with lists of its own.
func (t *Talk) Clone() Talk {
	c := *t
	c.Types, c.Targets, c.Tickets, c.Asked = slices.Clone(t.Types), slices.Clone(t.Targets), slices.Clone(t.Tickets), slices.Clone(t.Asked)
	return c
}

// SetShifts takes the shifts of a calendar, instead of those that were known.
func (st *State) SetShifts(s *rules.Shifts) {
	if st.Shifts == nil {
		st.Shifts = map[string]*rules.Shifts{}
	}
	st.Shifts[s.Calendar] = s
}

func (s *encoder) shifts(st *State) {
	s.Len(len(st.Shifts))
	for _, name := range slices.Sorted(maps.Keys(st.Shifts)) {
		s.Text(st.Shifts[name].Text)
	}
}

func (d *decoder) shifts(st *State) {
	d.Each(func() {
		shifts, err := rules.ParseShifts(d.Text())
		if err != nil {
			d.Fail(err)
			return
		}
		st.SetShifts(shifts)
	})
}
