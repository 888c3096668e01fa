package demo

import (
	"sync"
	"time"
)

// Clock is the clock the whole pipeline runs by during the demo: the gateway's
// received_at, the correlator's ticks and its activations all come from it.
// It stands still while a year of history is taken in, then runs fast through
// the story, and meets the machine's own clock at the story's end, from where
// on it is the machine's clock. It never goes back.
type Clock struct {
	mu    sync.Mutex
	wall  func() time.Time
	base  time.Time // what the clock showed at since
	since time.Time // machine time
	speed float64   // clock seconds per machine second; 0 stands still
	end   time.Time // where it stops and waits; zero for nowhere
	last  time.Time
}

// NewClock returns a clock that stands at t.
func NewClock(t time.Time, wall func() time.Time) *Clock {
	return &Clock{wall: wall, base: t, since: wall(), last: t}
}

// Now returns the time the pipeline is to believe in.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time {
	w := c.wall()
	t := c.base.Add(time.Duration(float64(w.Sub(c.since)) * c.speed))
	if !c.end.IsZero() && t.After(c.end) {
		t = c.end
	}
	if t.After(w) {
		t = w
	}
	if t.Before(c.last) {
		t = c.last
	}
	c.last = t
	return t
}

// Set makes the clock stand at t, or where it already is when that is later.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := c.now(); t.Before(n) {
		t = n
	}
	c.base, c.since, c.speed, c.end = t, c.wall(), 0, time.Time{}
	c.last = t
}

// RunTo lets the clock run on from where it stands, speed times as fast as the
// machine's, up to end, where it waits: a slow machine must not make the story
// late.
func (c *Clock) RunTo(end time.Time, speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = c.now()
	c.since, c.speed, c.end = c.wall(), speed, end
}

// Catchup puts the clock to the machine's time for good.
func (c *Clock) Catchup() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.base = c.wall()
	c.since, c.speed, c.end = c.base, 1, time.Time{}
}

// Until returns how long to wait on the machine's clock before this clock
// shows t. One that stands still, or waits before t, never gets there: ok is
// false.
func (c *Clock) Until(t time.Time) (d time.Duration, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := t.Sub(c.now())
	switch {
	case left <= 0:
		return 0, true
	case c.speed == 0, !c.end.IsZero() && t.After(c.end):
		return 0, false
	default:
		return time.Duration(float64(left)/c.speed) + time.Millisecond, true
	}
}
