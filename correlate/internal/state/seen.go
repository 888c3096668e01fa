package state

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/schemas"
)

// SeenSignal is what is kept of one signal id: enough to write its decision again
// with a new count, in a compact form. There may be millions.
type SeenSignal struct {
	ID schemas.ID
	*Origin
	Alert        *Alert // while the alert is held
	Reason       evidence.Encoded
	Incident     *string // id of the incident it is placed in, nil for none
	Redeliveries int64
	At           schemas.Time
	LastAt       schemas.Time
	Unwritten    uint32 // redeliveries since they were last written and added to the incident
	Revision     int32
	Kind         KindCode
	Verdict      VerdictCode
	Told         ToldCode // of its alert
	Decided      bool
	Dirty        bool
	Relayed      bool // deliveries count for a newer record: see State.Relays
}

// CountRedelivery counts a further delivery of r that says nothing new.
func (st *State) CountRedelivery(r *SeenSignal) {
	r.Redeliveries++
	r.Unwritten++
	r.LastAt = st.Now
	st.Stats.Repeats++
	if a := r.Alert; a != nil && a.Firing == (r.Told == ToldFiring) {
		a.SeenAgain(st)
	}
	if r.Dirty {
		return
	}
	r.Dirty = true
	st.Dirty = append(st.Dirty, r)
	if st.FlushAt == 0 {
		st.FlushAt = st.Now.Add(int64(st.Rules.Lifecycle.FlushRepeats))
		st.SetTimer(st.FlushAt, FlushRedeliveriesDue, nil, nil)
	}
}

// Origin is where a signal came up, and what its decision was made under.
type Origin struct {
	Scope    *Scope
	Versions *Versions
}

// OriginIn is the origin of what is decided in sc now.
func (st *State) OriginIn(sc *Scope) *Origin {
	if sc.origin == nil || sc.origin.Versions != st.Versions {
		sc.origin = &Origin{sc, st.Versions}
	}
	return sc.origin
}

// IncidentID is the id of the incident r is placed in, "" for none.
func (r *SeenSignal) IncidentID() string {
	if r.Incident == nil {
		return ""
	}
	return *r.Incident
}

type (
	KindCode    uint8
	VerdictCode uint8
)

// KindNames are the kinds by their codes, which stand in snapshots.
var KindNames = [...]schemas.Kind{"", schemas.KindAlert, schemas.KindTicket, schemas.KindMaintenance,
	schemas.KindChange, schemas.KindImpact, schemas.KindCommand}

// CodeOf is the code of a kind, 0 for one that is not known.
func CodeOf(k schemas.Kind) KindCode {
	for i, n := range KindNames {
		if n == k {
			return KindCode(i)
		}
	}
	return 0
}

const (
	Placed VerdictCode = iota
	Duplicate
	Suppressed
	Late
	Refused
)

// VerdictNames are the verdicts by their codes, which stand in snapshots.
var VerdictNames = [...]schemas.Verdict{schemas.VerdictPlaced, schemas.VerdictDuplicate,
	schemas.VerdictSuppressed, schemas.VerdictLate, schemas.VerdictRefused}

// FindSignal returns a known signal, or nil.
func (st *State) FindSignal(id schemas.ID) *SeenSignal {
	return st.Known.find(hashBytes(id[:]), func(r *SeenSignal) bool { return r.ID == id })
}

// AddSignal makes r known.
func (st *State) AddSignal(r *SeenSignal) { st.Known.add(hashBytes(r.ID[:]), r) }

// RemoveSignal has r known no more.
func (st *State) RemoveSignal(r *SeenSignal) { st.Known.remove(hashBytes(r.ID[:]), r) }

// Relist has the members' list of its incident rendered anew.
func (r *SeenSignal) Relist() {
	if r.Alert != nil && r.Alert.Incident != nil {
		r.Alert.Incident.Listing.Drop()
	}
}

// ExpireLater puts r at the end of the queue of those that expire.
func (st *State) ExpireLater(r *SeenSignal) {
	st.Expiry.push(r, st.Now)
	st.ScheduleExpiry()
}

// ScheduleExpiry sets the timer for the oldest signal, at most once a minute.
func (st *State) ScheduleExpiry() {
	since, ok := st.Expiry.Oldest()
	if st.ExpiryAt != 0 || !ok {
		return
	}
	st.ExpiryAt = max(since.Add(int64(st.Rules.Lifecycle.Forget)), st.Now.Add(schemas.Minute))
	st.SetTimer(st.ExpiryAt, ExpiryDue, nil, nil)
}

// ExpiryQueue is a first-in, first-out queue of signals and when each was put
// in.
type ExpiryQueue struct {
	Items []queued
	Head  int
}

type queued struct {
	Signal *SeenSignal
	Since  schemas.Time
}

func (q *ExpiryQueue) push(r *SeenSignal, since schemas.Time) {
	q.Items = append(q.Items, queued{r, since})
}

// Oldest is since when the first in the queue is there.
func (q *ExpiryQueue) Oldest() (schemas.Time, bool) {
	if q.Head == len(q.Items) {
		return 0, false
	}
	return q.Items[q.Head].Since, true
}

// Pop takes out the first.
func (q *ExpiryQueue) Pop() *SeenSignal {
	r := q.Items[q.Head].Signal
	q.Items[q.Head] = queued{}
	q.Head++
	if q.Head > 1024 && q.Head > len(q.Items)/2 {
		rest := q.Items[q.Head:]
		if len(rest) < cap(q.Items)/8 { // after a storm
			q.Items = slices.Clone(rest)
		} else {
			n := copy(q.Items, rest)
			clear(q.Items[n:])
			q.Items = q.Items[:n]
		}
		q.Head = 0
	}
	return r
}
