package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// OpenIncident makes a new incident for a signal nothing was found for. It
// returns nil, having refused the signal, when there are too many.
func (lc *Lifecycle) OpenIncident(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal, sub *identity.Subject, p scoring.Placement) *state.Incident {
	if len(sc.Incidents) >= lc.Rules.Limits.Incidents {
		lc.Stats.Limited++
		lc.Refuse(r, s, "limits.incidents: "+phrase.Itoa(int64(len(sc.Incidents)))+" incidents are open in scope "+sc.Name+"; it could not open another")
		return nil
	}
	inc := &state.Incident{
		Seq:      lc.NextSeq(),
		Scope:    sc,
		Affected: map[*state.Entity]*state.Affected{},
		Names:    map[string]int32{},
	}
	inc.Pub = schemas.Incident{
		ID:         schemas.IncidentID(sc.Name, r.ID, lc.Now),
		Scope:      sc.Name,
		Status:     schemas.IncidentOpen,
		StartedAt:  s.StartsAt,
		DetectedAt: lc.Now,
		Rules:      lc.Versions.Rules,
		Topology:   lc.Versions.Topology,
		Opening:    r.ID.String(),
	}
	id := inc.Pub.ID
	inc.ID = &id
	if inc.Pub.StartedAt == 0 {
		inc.Pub.StartedAt = lc.Now
	}
	sc.Incidents[inc.Pub.ID] = inc
	sc.Live = append(sc.Live, inc)
	lc.Stats.IncidentsOpened++
	sc.Opened.Add(lc.Now, state.ScopeHalfLife)
	if p.Reason.Text == "" {
		p.Reason.Text = openedText(inc.Pub.ID, p)
	}
	lc.SetProcedure(inc, s)
	lc.Timeline(inc, "opened", s.StartsAt, "opened by "+signalText(s, sub), r, "")
	lc.SetTimer(lc.Now.Add(int64(lc.Rules.Lifecycle.MaxLifetime)), state.LifetimeDue, inc, nil)
	lc.EmitNow(inc)
	return inc
}

func openedText(id string, p scoring.Placement) string {
	switch {
	case p.NotJoined != "":
		return "opened " + id + ": " + p.NotJoined
	case p.Reason.RunnerUp != "":
		return "opened " + id + ": no open incident fits well enough"
	default:
		return "opened " + id + ": nothing open is related to it"
	}
}

func signalText(s *schemas.Signal, sub *identity.Subject) string {
	where := sub.Service
	if where == "" {
		if where = sub.Instance; where == "" {
			where = sub.Host
		}
	}
	if where == "" {
		return s.Name
	}
	return s.Name + " on " + where
}

// Join makes a new episode a member of inc.
func (lc *Lifecycle) Join(inc *state.Incident, a *state.Alert, s *schemas.Signal, r *state.SeenSignal, sub *identity.Subject, q *scoring.Query) {
	a.Incident = inc
	inc.Alerts = append(inc.Alerts, a)
	inc.Pub.AlertCount++
	if minute := int64(lc.Now) / schemas.Minute; inc.Minute != minute {
		inc.Minute, inc.Joined = minute, 0
	}
	inc.Joined++
	inc.JoinedAt(lc.Now)
	if inc.Rate.Level >= state.StormLevel {
		inc.Scope.Storm = inc
	}
	lc.Count(inc)
	inc.LastID = r.ID
	lc.Touch(inc, sub, s.StartsAt, r.ID, Touching{})
	lc.AddName(inc, a.Name)
	lc.BindGroups(inc, q)
	lc.SetProcedure(inc, s)
	lc.AddTeam(inc, s.Team)
	lc.Raise(inc, int(a.Severity), a.Name, r)
	if a.StartsAt < inc.Pub.StartedAt {
		inc.Pub.StartedAt = a.StartsAt
	}
	if !a.Firing {
		inc.Ended(a.EndsAt)
		lc.ScheduleResolve(inc)
		inc.Changed()
		return
	}
	inc.Active++
	lc.Fires(inc, a, 1)
	lc.Reopen(inc, signalText(s, sub)+" joined")
	lc.WatchQuiet(inc)
	inc.Changed()
}

// Touching says how an incident comes to be about something.
type Touching struct {
	Mentioned bool // only a text names it
}

