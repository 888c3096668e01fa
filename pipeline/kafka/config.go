package kafka

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// Config says which brokers to use and how.
type Config struct {
	// Brokers are host:port pairs to start from. Empty means embedded.
	Brokers []string `yaml:"brokers"`
	// TopicPrefix stands before every topic, group and transactional id.
	TopicPrefix string `yaml:"topic_prefix"`
	ClientID    string `yaml:"client_id"`

	TLS  TLS  `yaml:"tls"`
	SASL SASL `yaml:"sasl"`

	// Partitions of the keyed topics: the most correlators that can share the
	// work. It can't be changed later without moving scopes between partitions.
	Partitions int32 `yaml:"partitions"`
	// ReplicationFactor of new topics; 0 leaves it to the brokers.
	ReplicationFactor int16 `yaml:"replication_factor"`
	// MinInsyncReplicas of new topics; 0 leaves it to the brokers.
	MinInsyncReplicas int `yaml:"min_insync_replicas"`

	Retention Retention `yaml:"retention"`

	// EventRecorderTopics are full names of topics that Alertmanager's event
	// recorder writes to.
	EventRecorderTopics []string `yaml:"event_recorder_topics"`
	// CommandTopics are topics, by their full names, whose writers are all trusted
	// to give commands; "by" is there what the record says. On other topics a
	// command goes to the dead letter. One that is no input topic is read as well.
	CommandTopics []string `yaml:"command_topics"`

	// Compression of what we produce: none, gzip, snappy, lz4 or zstd.
	Compression string `yaml:"compression"`
	// ProduceTimeout is how long a record may wait for the brokers'
	// acknowledgement before the gateway answers 503.
	ProduceTimeout time.Duration `yaml:"produce_timeout"`
	// MaxBuffered is how many records may wait at once.
	MaxBuffered int `yaml:"max_buffered"`
	// FetchPartitionBytes is how much one fetch takes of one partition, as it is
	// packed: what comes out of it may be ten times as much, and each reader holds it.
	FetchPartitionBytes int32 `yaml:"fetch_partition_bytes"`

	// Shadow says that a second rule set runs beside the first and needs topics
	// for what it writes.
	Shadow bool `yaml:"-"`

	// Embedded says that the brokers are ours: no compaction, one replica.
	// It follows from Brokers and is not in the file.
	Embedded bool `yaml:"-"`

	// Simulated are further options of every client: a simulation has a network of
	// its own.
	Simulated []kgo.Opt `yaml:"-"`
}

// TLS for the connection to the brokers.
type TLS struct {
	Enabled            bool   `yaml:"enabled"`
	CAFile             string `yaml:"ca_file"`
	CertFile           string `yaml:"cert_file"`
	KeyFile            string `yaml:"key_file"`
	ServerName         string `yaml:"server_name"`
	InsecureSkipVerify bool   `yaml:"insecure_skip_verify"`
}

// Retention says how long the brokers keep what.
type Retention struct {
	Inputs     time.Duration `yaml:"inputs"`     // alerts, tickets, changes
	Signals    time.Duration `yaml:"signals"`    // also how far back `backtest` can look
	Decisions  time.Duration `yaml:"decisions"`  // also how long ClickHouse may be down
	DeadLetter time.Duration `yaml:"deadletter"` //
}

// of returns how long a topic of outcomes is kept that is not compacted.
func (r *Retention) of(topic string) time.Duration {
	if topic == schemas.TopicDeadLetter {
		return r.DeadLetter
	}
	return r.Decisions
}

const day = 24 * time.Hour

// DefaultConfig returns the defaults; Brokers is empty.
func DefaultConfig() Config {
	return Config{
		TopicPrefix:         schemas.DefaultTopicPrefix,
		ClientID:            "pinkstar",
		Partitions:          8,
		Retention:           Retention{Inputs: 7 * day, Signals: 30 * day, Decisions: 30 * day, DeadLetter: 30 * day},
		Compression:         "lz4",
		ProduceTimeout:      10 * time.Second,
		MaxBuffered:         50_000,
		FetchPartitionBytes: 512 << 10,
	}
}

