package process

import (
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// Config is for both processors.
type Config struct {
	// CommitMin and CommitMax bound how long a transaction lasts; between
	// them it follows what ending one costs.
	CommitMin time.Duration `yaml:"commit_min"`
	CommitMax time.Duration `yaml:"commit_max"`
	// MaxPoll is how many records are taken at once.
	MaxPoll int `yaml:"max_poll"`

	// SessionTimeout is how long the brokers take an instance that is silent for
	// alive: most of what its death costs. Heartbeats come four times as often
	// and don't wait for work, so only a process that really stood still that
	// long loses its partitions, and with them nothing but time.
	SessionTimeout time.Duration `yaml:"session_timeout"`
	// TransactionTimeout is after how long the brokers end a transaction. The
	// embedded one waits for a minute at least.
	TransactionTimeout time.Duration `yaml:"transaction_timeout"`
	// Instance names this process among those of the group, for ever: its
	// transactional id is made of it. Empty: a new one for each start.
	Instance string `yaml:"instance"`

	// A snapshot is taken after SnapshotRecords records of a partition, more
	// when snapshots are large, and at the latest after SnapshotInterval.
	SnapshotRecords  int64         `yaml:"snapshot_records"`
	SnapshotInterval time.Duration `yaml:"snapshot_interval"`
	// RestoreTimeout is how long bringing a partition back may take.
	RestoreTimeout time.Duration `yaml:"restore_timeout"`
	// TickAfter is how long a partition is idle before a tick moves its log
	// time.
	TickAfter time.Duration `yaml:"tick_after"`

	// Now stamps the records that come from Pinkstar itself, and so moves log
	// time; nil is the machine's clock.
	Now func() time.Time `yaml:"-"`
	// Story says that log time follows the records without a witness (package
	// logtime): they tell of the past while Now stands still. That it leads Now
	// then is no error.
	Story bool `yaml:"-"`
}

func (c *Config) clock() func() time.Time {
	if c.Now == nil {
		return time.Now
	}
	return c.Now
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		CommitMin: 20 * time.Millisecond, CommitMax: time.Second, MaxPoll: 10_000,
		SessionTimeout: 8 * time.Second, TransactionTimeout: 15 * time.Second,
		SnapshotRecords: 250_000, SnapshotInterval: 5 * time.Minute,
		RestoreTimeout: 10 * time.Minute, TickAfter: 250 * time.Millisecond,
	}
}

// Validate says what is wrong, naming the field.
func (c *Config) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(c.CommitMin > 0 && c.CommitMin <= c.CommitMax, "commit_min: %s is not between 0 and commit_max %s", c.CommitMin, c.CommitMax)
	check(c.CommitMax <= c.TransactionTimeout/5, "commit_max: %s is over a fifth of transaction_timeout %s", c.CommitMax, c.TransactionTimeout)
	check(c.MaxPoll > 0, "max_poll: %d is not positive", c.MaxPoll)
	check(c.SessionTimeout >= 6*time.Second, "session_timeout: %s is under 6s, which brokers refuse unless they are configured otherwise", c.SessionTimeout)
	check(c.SnapshotRecords > 0, "snapshot_records: %d is not positive", c.SnapshotRecords)
	check(c.SnapshotInterval >= time.Second, "snapshot_interval: %s is under 1s", c.SnapshotInterval)
	check(c.RestoreTimeout >= c.TransactionTimeout, "restore_timeout: %s is under transaction_timeout %s, which it may have to wait for", c.RestoreTimeout, c.TransactionTimeout)
	check(c.TickAfter > 0, "tick_after: %s is not positive", c.TickAfter)
	return errors.Join(errs...)
}

// Deps is what a processor is handed.
type Deps struct {
	Log zerolog.Logger
	// Registerer may be nil: no metrics.
	Registerer prometheus.Registerer
}
