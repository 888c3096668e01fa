package state

// Stats are counters and gauges for metrics.
type Stats struct {
	Signals, Repeats, Decisions             int64
	Placed, Duplicates, Suppressed          int64
	Late, Refused                           int64
	IncidentsOpened, IncidentsClosed        int64
	Limited                                 int64 // times a limit was reached
	BadActivations                          int64
	Alerts, Incidents, KnownSignals, Scopes int // now
	Wakes                                   int // now
}

// CountVerdict counts a decision.
func (st *State) CountVerdict(v VerdictCode) {
	switch v {
	case Placed:
		st.Stats.Placed++
	case Duplicate:
		st.Stats.Duplicates++
	case Suppressed:
		st.Stats.Suppressed++
	case Late:
		st.Stats.Late++
	case Refused:
		st.Stats.Refused++
	}
}

// fields lists the counters that belong to the state.
func (st *Stats) fields() []*int64 {
	return []*int64{&st.Signals, &st.Repeats, &st.Decisions, &st.Placed, &st.Duplicates, &st.Suppressed, &st.Late,
		&st.Refused, &st.IncidentsOpened, &st.IncidentsClosed, &st.Limited, &st.BadActivations}
}
