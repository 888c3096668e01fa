package notify

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// gate is one target's for the whole process: how often each of its addresses
// may be called, and until when it is left alone because it takes nothing.
type gate struct {
	cfg   *Config
	every time.Duration
	burst int

	mu     sync.Mutex
	limits map[string]*rate.Limiter // by address
	until  time.Time                // not called before; zero: open
	fails  int                      // in a row
	since  time.Time                // of the first of them
	why    error
}

func newGate(cfg *Config, every time.Duration, burst int) *gate {
	return &gate{cfg: cfg, every: every, burst: max(burst, 1), limits: map[string]*rate.Limiter{}}
}

// wait returns how long to wait before address may be called; 0: now, and the
// call counts.
func (g *gate) wait(address string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if d := time.Until(g.until); d > 0 {
		return d
	}
	if g.every <= 0 {
		return 0
	}
	l := g.limits[address]
	if l == nil {
		l = rate.NewLimiter(rate.Every(g.every), g.burst)
		g.limits[address] = l
	}
	r := l.Reserve()
	if d := r.Delay(); d > 0 {
		r.Cancel()
		return d
	}
	return 0
}

// answered notes that the target works; it returns how long it did not, if that
// was news until now.
func (g *gate) answered() (away time.Duration, back bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.fails > 0 {
		away, back = time.Since(g.since), true
	}
	g.fails, g.until, g.why = 0, time.Time{}, nil
	return away, back
}

// refused notes that it takes nothing now, and chooses until when it is left
// alone: at least after. first reports whether that is news.
func (g *gate) refused(err error, after time.Duration) (first bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if first = g.fails == 0; first {
		g.since = time.Now()
	}
	pause := g.cfg.BackoffFirst << min(g.fails, 20)
	if pause > g.cfg.BackoffLast || pause <= 0 {
		pause = g.cfg.BackoffLast
	}
	g.fails++
	g.why = err
	g.until = time.Now().Add(max(pause, after))
	return first
}

// ailing returns since when and why it takes nothing, or nil.
func (g *gate) ailing() (time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.since, g.why
}
