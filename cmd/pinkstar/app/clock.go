package app

import (
	"context"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/process"
)

// PutClock puts the log time of partitions back to now.
func PutClock(ctx context.Context, cfg *config.Config, now time.Time, partitions []int32, log zerolog.Logger) error {
	return process.PutClock(ctx, cfg.Kafka.Config, now, partitions, kafka.Deps{Log: log})
}

// steadyClock is the machine's clock, as long as it does not jump. Everything in
// one process stamps records with one clock, so when that is set to next year
// for some seconds, all witnesses agree on it. A jump of more than tolerance is
// therefore followed only when it has lasted; time goes on meanwhile as the
// machine's uptime does.
type steadyClock struct {
	wall   func() time.Time                      // what the machine says it is
	uptime func() time.Duration                  // never jumps
	jumped func(by time.Duration, followed bool) // told of a jump

	mu     sync.Mutex
	offset time.Duration // wall - uptime, as followed
	set    bool
	other  time.Duration // the offset since a jump
	since  time.Duration // uptime of the jump; 0: there is none
}

const (
	jumpTolerance = 30 * time.Second
	jumpLasts     = time.Minute
)

func newSteadyClock(log zerolog.Logger) *steadyClock {
	began := time.Now()
	return &steadyClock{
		wall:   func() time.Time { return time.Now().Round(0) },
		uptime: func() time.Duration { return time.Since(began) + 1 },
		jumped: func(by time.Duration, followed bool) {
			if followed {
				log.Warn().Stringer("by", by).Msg("the machine's clock has jumped and stayed there: it is followed")
			} else {
				log.Warn().Stringer("by", by).Stringer("for", jumpLasts).Msg("the machine's clock has jumped: records are stamped by the old one until it has lasted")
			}
		},
	}
}

// Now returns the time.
func (c *steadyClock) Now() time.Time {
	wall, up := c.wall(), c.uptime()
	c.mu.Lock()
	defer c.mu.Unlock()
	offset := time.Duration(wall.UnixNano()) - up
	switch by := offset - c.offset; {
	case !c.set || by.Abs() <= jumpTolerance:
		c.offset, c.set, c.since = offset, true, 0
	case c.since == 0 || (offset-c.other).Abs() > jumpTolerance: // a jump, or another one
		c.since, c.other = up, offset
		c.jumped(by, false)
	case up-c.since >= jumpLasts:
		c.offset, c.since = offset, 0
		c.jumped(by, true)
	}
	return time.Unix(0, int64(c.offset+up))
}
