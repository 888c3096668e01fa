package state

import (
	"slices"

	"pinkstar/schemas"
)

// Listed is a member as it was last written. Its sentence and id stay the same
// from one writing to the next, and rendering them is most of the work.
type Listed struct {
	Alert      *Alert
	ID, Reason string
}

// MemberRef is the member as it is written.
func (l *Listed) MemberRef() schemas.MemberRef {
	a := l.Alert
	m := schemas.MemberRef{SignalID: l.ID, Kind: schemas.KindAlert, Name: a.Name, Service: a.Service, Instance: a.Instance,
		Severity: Severities[a.Severity], Status: schemas.StatusResolved, StartsAt: a.StartsAt, Reason: l.Reason}
	if a.Firing {
		m.Status = schemas.StatusFiring
	}
	return m
}

// Listing are the members of an incident as they were last written.
type Listing struct {
	Members []Listed
	turn    int // when they were kept last; 0: they are forgotten
	counted int // of Listings.members
}

// List are the members, none of a nil listing.
func (l *Listing) List() []Listed {
	if l == nil {
		return nil
	}
	return l.Members
}

// Drop forgets them. They are rendered anew then.
func (l *Listing) Drop() {
	if l != nil {
		l.Members = nil
	}
}

// listingsCap is of how many members, over all incidents, what was written is kept:
// of the incidents that were written last. A storm writes few incidents again and
// again; in many at once a sentence for each of a million alerts would be held that
// nobody tells again.
const listingsCap = 16384

// Listings are what is kept of the members as they were last written.
type Listings struct {
	queue   []keptListing // by turn; those that were kept again since are in it more than once
	held    int           // how many there are, each once
	members int           // in them
	turn    int
}

type keptListing struct {
	of   *Listing
	turn int
}

func (q *keptListing) stale() bool { return q.of.turn != q.turn }

// Keep keeps how members were written, and forgets those that were kept longest ago
// when there are too many.
func (k *Listings) Keep(inc *Incident, members []Listed) {
	if len(members) == 0 {
		inc.Listing.Drop()
		return
	}
	l := inc.Listing
	if l == nil {
		l = &Listing{}
		inc.Listing = l
	}
	clear(l.Members)
	l.Members = append(l.Members[:0], members...) // no larger than the incident needs
	if l.turn == 0 {
		k.held++
	}
	k.turn++
	k.members += len(members) - l.counted
	l.turn, l.counted = k.turn, len(members)
	k.queue = append(k.queue, keptListing{l, k.turn})
	for k.members > listingsCap && k.held > 1 {
		k.forget()
	}
	if len(k.queue) > 2*k.held+64 {
		k.queue = slices.DeleteFunc(k.queue, func(q keptListing) bool { return q.stale() })
	}
}

// forget forgets what was kept longest ago.
func (k *Listings) forget() {
	q := k.queue[0]
	k.queue[0] = keptListing{}
	k.queue = k.queue[1:]
	if q.stale() {
		return
	}
	k.held--
	k.members -= q.of.counted
	*q.of = Listing{}
}