// Raise lifts the severity of inc.
func (lc *Lifecycle) Raise(inc *state.Incident, rank int, name string, r *state.SeenSignal) {
	if inc.Worst == "" {
		inc.Worst = name
	}
	if rank <= int(inc.Severity) {
		return
	}
	before := inc.Severity
	main := inc.Main()
	whole := main.Lead().Severity
	inc.Severity, inc.Worst = uint8(rank), name
	text := "severity is now " + string(state.Severities[rank]) + " because of " + name
	if before != 0 && inc.Pub.SeverityBy == "" {
		lc.Timeline(inc, "severity", 0, text, r, "")
	}
	lc.EmitNow(inc)
	if main != inc && rank > int(whole) {
		lc.Timeline(main, "severity", 0, text+" in "+inc.Pub.ID, r, "")
		lc.EmitNow(main)
	}
}

// Count notes one more signal in inc.
func (lc *Lifecycle) Count(inc *state.Incident) {
	if inc == nil {
		return
	}
	inc.Pub.SignalCount++
	inc.SeenAt = lc.Now
	lc.EmitSoon(inc)
}

// EmitSoon has inc written within the flush interval.
func (lc *Lifecycle) EmitSoon(inc *state.Incident) {
	inc.Changed()
	if inc.FlushAt == 0 && !inc.Urgent {
		inc.FlushAt = lc.Now.Add(lc.flushDelay(inc))
		lc.SetTimer(inc.FlushAt, state.FlushIncidentDue, inc, nil)
	}
	lc.emitMain(inc)
}

// EmitNow has inc written at the end of this input.
func (lc *Lifecycle) EmitNow(inc *state.Incident) {
	inc.Changed()
	if !inc.Urgent {
		inc.Urgent = true
		lc.urgent = append(lc.urgent, inc)
	}
	lc.emitMain(inc)
}

// emitMain: what changes in an incident changes what its main incident tells.
func (lc *Lifecycle) emitMain(inc *state.Incident) {
	if m := inc.Main(); m != inc {
		lc.EmitSoon(m)
	}
}

// flushTree is how many incidents make a main one be written half as often.
const flushTree = 1000

// flushDelay is how long what changes in inc may go untold. What takes longer to
// sum up is told less often.
func (lc *Lifecycle) flushDelay(inc *state.Incident) int64 {
	every := int64(lc.Rules.Lifecycle.FlushIncident)
	if inc.Parent == nil {
		every += every * int64(inc.TreeSize()) / flushTree
	}
	return every
}

// Timeline writes an entry of the story of inc: what happened, when by event
// time (0: now), because of which signal (nil: none) and by whom ("": nobody).
func (lc *Lifecycle) Timeline(inc *state.Incident, typ string, eventAt schemas.Time, text string, r *state.SeenSignal, by string) {
	inc.TimelineSeq++
	t := schemas.TimelineEntry{IncidentID: inc.Pub.ID, Seq: inc.TimelineSeq, Scope: inc.Scope.Name,
		At: lc.Now, EventAt: eventAt, Type: typ, Text: text, By: by}
	if r != nil {
		t.SignalID = r.ID.String()
	}
	lc.out.Timeline = append(lc.out.Timeline, t)
	const keep = 20
	line := lc.Now.String() + " " + text
	if len(inc.Pub.Timeline) >= keep { // a new slice: the old one may have been handed out
		inc.Pub.Timeline = append(slices.Clone(inc.Pub.Timeline[1:]), line)
		return
	}
	inc.Pub.Timeline = append(inc.Pub.Timeline, line)
}

// Choose finds the incident for a signal. Where a limit keeps it out of one,
// that is noted: a storm runs into it with every signal, but it is said once.
func (lc *Lifecycle) Choose(q *scoring.Query, s *schemas.Signal) scoring.Placement {
	p := lc.Weigher.Choose(q, s)
	for _, f := range p.Full {
		if f.Incident.Pub.Limited != "" {
			lc.Stats.Limited++
			continue
		}
		lc.limited(f.Incident, "nothing joins it any more: "+lc.Weigher.ObjectionText(f.By, f.Incident))
	}
	return p
}

// limited notes which limit inc has reached, once.
func (lc *Lifecycle) limited(inc *state.Incident, text string) {
	lc.Stats.Limited++
	if inc.Pub.Limited == "" {
		inc.Pub.Limited = text
		lc.Timeline(inc, "limited", 0, text, nil, "")
		lc.EmitNow(inc)
	}
}
