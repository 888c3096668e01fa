package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Action is what a Change does.
type Action string

// The actions of a plan.
const (
	Create        Action = "create"
	AddPartitions Action = "add partitions"
	SetConfig     Action = "set config"
	Blocked       Action = "blocked" // differs, and can't be changed without harm
)

// Change is one difference between a cluster and what it should be.
type Change struct {
	Action Action
	Topic  string
	Detail string

	spec        Spec
	key, value  string
	replication int16
}

func (c Change) String() string { return fmt.Sprintf("%-14s %s: %s", c.Action, c.Topic, c.Detail) }

// Changes is a plan.
type Changes []Change

// String returns one line for each change.
func (cs Changes) String() string {
	if len(cs) == 0 {
		return "Topics are as they should be.\n"
	}
	var b strings.Builder
	for _, c := range cs {
		b.WriteString(c.String())
		b.WriteByte('\n')
	}
	return b.String()
}

// Blocked returns the differences that Apply will not touch.
func (cs Changes) Blocked() Changes {
	return slices.DeleteFunc(slices.Clone(cs), func(c Change) bool { return c.Action != Blocked })
}

// Plan compares the cluster's topics with cfg's.
func Plan(ctx context.Context, cl *kgo.Client, cfg Config) (Changes, error) {
	adm := kadm.NewClient(cl)
	specs := cfg.Topics()
	names := make([]string, len(specs))
	for i := range specs {
		names[i] = specs[i].Name
	}
	have, err := adm.ListTopics(ctx, names...)
	if err != nil {
		return nil, fmt.Errorf("listing topics: %w", err)
	}
	var cs Changes
	var existing []string
	for _, s := range specs {
		t, ok := have[s.Name]
		if !ok || errors.Is(t.Err, kerr.UnknownTopicOrPartition) {
			cs = append(cs, create(&cfg, s))
			continue
		}
		if t.Err != nil {
			return nil, fmt.Errorf("topic %s: %w", s.Name, t.Err)
		}
		if s.Foreign {
			continue
		}
		existing = append(existing, s.Name)
		cs = append(cs, partitionChange(s, int32(len(t.Partitions)))...)
	}
	cc, err := configChanges(ctx, adm, specs, existing)
	return append(cs, cc...), err
}

func create(cfg *Config, s Spec) Change {
	rf := int16(-1)
	if cfg.ReplicationFactor > 0 {
		rf = cfg.ReplicationFactor
	}
	if cfg.Embedded {
		rf = 1
	}
	replicas := "the brokers' default number of replicas"
	if rf > 0 {
		replicas = fmt.Sprintf("%d replicas", rf)
	}
	return Change{Action: Create, Topic: s.Name, spec: s, replication: rf,
		Detail: fmt.Sprintf("%d partitions, %s, %s", s.Partitions, replicas, describe(s.Configs))}
}

func partitionChange(s Spec, have int32) Changes {
	switch {
	case have == s.Partitions:
		return nil
	case have < s.Partitions && !s.Fixed:
		return Changes{{Action: AddPartitions, Topic: s.Name, spec: s, Detail: fmt.Sprintf("%d, has %d", s.Partitions, have)}}
	default:
		return Changes{{Action: Blocked, Topic: s.Name, Detail: fmt.Sprintf(
			"has %d partitions, the configuration says %d; changing it would move keys away from their state. Set kafka.partitions to what the cluster has, or use another topic prefix", have, s.Partitions)}}
	}
}

func describe(m map[string]string) string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for i, k := range keys {
		keys[i] = k + "=" + m[k]
	}
	return strings.Join(keys, " ")
}

func configChanges(ctx context.Context, adm *kadm.Client, specs []Spec, existing []string) (Changes, error) {
	if len(existing) == 0 {
		return nil, nil
	}
	rcs, err := adm.DescribeTopicConfigs(ctx, existing...)
	if err != nil {
		return nil, fmt.Errorf("reading topic configs: %w", err)
	}
	have := map[string]map[string]string{}
	for _, rc := range rcs {
		if rc.Err != nil {
			return nil, fmt.Errorf("reading configs of topic %s: %w", rc.Name, rc.Err)
		}
		m := map[string]string{}
		for _, c := range rc.Configs {
			m[c.Key] = c.MaybeValue()
		}
		have[rc.Name] = m
	}
	var cs Changes
	for _, s := range specs {
		m, ok := have[s.Name]
		if !ok {
			continue
		}
		keys := make([]string, 0, len(s.Configs))
		for k := range s.Configs {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if want := s.Configs[k]; !sameConfig(m[k], want) {
				cs = append(cs, Change{Action: SetConfig, Topic: s.Name, key: k, value: want,
					Detail: fmt.Sprintf("%s from %q to %q", k, m[k], want)})
			}
		}
	}
	return cs, nil
}

// sameConfig compares lists without regard to their order.
func sameConfig(a, b string) bool {
	x, y := strings.Split(a, ","), strings.Split(b, ",")
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// Ensure makes the topics what they should be, and waits until the cluster
// shows them. It is for brokers that are ours, and for tests.
func Ensure(ctx context.Context, cl *kgo.Client, cfg Config) error {
	for {
		cs, err := Plan(ctx, cl, cfg)
		if err != nil {
			return err
		}
		if b := cs.Blocked(); len(b) > 0 {
			return fmt.Errorf("the topics don't fit the configuration:\n%s", b)
		}
		if len(cs) == 0 {
			return nil
		}
		if err := cs.Apply(ctx, cl); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the topics to appear: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond): // metadata spreads
		}
	}
}

// Apply makes the changes, except the blocked ones.
func (cs Changes) Apply(ctx context.Context, cl *kgo.Client) error {
	adm := kadm.NewClient(cl)
	for _, c := range cs {
		if err := c.apply(ctx, adm); err != nil {
			return fmt.Errorf("%s topic %s: %w", c.Action, c.Topic, err)
		}
	}
	return nil
}

func (c Change) apply(ctx context.Context, adm *kadm.Client) error {
	switch c.Action {
	case Create:
		configs := make(map[string]*string, len(c.spec.Configs))
		for k, v := range c.spec.Configs {
			configs[k] = &v
		}
		r, err := adm.CreateTopic(ctx, c.spec.Partitions, c.replication, configs, c.Topic)
		if errors.Is(err, kerr.TopicAlreadyExists) { // somebody was faster
			return nil
		}
		if err != nil && r.ErrMessage != "" {
			return fmt.Errorf("%w: %s", err, r.ErrMessage)
		}
		return err
	case AddPartitions:
		rs, err := adm.UpdatePartitions(ctx, int(c.spec.Partitions), c.Topic)
		if err != nil {
			return err
		}
		return rs.Error()
	case SetConfig:
		rs, err := adm.AlterTopicConfigs(ctx, []kadm.AlterConfig{{Op: kadm.SetConfig, Name: c.key, Value: &c.value}}, c.Topic)
		if err != nil {
			return err
		}
		for _, r := range rs {
			if r.Err != nil {
				return r.Err
			}
		}
	}
	return nil
}
