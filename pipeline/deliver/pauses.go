package deliver

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// pauses lie between attempts. Each is about twice the one before, with chance
// in it: partitions that failed together shall not come back together.
type pauses struct {
	next time.Duration
	from *backoff.ExponentialBackOff
}

func (d *Delivery) backoff() *pauses {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.MaxInterval, b.Multiplier = d.cfg.BackoffFirst, d.cfg.BackoffLast, 2
	p := &pauses{from: b}
	p.draw()
	return p
}

func (p *pauses) draw() { p.next = min(p.from.NextBackOff(), p.from.MaxInterval) }

// sleep waits; it returns false when stop closes first.
func (p *pauses) sleep(stop <-chan struct{}) bool {
	t := time.NewTimer(p.next)
	defer t.Stop()
	p.draw()
	select {
	case <-stop:
		return false
	case <-t.C:
		return true
	}
}
