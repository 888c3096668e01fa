package reply

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"pinkstar/schemas"
	"pinkstar/sinks/message"
)

// bookLimit is how many tickets, and how many of our writes, are remembered; the
// oldest go first.
const bookLimit = 100_000

// book is what the deliveries say of our tickets. It is fed from their topic, and
// read by requests.
type book struct {
	mu      sync.Mutex
	limit   int
	tickets map[place]entry // by the ticket's key: whose it is
	wrote   map[place]entry // by incident and status: when we last wrote that
}

// place is something in one target.
type place struct{ target, what string }

type entry struct {
	incident string
	at       schemas.Time
}

func newBook() *book {
	return &book{limit: bookLimit, tickets: map[place]entry{}, wrote: map[place]entry{}}
}

// What we write to a ticket's status.
const (
	wroteWork = "work"
	wroteDone = "done"
	wroteOpen = "open"
)

// take reads a revision of a delivery.
func (b *book) take(value []byte) error {
	x, err := schemas.Deliveries.Decode(value)
	if err != nil {
		return err
	}
	target, _, _ := strings.Cut(x.Target, ":")
	b.mu.Lock()
	defer b.mu.Unlock()
	if key := x.Thread.Get(message.JiraTicket); key != "" {
		put(b.tickets, b.limit, place{target, key}, entry{x.IncidentID, x.At})
	}
	what := ""
	switch x.Kind {
	case schemas.EffectOwner, schemas.EffectMitigated:
		what = wroteWork
	case schemas.EffectResolved, schemas.EffectExpired, schemas.EffectLinked:
		what = wroteDone
	case schemas.EffectReopened, schemas.EffectUnlinked:
		what = wroteOpen
	}
	// An attempt that nobody saw the end of may have been a write as well.
	if what != "" && x.TriedAt != 0 {
		put(b.wrote, b.limit, place{target, x.IncidentID + " " + what}, entry{x.IncidentID, x.TriedAt})
	}
	return nil
}

func put(m map[place]entry, limit int, key place, e entry) {
	if old, ok := m[key]; ok && old.at > e.at {
		return
	}
	m[key] = e
	if len(m) <= limit {
		return
	}
	ages := make([]schemas.Time, 0, len(m))
	for _, e := range m {
		ages = append(ages, e.at)
	}
	slices.SortFunc(ages, cmp.Compare[schemas.Time])
	for key, e := range m {
		if e.at < ages[len(ages)/4] {
			delete(m, key)
		}
	}
}

// owner is the incident whose ticket that is, or "".
func (b *book) owner(target, ticket string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.tickets[place{target, ticket}].incident
}

// echoWithin is how far Jira's clock and ours, and an attempt's beginning and its
// effect, may be apart.
const echoWithin = 2 * time.Minute

// ours reports whether we wrote that to the incident's ticket about then.
func (b *book) ours(target, incident, what string, at schemas.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	e, ok := b.wrote[place{target, incident + " " + what}]
	return ok && e.at.Std().Sub(at.Std()).Abs() <= echoWithin
}
