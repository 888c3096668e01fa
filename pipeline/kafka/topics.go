package kafka

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
)

// Spec is one topic as it should be.
type Spec struct {
	Name       string
	Partitions int32
	// Fixed says that partitions can't be added: keys would move, and with
	// them the state that belongs to them.
	Fixed   bool
	Configs map[string]string
	// Foreign says that the topic is another system's: it is created when it is
	// missing, and otherwise left as it is.
	Foreign bool
}

// The state topic has one partition for each of the signals topic's, and one
// more for the normaliser's progress.

// StatePartitions returns how many partitions the state topic has.
func (c *Config) StatePartitions() int32 { return c.Partitions + 1 }

// Topics returns every topic, in the order in which they are created.
func (c *Config) Topics() []Spec {
	keep := func(d time.Duration) map[string]string {
		return map[string]string{"cleanup.policy": "delete", "retention.ms": strconv.FormatInt(d.Milliseconds(), 10)}
	}
	compacted := func() map[string]string {
		if c.Embedded { // see Non-obvious
			return map[string]string{"cleanup.policy": "delete", "retention.ms": "-1"}
		}
		return map[string]string{"cleanup.policy": "compact"}
	}
	specs := []Spec{
		{Name: schemas.TopicAlerts, Configs: keep(c.Retention.Inputs)},
		{Name: schemas.TopicTickets, Configs: keep(c.Retention.Inputs)},
		{Name: schemas.TopicChanges, Configs: keep(c.Retention.Inputs)},
		{Name: schemas.TopicSignals, Fixed: true, Configs: keep(c.Retention.Signals)},
	}
	for _, t := range schemas.OutTopics {
		spec := Spec{Name: t.Name, Fixed: t.Fixed}
		if t.Latest {
			spec.Configs = compacted()
		} else {
			spec.Configs = keep(c.Retention.of(t.Name))
		}
		specs = append(specs, spec)
	}
	specs = append(specs, Spec{Name: schemas.TopicState, Fixed: true, Configs: c.stateConfigs()})
	for i := range specs {
		specs[i].Partitions = c.Partitions
		if specs[i].Name == schemas.TopicState {
			specs[i].Partitions = c.StatePartitions()
		}
		if c.MinInsyncReplicas > 0 && !c.Embedded {
			specs[i].Configs["min.insync.replicas"] = strconv.Itoa(c.MinInsyncReplicas)
		}
		specs[i].Name = c.Topic(specs[i].Name)
	}
	if c.Shadow {
		specs = append(specs, c.shadowTopics()...)
	}
	for _, name := range c.Foreign() {
		specs = append(specs, Spec{Name: name, Partitions: c.Partitions, Configs: keep(c.Retention.Inputs), Foreign: true})
	}
	return specs
}

// stateConfigs are for a log of snapshots: compacted by slot, and shortened by
// its writers with DeleteRecords, which brokers refuse unless delete is there.
func (c *Config) stateConfigs() map[string]string {
	m := map[string]string{"cleanup.policy": "compact,delete", "retention.ms": "-1", "retention.bytes": "-1", "segment.bytes": strconv.Itoa(64 << 20)}
	if c.Embedded {
		m["cleanup.policy"], m["segment.bytes"] = "delete", strconv.Itoa(16<<20)
	}
	return m
}

// shadowTopics are those a shadow writes to; it reads the signals of the first.
func (c *Config) shadowTopics() []Spec {
	shadow := c.ForShadow()
	shadow.EventRecorderTopics, shadow.CommandTopics = nil, nil
	var out []Spec
	for _, s := range shadow.Topics() {
		name := strings.TrimPrefix(s.Name, shadow.TopicPrefix)
		if name == schemas.TopicState || slices.Contains(schemas.OutTopicNames(), name) {
			out = append(out, s)
		}
	}
	return out
}
