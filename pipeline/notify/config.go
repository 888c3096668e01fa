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
	// Since is from when on people are told: of an incident that was detected before,
	// and of what was decided before, nothing is said, unless it reopens: a time with
	// its zone, as 2026-11-30T10:00:00Z; "": from ever. For an installation that takes
	// its history in.
	Since string `yaml:"since"`
	// MaxAge is how old an effect may be when it is first read, and how long ago an
	// incident of which nobody was ever told may have been detected: what is older is
	// noted as failed and not said. So neither a first start, nor a backfill, nor a
	// role that was away for days wakes people for what is long over.
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

// since is Since as a time; the zero time: from ever.
func (c *Config) since() (time.Time, error) {
	if c.Since == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339, c.Since)
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
	_, err := c.since()
	check(err == nil, "since: %q; write a time with its zone, such as 2026-11-30T10:00:00Z", c.Since)
	check(c.MaxAge > 0, "max_age: %s; it must be over 0", c.MaxAge)
	check(c.MaxWaiting >= 1, "max_waiting: %d; it must be at least 1", c.MaxWaiting)
	check(c.Remember >= c.GiveUpAfter, "remember: %s is under give_up_after, %s", c.Remember, c.GiveUpAfter)
	return errors.Join(errs...)
}
