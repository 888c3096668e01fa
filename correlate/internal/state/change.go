package state

import (
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Change is a change or a maintenance window that may explain or suppress.
type Change struct {
	Key        AlertKey
	Seq        int64
	Scope      *Scope
	Kind       KindCode
	ID         schemas.ID // of the first signal about it
	Title      string
	Services   []string // as the engine names them
	Team       string
	Contact    string
	By         string
	Status     schemas.Status
	StartsAt   schemas.Time
	EndsAt     schemas.Time
	Suppress   bool
	Texts      []string // matchers
	Matchers   rules.Matchers
	Undoes     bool     // it takes back what another change did
	AsSent     bool     // the matchers see an alert's labels and nothing else: a silence of Alertmanager
	Sets       []string // what it is part of: see settle
	Suppressed []*Alert
	Text       uint64       // of the signal in force: see textOf; 0 from a snapshot that did not say
	Told       schemas.ID   // that signal
	ToldAt     schemas.Time // its record time
	EndAt      schemas.Time
	EvictAt    schemas.Time
	Evicted    bool
	found      found // under what it is to be found
}

// Suppression is an alert that a window takes as expected.
type Suppression struct {
	Window *Change
	Signal *schemas.Signal
}

// Running reports whether ch is in progress at t.
func (ch *Change) Running(t schemas.Time) bool {
	if ch.Evicted {
		return false
	}
	switch ch.Status {
	case schemas.StatusStarted, schemas.StatusPlanned:
		if ch.Status == schemas.StatusPlanned && KindNames[ch.Kind] != schemas.KindMaintenance {
			return false
		}
		return t >= ch.StartsAt && (ch.EndsAt == 0 || t < ch.EndsAt)
	}
	return false
}

// Release takes a out of what ch holds back.
func (ch *Change) Release(a *Alert) {
	ch.Suppressed = slices.DeleteFunc(ch.Suppressed, func(x *Alert) bool { return x == a })
}
