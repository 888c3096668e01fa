package history

import (
	"maps"
	"slices"

	"pinkstar/correlate/logtime"
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
	clocks  map[int32]*logtime.Clock[*Record]
	// Activations reports whether a rule set was put in force by the log.
	Activations bool
}

// Add appends a delivery that reached its partition at the given time, of which
// log time is the running maximum. The signal must be complete, with its id.
func (l *Log) Add(s *schemas.Signal, at schemas.Time, part int32) error {
	return l.add(s, at, part, false)
}

// AddRecord is Add for a record of the signals topic: log time goes by the rule
// of package logtime.
func (l *Log) AddRecord(s *schemas.Signal, at schemas.Time, part int32) error {
	return l.add(s, at, part, true)
}

func (l *Log) add(s *schemas.Signal, at schemas.Time, part int32, ruled bool) error {
	if l.signals == nil {
		l.signals, l.clocks = map[schemas.ID]*schemas.Signal{}, map[int32]*logtime.Clock[*Record]{}
	}
	r := &Record{Signal: s, Part: part}
	control := s.Control()
	if control {
		l.Activations = l.Activations || s.Activation != nil && s.Activation.What == schemas.WhatRules
		return l.take(r, at, true, ruled)
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
	return l.take(r, at, false, ruled)
}

// take appends a record once its log time is known, as it was live.
func (l *Log) take(r *Record, at schemas.Time, owner, ruled bool) error {
	c := l.clocks[r.Part]
	if c == nil {
		c = &logtime.Clock[*Record]{}
		l.clocks[r.Part] = c
	}
	if !ruled {
		return c.Follow(r, at, l.append)
	}
	return c.Take(r, at, owner, 0, l.append)
}

// append is told when log time has come to a record.
func (l *Log) append(r *Record, at schemas.Time) error {
	c := l.clocks[r.Part]
	r.At = max(at, c.Now())
	if r.Signal != nil && r.Signal.Activation != nil && r.Signal.Activation.What == schemas.WhatClock {
		if to, err := schemas.ParseTime(r.Signal.Activation.Text); err == nil {
			c.Set(min(to, c.Now()))
		}
	}
	l.Records = append(l.Records, *r)
	return nil
}

// end lets go what waits for a record that will not come.
func (l *Log) end() {
	for _, part := range slices.Sorted(maps.Keys(l.clocks)) {
		_ = l.clocks[part].Flush(l.append) // append never fails
	}
}

// Signal returns the signal with that id, nil when the log has none.
func (l *Log) Signal(id schemas.ID) *schemas.Signal { return l.signals[id] }

// Signals is how many different signals the log has.
func (l *Log) Signals() int { return len(l.signals) }
