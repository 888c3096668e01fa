package history

import (
	"pinkstar/schemas"
)

// Record is one delivery in the log. Signal is nil when it was delivered
// before: the id is all that matters then.
type Record struct {
	ID     schemas.ID
	At     schemas.Time // log time of its partition
	Signal *schemas.Signal
	Part   int32
}

// Log is a recorded past.
type Log struct {
	Records []Record

	signals map[schemas.ID]*schemas.Signal
	now     map[int32]schemas.Time
	// Activations reports whether a rule set was put in force by the log.
	Activations bool
}

// Add appends a delivery that reached its partition at the given time. The
// signal must be complete, with its id.
func (l *Log) Add(s *schemas.Signal, at schemas.Time, part int32) error {
	if l.signals == nil {
		l.signals, l.now = map[schemas.ID]*schemas.Signal{}, map[int32]schemas.Time{}
	}
	l.now[part] = max(l.now[part], at)
	r := Record{At: l.now[part], Signal: s, Part: part}
	if s.Kind == schemas.KindTick || s.Kind == schemas.KindActivation {
		l.Activations = l.Activations || s.Activation != nil && s.Activation.What == schemas.WhatRules
		l.Records = append(l.Records, r)
		return nil
	}
	var err error
	if r.ID, err = schemas.ParseID(s.ID); err != nil {
		return err
	}
	if l.signals[r.ID] != nil {
		r.Signal = nil
	} else {
		l.signals[r.ID] = s
	}
	l.Records = append(l.Records, r)
	return nil
}

// Signal returns the signal with that id, nil when the log has none.
func (l *Log) Signal(id schemas.ID) *schemas.Signal { return l.signals[id] }

// Signals is how many different signals the log has.
func (l *Log) Signals() int { return len(l.signals) }
