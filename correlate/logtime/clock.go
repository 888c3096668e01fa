package logtime

import "pinkstar/schemas"

// The figures of the rule; see Non-obvious.
const (
	// Bound is how far one record may move log time, in milliseconds.
	Bound = 10 * schemas.Minute
	// Heartbeat is how far the owner of a partition lets its clock run ahead of
	// log time before it appends a tick.
	Heartbeat = Bound / 2
	// TickSpan is for how long the owner's records must say the same.
	TickSpan = 6 * schemas.Second
	// TicksAlone is the largest gap that they can cross alone.
	TicksAlone = 7 * 24 * schemas.Hour
	// RecordSpan is for how long records from outside must say the same to move log
	// time alone.
	RecordSpan = TickSpan
	// MaxHeld and MaxHeldBytes bound what waits for a witness.
	MaxHeld      = 10_000
	MaxHeldBytes = 64 << 20
)

// Clock is the log time of one partition. The zero value has seen nothing: the
// first record sets it.
type Clock[T any] struct {
	now   schemas.Time
	held  []entry[T]
	bytes int

	// Moved counts jumps that had a witness, Refused those that were refused.
	Moved, Refused int64
}

type entry[T any] struct {
	v     T
	at    schemas.Time
	owner bool
	size  int
}

// At returns a clock that stands at now.
func At[T any](now schemas.Time) Clock[T] { return Clock[T]{now: now} }

// Now returns log time.
func (c *Clock[T]) Now() schemas.Time { return c.now }

// Holding reports whether records wait for a witness.
func (c *Clock[T]) Holding() bool { return len(c.held) > 0 }

// Held returns how many wait.
func (c *Clock[T]) Held() int { return len(c.held) }

// Set says where the engine stands: a record that it refused moved nothing, and
// an operator may have put log time back.
func (c *Clock[T]) Set(now schemas.Time) { c.now = now }

// Passes reports whether a record would be taken at once, at its own time.
func (c *Clock[T]) Passes(at schemas.Time) bool {
	return len(c.held) == 0 && (c.now == 0 || at <= c.now.Add(Bound))
}

// Take takes the next record of the log, whose timestamp is at. owner says that
// it is a tick or an activation; size is what it holds in memory. step is
// called, in the order of the log, for every record whose time is decided, with
// the time at which the engine is to take it: never more than Bound ahead of
// log time without a witness.
func (c *Clock[T]) Take(v T, at schemas.Time, owner bool, size int, step func(T, schemas.Time) error) error {
	if c.Passes(at) { // nearly always
		c.now = max(c.now, at)
		return step(v, at)
	}
	c.held = append(c.held, entry[T]{v, at, owner, size})
	c.bytes += size
	return c.settle(false, step)
}

// Follow takes a record of a log that has no owner, such as a file of payloads:
// nobody could be a witness, so its log time is the running maximum.
func (c *Clock[T]) Follow(v T, at schemas.Time, step func(T, schemas.Time) error) error {
	if err := c.Flush(step); err != nil {
		return err
	}
	c.now = max(c.now, at)
	return step(v, at)
}

// Flush is called at the end of a log that will not go on: what waits is
// believed.
func (c *Clock[T]) Flush(step func(T, schemas.Time) error) error { return c.settle(true, step) }

func (c *Clock[T]) settle(end bool, step func(T, schemas.Time) error) error {
	for len(c.held) > 0 {
		first := &c.held[0]
		at := first.at
		if c.now != 0 && at > c.now.Add(Bound) {
			switch to := c.judge(end); to {
			case undecided:
				return nil
			case refused:
				c.Refused++
				at = c.now
			default:
				c.Moved++
				c.now = to
				continue
			}
		}
		v := first.v
		c.bytes -= first.size
		*first = entry[T]{}
		c.held = c.held[1:]
		c.now = max(c.now, at)
		if err := step(v, at); err != nil {
			return err
		}
	}
	c.held = nil
	return nil
}

// What judge says besides a log time.
const (
	undecided schemas.Time = 0
	refused   schemas.Time = -1
)

// judge weighs what waits, the first of which is ahead: it returns where log
// time moves, undecided or refused.
func (c *Clock[T]) judge(end bool) schemas.Time {
	var least, most, firstTick, lastTick schemas.Time
	records := 0
	for i := range c.held {
		e := &c.held[i]
		switch {
		case e.at < c.now.Add(-Bound): // late: it says nothing about the present
			continue
		case e.at <= c.now.Add(Bound):
			return refused
		case e.owner:
			if firstTick == 0 {
				firstTick = e.at
			}
			lastTick = e.at
		default:
			records++
		}
		if least == 0 || e.at < least {
			least = e.at
		}
		most = max(most, e.at)
	}
	switch full := len(c.held) >= MaxHeld || c.bytes >= MaxHeldBytes; {
	case end, full && most.Sub(least) >= RecordSpan:
		return least
	case full: // a storm, and one clock for some seconds
		return refused
	case lastTick.Sub(firstTick) >= TickSpan && (records > 0 || least.Sub(c.now) <= TicksAlone):
		return least
	}
	return undecided
}
