package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Setting is something that can be set by flag and environment as well as in
// the file.
type Setting struct {
	Flag string // without the dashes
	Env  string
	Path string // in the file
	Help string
	// Group is when the flag makes sense: a command offers those it needs.
	Group Group
	apply func(*Config, string) error
}

// Group says which commands take a setting.
type Group int

// The groups.
const (
	ForAll    Group = iota // every command that reads the configuration
	ForKafka               // what talks to the brokers
	ForSQL                 // what talks to ClickHouse
	ForRun                 // only `run`
	ForEngine              // what correlates
)

// Settings lists them all.
var Settings = []Setting{
	{"log-level", "PINKSTAR_LOG_LEVEL", "log.level", "debug, info, warn or error", ForAll,
		func(c *Config, v string) error { c.Log.Level = v; return nil }},
	{"log-format", "PINKSTAR_LOG_FORMAT", "log.format", "json, text, or auto: text on a terminal", ForAll,
		func(c *Config, v string) error { c.Log.Format = v; return nil }},
	{"brokers", "PINKSTAR_BROKERS", "kafka.brokers", "Kafka brokers, host:port with commas; none: an embedded Kafka", ForKafka,
		func(c *Config, v string) error { c.Kafka.Brokers = list(v); return nil }},
	{"topic-prefix", "PINKSTAR_TOPIC_PREFIX", "kafka.topic_prefix", "before every topic, group and transactional id", ForKafka,
		func(c *Config, v string) error { c.Kafka.TopicPrefix = v; return nil }},
	{"partitions", "PINKSTAR_PARTITIONS", "kafka.partitions", "of the topics; never changes once they are there", ForKafka,
		func(c *Config, v string) error {
			n, err := strconv.ParseInt(v, 10, 32)
			if err != nil {
				return fmt.Errorf("%q is not a number", v)
			}
			c.Kafka.Partitions = int32(n)
			return nil
		}},
	{"", "PINKSTAR_KAFKA_PASSWORD", "kafka.sasl.password", "", ForKafka,
		func(c *Config, v string) error { c.Kafka.SASL.Password = v; return nil }},
	{"clickhouse", "PINKSTAR_CLICKHOUSE", "clickhouse.dsn", "clickhouse://user:password@host:9000/database; none: an embedded ClickHouse", ForSQL,
		func(c *Config, v string) error { c.ClickHouse.DSN = v; return nil }},
	{"libchdb", "PINKSTAR_LIBCHDB", "clickhouse.libchdb", "the embedded ClickHouse's library, instead of the fetched one", ForSQL,
		func(c *Config, v string) error { c.ClickHouse.Libchdb = v; return nil }},
	{"data", "PINKSTAR_DATA", "data", "directory of what is embedded", ForSQL,
		func(c *Config, v string) error { c.Data = v; return nil }},
	{"http", "PINKSTAR_HTTP", "http.listen", "address of webhooks, API and health; port 0 picks one", ForRun,
		func(c *Config, v string) error { c.HTTP.Listen = v; return nil }},
	{"web-config", "PINKSTAR_WEB_CONFIG", "http.web_config_file", "TLS and basic auth, in Prometheus' web configuration format", ForRun,
		func(c *Config, v string) error { c.HTTP.WebConfigFile = v; return nil }},
	{"insecure-open-to-anybody", "PINKSTAR_INSECURE_OPEN_TO_ANYBODY", "access.insecure_open_to_anybody", "let everybody who reaches the port do everything, beyond loopback too", ForRun,
		func(c *Config, v string) (err error) {
			if c.Access.InsecureOpenToAnybody, err = strconv.ParseBool(v); err != nil {
				err = fmt.Errorf("%q is neither true nor false", v)
			}
			return err
		}},
	{"roles", "PINKSTAR_ROLES", "roles", "what this process does, with commas: " + strings.Join(Roles, ", "), ForRun,
		func(c *Config, v string) error { c.Roles = list(v); return nil }},
	{"rules", "PINKSTAR_RULES", "rules_file", "rule set, YAML", ForEngine,
		func(c *Config, v string) error { c.Rules, c.RulesFile = "", v; return nil }},
	{"topology", "PINKSTAR_TOPOLOGY", "topology_file", "service topology, YAML", ForEngine,
		func(c *Config, v string) error { c.Topology, c.TopologyFile = "", v; return nil }},
	{"learnt", "PINKSTAR_LEARNT", "learnt_file", "pairs of alerts that often come together, as pinkstar learn writes them", ForEngine,
		func(c *Config, v string) error { c.LearntFile = v; return nil }},
}

func list(v string) []string {
	var out []string
	for w := range strings.SplitSeq(v, ",") {
		if w = strings.TrimSpace(w); w != "" && !slices.Contains(out, w) {
			out = append(out, w)
		}
	}
	return out
}
