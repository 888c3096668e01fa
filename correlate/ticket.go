package correlate

import (
	"pinkstar/schemas"
)

// ticket is a ticket that belongs to a live incident.
type ticket struct {
	key      string
	seq      int64
	inc      *incident
	first    schemas.ID
	title    string
	state    string
	url      string
	reason   string
	service  string
	startsAt schemas.Time
	open     bool
}

func (inc *incident) openTickets() int {
	n := 0
	for _, t := range inc.tickets {
		if t.open {
			n++
		}
	}
	return n
}

func (inc *incident) ticketRefs() []schemas.TicketRef {
	if len(inc.tickets) == 0 {
		return nil
	}
	refs := make([]schemas.TicketRef, len(inc.tickets))
	for i, t := range inc.tickets {
		refs[i] = schemas.TicketRef{Key: t.key, SignalID: t.first.String(), Title: t.title, State: t.state, URL: t.url, Reason: t.reason}
	}
	return refs
}

func (t *ticket) memberRef() schemas.MemberRef {
	m := schemas.MemberRef{SignalID: t.first.String(), Kind: schemas.KindTicket, Name: t.key + " " + t.title,
		Service: t.service, Status: schemas.StatusClosed, StartsAt: t.startsAt, Reason: t.reason}
	if t.open {
		m.Status = schemas.StatusOpen
	}
	return m
}

func (sc *scope) dropTicket(t *ticket) {
	if sc.tickets[t.key] == t {
		delete(sc.tickets, t.key)
	}
	t.inc = nil
}

func (e *Engine) onTicket(sc *scope, s *schemas.Signal, r *record) {
	if s.Ticket == nil || s.Ticket.Key == "" {
		e.refuse(r, s, "a ticket signal without ticket.key")
		return
	}
	if t := sc.tickets[s.Ticket.Key]; t != nil {
		e.onTicketUpdate(t, s, r)
		return
	}
	if len(sc.tickets) >= e.set.Limits.Tickets {
		e.stats.Limited++
		e.refuse(r, s, "limits.tickets: "+itoa(int64(len(sc.tickets)))+" tickets are held already")
		return
	}
	sub := e.about(sc, s)
	defer sc.release(&sub)
	e.matchRules(s)
	q := e.query(sc, s, &sub)
	p := e.choosePlace(q, s)
	inc := p.inc
	if inc == nil {
		if isNote(s) {
			p.why.text = "a note on a ticket that belongs to nothing open: recorded, nothing changed"
			e.decide(r, s, late, nil, p.why)
			return
		}
		if s.Status == schemas.StatusClosed || s.Status == schemas.StatusDeleted {
			p.why.text = "the ticket is " + string(s.Status) + " already and belongs to nothing that is open: recorded, nothing changed"
			e.decide(r, s, late, nil, p.why)
			return
		}
		if inc = e.openIncident(sc, s, r, &sub, p); inc == nil {
			return
		}
	}
	t := &ticket{key: e.strings.of(s.Ticket.Key), seq: e.nextSeq(), inc: inc, first: r.id, startsAt: s.StartsAt, service: sub.service}
	sc.tickets[t.key] = t
	inc.tickets = append(inc.tickets, t)
	t.reason = p.why.reason(inc.pub.ID)
	e.setTicket(t, s)
	e.joinTicket(inc, t, s, r, &sub, q)
	e.decide(r, s, placed, inc, p.why)
	e.afterJoin(inc, &sub, q, &p)
}

// isNote reports whether s adds to a ticket and says nothing of its state.
func isNote(s *schemas.Signal) bool {
	return s.Status == schemas.StatusUpdated && s.Ticket.State == ""
}

// setTicket takes what s says of t. A note changes neither its state nor its
// title; work on one that was closed means that it is open again.
func (e *Engine) setTicket(t *ticket, s *schemas.Signal) {
	if isNote(s) && t.state != "" {
		return
	}
	if s.Summary != "" {
		t.title = s.Summary
	} else if t.title == "" {
		t.title = s.Name
	}
	again := t.state != "" && s.Ticket.State != t.state
	t.state = s.Ticket.State
	if s.URL != "" || t.url == "" {
		t.url = s.URL
	}
	if t.state == "" {
		t.state = string(s.Status)
	}
	switch s.Status {
	case schemas.StatusOpen:
		t.open = true
	case schemas.StatusUpdated:
		t.open = t.open || again
	case schemas.StatusClosed, schemas.StatusDeleted:
		t.open = false
	}
}

func (e *Engine) joinTicket(inc *incident, t *ticket, s *schemas.Signal, r *record, sub *subject, q *query) {
	if s.Status == schemas.StatusUpdated {
		t.open = true // its opening was not seen
	}
	e.count(inc)
	inc.lastID = r.id
	e.touch(inc, sub, s.StartsAt, r.id, false)
	if len(inc.alerts) == 0 { // alerts that come later can join what the text names
		for i := range q.mentions {
			if m := &q.mentions[i]; m.ent != nil && m.ent.key.kind == entityService {
				e.touch(inc, &subject{ent: m.ent, service: m.ent.key.name}, s.StartsAt, r.id, true)
			}
		}
	}
	e.bindGroups(inc, q)
	e.setProcedure(inc, s)
	e.addTeam(inc, s.Team)
	if len(inc.alerts) == 0 {
		e.raise(inc, s.Severity.Rank(), t.key+" "+t.title, r)
	}
	if inc.pub.Opening != r.id.String() {
		e.timeline(inc, "ticket", s.StartsAt, "ticket "+t.key+": "+t.title, r, s.Ticket.Reporter)
	}
	e.urge(inc)
	e.watchQuiet(inc)
	if t.open {
		e.reopen(inc, "ticket "+t.key+" is open")
	}
}

func (e *Engine) onTicketUpdate(t *ticket, s *schemas.Signal, r *record) {
	inc, was, state := t.inc, t.open, t.state
	e.setTicket(t, s)
	e.count(inc)
	if was != t.open || state != t.state {
		e.timeline(inc, "ticket", s.StartsAt, "ticket "+t.key+" is now "+t.state, r, s.Ticket.Assignee)
		e.urge(inc)
	}
	if !was && t.open {
		inc.worked = len(inc.alerts) > 0
		e.reopen(inc, "ticket "+t.key+" is open again")
		e.watchQuiet(inc)
	}
	if was && !t.open && (len(inc.alerts) == 0 || inc.worked) {
		inc.worked = inc.worked && inc.openTickets() > 0
		inc.ended(s.StartsAt)
		if s.EndsAt != 0 {
			inc.ended(s.EndsAt)
		}
		e.scheduleResolve(inc)
	}
	e.decide(r, s, placed, inc, &why{text: "update of ticket " + t.key + ", which belongs to " + inc.pub.ID, anchor: t.first, service: t.service})
}

// quietTickets ends an incident that only has tickets nobody touched for long.
func (e *Engine) quietTickets(inc *incident) {
	limit := e.set.Lifecycle.TicketQuiet
	if e.now.Sub(inc.seenAt) >= int64(limit) {
		e.resolve(inc, inc.seenAt, "resolved: only tickets, and none was touched for "+limit.String(), "")
		return
	}
	inc.quietAt = inc.seenAt.Add(int64(limit))
	e.wake(inc.quietAt, wakeQuiet, inc, nil)
}
