package notify

import (
	"errors"
	"fmt"
	"time"
)

// Config has the limits.
type Config struct {
	// Timeout bounds one attempt, and one look after a lost answer.
	Timeout time.Duration `yaml:"timeout"`
	// Backoff between attempts at a target that takes nothing, doubling from the
	// first to the last.
	BackoffFirst time.Duration `yaml:"backoff_first"`
	BackoffLast  time.Duration `yaml:"backoff_last"`
	// GiveUpAfter is how long after it was taken up a message is no longer tried.
	GiveUpAfter time.Duration `yaml:"give_up_after"`
	// NextWayAfter is how long a page may wait before its person is called the next
	// way as well.
	NextWayAfter time.Duration `yaml:"next_way_after"`
	// MaxAge is how old an effect may be when it is first read: what is older is
	// noted as failed and not said, so that a role which was away for days does not
	// wake people for what is long over.
	MaxAge time.Duration `yaml:"max_age"`
	// MaxWaiting messages may wait for one target, for each partition. More are
	// noted as failed; pages are always taken.
	MaxWaiting int `yaml:"max_waiting"`
	// Remember is how long after its latest message an incident's thread is known.
	Remember time.Duration `yaml:"remember"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Timeout: 10 * time.Second, BackoffFirst: time.Second, BackoffLast: time.Minute,
		GiveUpAfter: 24 * time.Hour, NextWayAfter: 2 * time.Minute, MaxAge: 6 * time.Hour, MaxWaiting: 10_000, Remember: 30 * 24 * time.Hour,
	}
}

// Validate says which limits make no sense, each on a line that begins with the
// field.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.Timeout > 0, "timeout: %s; it must be over 0", c.Timeout)
	check(c.BackoffFirst > 0, "backoff_first: %s; it must be over 0", c.BackoffFirst)
	check(c.BackoffLast >= c.BackoffFirst, "backoff_last: %s is under backoff_first, %s", c.BackoffLast, c.BackoffFirst)
	check(c.GiveUpAfter > c.Timeout, "give_up_after: %s; it must be over timeout, %s", c.GiveUpAfter, c.Timeout)
	check(c.NextWayAfter > 0, "next_way_after: %s; it must be over 0", c.NextWayAfter)
	check(c.MaxAge > 0, "max_age: %s; it must be over 0", c.MaxAge)
	check(c.MaxWaiting >= 1, "max_waiting: %d; it must be at least 1", c.MaxWaiting)
	check(c.Remember >= c.GiveUpAfter, "remember: %s is under give_up_after, %s", c.Remember, c.GiveUpAfter)
	return errors.Join(errs...)
}
