package state

import "pinkstar/schemas"

// TicketOf is the live ticket that the signal of r opened or changed.
func (sc *Scope) TicketOf(r *SeenSignal) *Ticket {
	if inc := sc.Incidents[r.IncidentID()]; inc != nil && KindNames[r.Kind] == schemas.KindTicket {
		for _, t := range inc.Tickets {
			if t.First == r.ID || t.First == r.Reason.Anchor() {
				return t
			}
		}
	}
	return nil
}

// Ticket is a ticket that belongs to a live incident.
type Ticket struct {
	Key      string
	Seq      int64
	Incident *Incident
	First    schemas.ID
	Title    string
	State    string
	Url      string
	Reason   string
	Service  string
	StartsAt schemas.Time
	Open     bool
	Cost     float64 // direct cost that it tells, in Currency
	Currency string
	Users    int64 // people affected, as it tells
}

// OpenTickets is how many tickets of inc are open.
func (inc *Incident) OpenTickets() int {
	n := 0
	for _, t := range inc.Tickets {
		if t.Open {
			n++
		}
	}
	return n
}

// TicketRefs are the first tickets of inc as they are written, and how many more
// there are.
func (inc *Incident) TicketRefs(limit int) (refs []schemas.TicketRef, omitted int64) {
	if len(inc.Tickets) == 0 {
		return nil, 0
	}
	shown := inc.Tickets[:min(len(inc.Tickets), limit)]
	refs = make([]schemas.TicketRef, len(shown))
	for i, t := range shown {
		refs[i] = t.Ref()
	}
	return refs, int64(len(inc.Tickets) - len(shown))
}

// Ref is t as it is written.
func (t *Ticket) Ref() schemas.TicketRef {
	return schemas.TicketRef{Key: t.Key, SignalID: t.First.String(), Title: t.Title, State: t.State, URL: t.Url, Reason: t.Reason}
}

// MemberRef is t as a member of its incident.
func (t *Ticket) MemberRef() schemas.MemberRef {
	m := schemas.MemberRef{SignalID: t.First.String(), Kind: schemas.KindTicket, Name: t.Key + " " + t.Title,
		Service: t.Service, Status: schemas.StatusClosed, StartsAt: t.StartsAt, Reason: t.Reason}
	if t.Open {
		m.Status = schemas.StatusOpen
	}
	return m
}

// DropTicket removes a ticket whose incident leaves.
func (sc *Scope) DropTicket(t *Ticket) {
	if sc.Tickets[t.Key] == t {
		delete(sc.Tickets, t.Key)
	}
	t.Incident = nil
}