// Topic returns the full name of one of the topics of package schemas.
func (c *Config) Topic(name string) string { return c.TopicPrefix + name }

// Name returns the full name of a consumer group or transactional id.
func (c *Config) Name(role string) string { return c.TopicPrefix + role }

// ForShadow returns the configuration under which a shadow writes: everything
// of its own, topics, group and transactional ids, has a longer prefix.
func (c *Config) ForShadow() Config {
	s := *c
	s.Shadow = false
	s.TopicPrefix = c.TopicPrefix + "shadow."
	return s
}

// MaxEmbeddedPartitions is how many partitions a topic of an embedded broker may
// have: one fetch must be able to bring a batch of each of all topics that one
// consumer reads (see Non-obvious).
const MaxEmbeddedPartitions = 64

// Validate says what is wrong, naming the field.
func (c *Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Partitions < 1 || c.Partitions > 1024 {
		bad("partitions: %d is not between 1 and 1024", c.Partitions)
	}
	if len(c.Brokers) == 0 && c.Partitions > MaxEmbeddedPartitions {
		bad("partitions: %d is over %d, the most of an embedded Kafka: name brokers", c.Partitions, MaxEmbeddedPartitions)
	}
	if c.ReplicationFactor < 0 {
		bad("replication_factor: %d is negative; 0 leaves it to the brokers", c.ReplicationFactor)
	}
	if c.MaxBuffered < 1 {
		bad("max_buffered: %d is not positive", c.MaxBuffered)
	}
	if c.ProduceTimeout < time.Second {
		bad("produce_timeout: %s is under 1s, which brokers can't always keep", c.ProduceTimeout)
	}
	if c.FetchPartitionBytes < 64<<10 {
		bad("fetch_partition_bytes: %d is under 64 KiB: brokers send one batch in any case", c.FetchPartitionBytes)
	}
	if _, err := compression(c.Compression); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, c.SASL.validate(), c.TLS.validate())
	if c.MinInsyncReplicas > 0 && c.ReplicationFactor > 0 && c.MinInsyncReplicas > int(c.ReplicationFactor) {
		bad("min_insync_replicas: %d is over replication_factor, %d: nothing could be written", c.MinInsyncReplicas, c.ReplicationFactor)
	}
	for name, d := range map[string]time.Duration{
		"inputs": c.Retention.Inputs, "signals": c.Retention.Signals,
		"decisions": c.Retention.Decisions, "deadletter": c.Retention.DeadLetter,
	} {
		if d < time.Hour {
			bad("retention.%s: %s is under 1h: restarts and replays need the log", name, d)
		}
	}
	return errors.Join(errs...)
}

func (t TLS) validate() error {
	switch {
	case !t.Enabled && (t.CAFile != "" || t.CertFile != "" || t.KeyFile != "" || t.ServerName != "" || t.InsecureSkipVerify):
		return errors.New("tls.enabled: false, so that the other settings of tls would be ignored; set it to true or take them out")
	case t.CertFile != "" && t.KeyFile == "":
		return errors.New("tls.key_file: missing, the key of tls.cert_file")
	case t.KeyFile != "" && t.CertFile == "":
		return errors.New("tls.cert_file: missing, the certificate of tls.key_file")
	}
	return nil
}

// Foreign are the full names of the input topics that are not ours.
func (c *Config) Foreign() []string {
	own := []string{c.Topic(schemas.TopicAlerts), c.Topic(schemas.TopicTickets), c.Topic(schemas.TopicChanges)}
	out := slices.Clone(c.EventRecorderTopics)
	for _, t := range c.CommandTopics {
		if !slices.Contains(own, t) && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}
