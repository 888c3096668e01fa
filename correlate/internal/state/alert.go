package state

import (
	"encoding/binary"
	"iter"
	"slices"

	"pinkstar/schemas"
)

// AlertKey is an alert's identity over all its episodes: its source, with its
// length, and its fingerprint. One string, since a table of a million of them
// is a third smaller than one of two.
type AlertKey string

// KeyOf is the key of an alert.
func KeyOf(source, fingerprint string) AlertKey {
	return AlertKey(AppendKey(make([]byte, 0, 64), source, fingerprint))
}

// hash finds the alert in its scope.
func (k AlertKey) hash() uint32 { return hashText(string(k)) }

// AppendKey appends the bytes of a key.
func AppendKey(b []byte, source, fingerprint string) []byte {
	b = binary.AppendUvarint(b, uint64(len(source)))
	return append(append(b, source...), fingerprint...)
}

// Parts gives back what KeyOf was given.
func (k AlertKey) Parts() (source, fingerprint string) {
	n, size := binary.Uvarint([]byte(k[:min(len(k), binary.MaxVarintLen64)]))
	return string(k[size : size+int(n)]), string(k[size+int(n):])
}

// Location is where an alert fires; the alerts of a service mostly share it.
type Location struct {
	Service, Host string
	Machine       string // the host that its instance was taken for, when it names none
	Namespace     string // when it names nothing nearer
}

// Alert is one episode of an alert: from firing to recovery. There may be a
// million: its fields are in an order that leaves no gaps.
type Alert struct {
	Key      AlertKey
	Seq      int64
	Incident *Incident
	Signals  OwnSignals
	Rare     *RareState // nil for none
	Name     string
	Instance string
	*Location
	StartsAt  schemas.Time
	EndsAt    schemas.Time
	SeenAt    schemas.Time // firing: log time of the latest delivery; recovered: record time of the latest word of it
	Severity  uint8
	Firing    bool
	Past      bool // there is a later episode
	Evicted   bool // no longer held
	Truncated bool // its group was truncated: silence means nothing
}

// RareState is what few alerts have.
type RareState struct {
	Suppression *Suppression // suppressed by a window
	WasHeld     bool         // it had fired and recovered when the window let it go
	Told        schemas.Time // the start that its sender names last, where it is not startsAt
	FlapFrom    schemas.Time // start of the current run of recoveries
	Flaps       int32
}

// Rarely is where to write what few alerts have.
func (a *Alert) Rarely() *RareState {
	if a.Rare == nil {
		a.Rare = &RareState{}
	}
	return a.Rare
}

// Suppression is what a window holds back of a, nil for nothing.
func (a *Alert) Suppression() *Suppression {
	if a.Rare == nil {
		return nil
	}
	return a.Rare.Suppression
}

// SeenAgain notes that a was told again as what it is.
func (a *Alert) SeenAgain(st *State) {
	if a.Firing {
		a.SeenAt = st.Now
	} else {
		a.SeenAt = max(a.SeenAt, st.At)
	}
}

// Start is the latest start that the sender of a has named.
func (a *Alert) Start() schemas.Time {
	if a.Rare != nil && a.Rare.Told != 0 {
		return a.Rare.Told
	}
	return a.StartsAt
}

// Earlier reports whether s is the recovery of an episode before a: it names
// both its times, and they lie before the start of a. A recovery that knows no
// start of its own is of what fires, whatever its sender's clock says.
func (a *Alert) Earlier(s *schemas.Signal) bool {
	start := a.Start()
	return s.StartsAt < s.EndsAt && s.EndsAt < start && s.StartsAt < start
}

// OwnSignals are the signals of one episode that keep a way back
// to it: the one that opened it, and the newest. Mostly there is one.
type OwnSignals struct {
	First *SeenSignal
	later *[]*SeenSignal // nil for none
}

// maxSignals bounds how many there are.
const maxSignals = 8

// Len is how many there are.
func (o *OwnSignals) Len() int {
	switch {
	case o.First == nil:
		return 0
	case o.later == nil:
		return 1
	}
	return 1 + len(*o.later)
}

// All are the signals, the oldest first.
func (o *OwnSignals) All() iter.Seq[*SeenSignal] {
	return func(yield func(*SeenSignal) bool) {
		if o.First == nil || !yield(o.First) || o.later == nil {
			return
		}
		for _, r := range *o.later {
			if !yield(r) {
				return
			}
		}
	}
}

// add puts r last.
func (o *OwnSignals) add(r *SeenSignal) {
	switch {
	case o.First == nil:
		o.First = r
	case o.later == nil:
		o.later = &[]*SeenSignal{r}
	default:
		*o.later = append(*o.later, r)
	}
}

// Remove takes r out.
func (o *OwnSignals) Remove(r *SeenSignal) {
	rest := *o
	*o = OwnSignals{}
	for x := range rest.All() {
		if x != r {
			o.add(x)
		}
	}
}

// Severities are the severities by rank.
var Severities = [...]schemas.Severity{schemas.SeverityUnknown, schemas.SeverityInfo,
	schemas.SeverityWarning, schemas.SeverityMajor, schemas.SeverityCritical}

// Attach makes r one of the signals of a.
func (a *Alert) Attach(r *SeenSignal) {
	if r.Alert != nil { // it told of an episode before
		r.Relist()
		r.Alert.Signals.Remove(r)
	}
	r.Alert = a
	if a.Signals.Len() == maxSignals {
		oldest := (*a.Signals.later)[0]
		oldest.Alert = nil
		a.Signals.Remove(oldest)
	}
	if a.Signals.First == nil {
		r.Relist()
	}
	a.Signals.add(r)
}

// First is the signal that began the episode, nil when it has
// expired.
func (a *Alert) First() *SeenSignal { return a.Signals.First }

// FirstID is the id of that signal, zero when it has expired.
func (a *Alert) FirstID() schemas.ID {
	if r := a.First(); r != nil {
		return r.ID
	}
	return schemas.ID{}
}

// DropAlert forgets an episode.
func (st *State) DropAlert(sc *Scope, a *Alert) {
	if a.Evicted {
		return
	}
	a.Evicted = true
	st.Alerts--
	for r := range a.Signals.All() {
		r.Alert = nil
	}
	a.Signals = OwnSignals{}
	sc.Alerts.remove(a.Key.hash(), a)
	if a.Incident == nil {
		if i := slices.Index(sc.Lone, a); i >= 0 { // mostly the first
			sc.Lone = without(sc.Lone, i)
		}
	}
	a.Incident, a.Rare = nil, nil
}

// Fingerprint is the part of the key behind the source.
func (k AlertKey) Fingerprint() string {
	n, size := binary.Uvarint([]byte(k))
	if size <= 0 || uint64(len(k)-size) < n {
		return ""
	}
	return string(k[size+int(n):])
}
