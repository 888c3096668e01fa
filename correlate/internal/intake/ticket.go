package intake

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/lifecycle"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// OnTicket takes a ticket or an update of one.
func (in *Intake) OnTicket(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	if s.Ticket == nil || s.Ticket.Key == "" {
		in.Refuse(r, s, "a ticket signal without ticket.key")
		return
	}
	if t := sc.Tickets[s.Ticket.Key]; t != nil {
		in.onTicketUpdate(t, s, r)
		return
	}
	if len(sc.Tickets) >= in.Rules.Limits.Tickets {
		in.Stats.Limited++
		in.Refuse(r, s, "limits.tickets: "+phrase.Itoa(int64(len(sc.Tickets)))+" tickets are held already")
		return
	}
	sub := identity.About(in.State, sc, s)
	defer identity.Release(sc, &sub)
	in.Weigher.MatchRules(s)
	q := in.Weigher.Query(sc, s, &sub)
	p := in.Choose(q, s)
	inc := p.Incident
	if inc == nil {
		if isNote(s) {
			p.Reason.Text = "a note on a ticket that belongs to nothing open: recorded, nothing changed"
			in.Decide(r, s, state.Late, nil, p.Reason)
			return
		}
		if s.Status == schemas.StatusClosed || s.Status == schemas.StatusDeleted {
			p.Reason.Text = "the ticket is " + string(s.Status) + " already and belongs to nothing that is open: recorded, nothing changed"
			in.Decide(r, s, state.Late, nil, p.Reason)
			return
		}
		if inc = in.OpenIncident(sc, s, r, &sub, p); inc == nil {
			return
		}
	}
	t := &state.Ticket{Key: in.Strings.Of(s.Ticket.Key), Seq: in.NextSeq(), Incident: inc, First: r.ID, StartsAt: s.StartsAt, Service: sub.Service}
	sc.Tickets[t.Key] = t
	inc.Tickets = append(inc.Tickets, t)
	t.Reason = p.Reason.Sentence(inc.Pub.ID)
	in.setTicket(t, s)
	in.joinTicket(inc, t, s, r, &sub, q)
	in.Decide(r, s, state.Placed, inc, p.Reason)
	in.AfterJoin(inc, &sub, q, &p)
}

// isNote reports whether s adds to a ticket and says nothing of its state.
func isNote(s *schemas.Signal) bool {
	return s.Status == schemas.StatusUpdated && s.Ticket.State == ""
}

// setCosts takes what a ticket tells of costs and people: the latest word counts.
func setCosts(t *state.Ticket, i *schemas.Impact) {
	if i == nil {
		return
	}
	if i.Cost > 0 {
		t.Cost, t.Currency = i.Cost, i.Currency
	}
	if i.Users > 0 {
		t.Users = i.Users
	}
}

// setTicket takes what s says of t. A note changes neither its state nor its
// title; work on one that was closed means that it is open again.
func (in *Intake) setTicket(t *state.Ticket, s *schemas.Signal) {
	setCosts(t, s.Impact)
	if isNote(s) && t.State != "" {
		return
	}
	if s.Summary != "" {
		t.Title = s.Summary
	} else if t.Title == "" {
		t.Title = s.Name
	}
	again := t.State != "" && s.Ticket.State != t.State
	t.State = s.Ticket.State
	if s.URL != "" || t.Url == "" {
		t.Url = s.URL
	}
	if t.State == "" {
		t.State = string(s.Status)
	}
	switch s.Status {
	case schemas.StatusOpen:
		t.Open = true
	case schemas.StatusUpdated:
		t.Open = t.Open || again
	case schemas.StatusClosed, schemas.StatusDeleted:
		t.Open = false
	}
}

func (in *Intake) joinTicket(inc *state.Incident, t *state.Ticket, s *schemas.Signal, r *state.SeenSignal, sub *identity.Subject, q *scoring.Query) {
	if s.Status == schemas.StatusUpdated {
		t.Open = true // its opening was not seen
	}
	in.Count(inc)
	inc.LastID = r.ID
	in.Touch(inc, sub, s.StartsAt, r.ID, lifecycle.Touching{})
	if len(inc.Alerts) == 0 { // alerts that come later can join what the text names
		for i := range q.Mentions {
			if m := &q.Mentions[i]; m.Entity != nil && m.Entity.Key.Kind == state.EntityService {
				in.Touch(inc, &identity.Subject{Entity: m.Entity, Service: m.Entity.Key.Name}, s.StartsAt, r.ID, lifecycle.Touching{Mentioned: true})
			}
		}
	}
	in.BindGroups(inc, q)
	in.SetProcedure(inc, s)
	in.AddTeam(inc, s.Team)
	if len(inc.Alerts) == 0 {
		in.Raise(inc, s.Severity.Rank(), t.Key+" "+t.Title, r)
	}
	if inc.Pub.Opening != r.ID.String() {
		in.Timeline(inc, "ticket", s.StartsAt, "ticket "+t.Key+": "+t.Title, r, s.Ticket.Reporter)
	}
	in.EmitNow(inc)
	in.WatchQuiet(inc)
	if t.Open {
		in.Reopen(inc, "ticket "+t.Key+" is open")
	}
}

func (in *Intake) onTicketUpdate(t *state.Ticket, s *schemas.Signal, r *state.SeenSignal) {
	inc, was, before := t.Incident, t.Open, t.State
	in.setTicket(t, s)
	in.Count(inc)
	if was != t.Open || before != t.State {
		in.Timeline(inc, "ticket", s.StartsAt, "ticket "+t.Key+" is now "+t.State, r, s.Ticket.Assignee)
		in.EmitNow(inc)
	}
	if !was && t.Open {
		inc.Worked = len(inc.Alerts) > 0
		in.Reopen(inc, "ticket "+t.Key+" is open again")
		in.WatchQuiet(inc)
	}
	if was && !t.Open && (len(inc.Alerts) == 0 || inc.Worked) {
		inc.Worked = inc.Worked && inc.OpenTickets() > 0
		inc.Ended(s.StartsAt)
		if s.EndsAt != 0 {
			inc.Ended(s.EndsAt)
		}
		in.ScheduleResolve(inc)
	}
	in.Decide(r, s, state.Placed, inc, &evidence.Reason{Text: "update of ticket " + t.Key + ", which belongs to " + inc.Pub.ID, Anchor: t.First, Service: t.Service})
}
