package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/deliver"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// kafka asks the brokers.
func (d *doctor) kafka(ctx context.Context, kc kafka.Config) {
	cl, err := kafka.NewClient(kc, "doctor", kafka.Deps{Log: d.log.Level(zerolog.Disabled)})
	if err != nil {
		d.say("kafka", Failure, "correct kafka in the settings", "%v", err)
		return
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	meta, err := adm.BrokerMetadata(ctx)
	if err != nil {
		d.say("kafka", Failure, "see that they run, that kafka.brokers names them, and that TLS and SASL are theirs",
			"%s: %s", strings.Join(kc.Brokers, ","), cause(ctx, err))
		return
	}
	d.eachBroker(ctx, cl, meta.Brokers)
	if !d.topics(ctx, cl, adm, kc, len(meta.Brokers)) {
		return
	}
	d.rights(ctx, cl, kc)
	d.lags(ctx, adm, kc)
	d.newest(ctx, adm, kc)
}

// eachBroker talks to every one: a client finds its way around one that is away
// until that one is the leader of something.
func (d *doctor) eachBroker(ctx context.Context, cl *kgo.Client, all kadm.BrokerDetails) {
	away := 0
	for _, b := range all {
		one, cancel := context.WithTimeout(ctx, 5*time.Second)
		_, err := cl.Broker(int(b.NodeID)).Request(one, kmsg.NewPtrApiVersionsRequest())
		cancel()
		if err != nil {
			away++
			d.say("kafka", Failure, "start it, or see that its advertised listener can be reached from here", "broker %d at %s:%d does not answer: %v", b.NodeID, b.Host, b.Port, err)
		}
	}
	if away == 0 {
		d.good("kafka", "all %d brokers answer", len(all))
	}
}

// topics compares them with the settings, and looks at their replicas. It returns
// whether they are all there.
func (d *doctor) topics(ctx context.Context, cl *kgo.Client, adm *kadm.Client, kc kafka.Config, brokers int) bool {
	plan, err := kafka.Plan(ctx, cl, kc)
	if err != nil {
		d.say("topics", Failure, "give this user DESCRIBE and DESCRIBE_CONFIGS on them", "%s", cause(ctx, err))
		return false
	}
	there := true
	for _, c := range plan {
		what := fmt.Sprintf("%s: %s: %s", c.Topic, c.Action, c.Detail)
		switch c.Action {
		case kafka.Create:
			there = false
			d.say("topics", Failure, "`pinkstar topics apply`", "%s", what)
		case kafka.Blocked:
			d.say("topics", Failure, "as it says; nothing does it for you", "%s", what)
		default:
			d.say("topics", Warning, "`pinkstar topics apply`", "%s", what)
		}
	}
	if !there {
		return false
	}
	list, err := adm.ListTopics(ctx, names(kc)...)
	if err != nil {
		d.say("topics", Failure, "see what the brokers' log says", "%s", cause(ctx, err))
		return false
	}
	single, behind, away := []string{}, []string{}, []string{}
	for _, t := range list.Sorted() {
		for _, p := range t.Partitions.Sorted() {
			name := fmt.Sprintf("%s/%d", t.Topic, p.Partition)
			switch {
			case p.Leader < 0:
				away = append(away, name)
			case len(p.ISR) < len(p.Replicas):
				behind = append(behind, name)
			case len(p.Replicas) == 1 && brokers > 1 && !slices.Contains(single, t.Topic):
				single = append(single, t.Topic)
			}
		}
	}
	for _, f := range []struct {
		of        []string
		level     Level
		what, fix string
	}{
		{away, Failure, "no broker leads %s", "start the brokers that have them"},
		{behind, Warning, "replicas are behind: %s", "see which broker is away or slow"},
		{single, Warning, "one replica only, though there are more brokers: %s", "set kafka.replication_factor for new topics, and reassign these with Kafka's own tools"},
	} {
		if len(f.of) > 0 {
			d.say("topics", f.level, f.fix, f.what, some(f.of))
		}
	}
	if len(plan)+len(single)+len(behind)+len(away) == 0 {
		d.good("topics", "all %d are as the settings have them: partitions, retention, cleanup, replicas", len(list))
	}
	return true
}

func names(kc kafka.Config) (names []string) {
	for _, s := range kc.Topics() {
		names = append(names, s.Name)
	}
	return names
}

// some is the first few of many.
func some(all []string) string {
	if len(all) > 5 {
		return fmt.Sprintf("%s and %d more", strings.Join(all[:5], ", "), len(all)-5)
	}
	return strings.Join(all, ", ")
}

// need is what the roles do with a topic.
func (d *doctor) need(kc kafka.Config) map[string][]kmsg.ACLOperation {
	const read, write, del = kmsg.ACLOperationRead, kmsg.ACLOperationWrite, kmsg.ACLOperationDelete
	out := map[string][]kmsg.ACLOperation{}
	add := func(topic string, ops ...kmsg.ACLOperation) {
		out[topic] = append(out[topic], ops...)
	}
	signals, state := kc.Topic(schemas.TopicSignals), kc.Topic(schemas.TopicState)
	if d.cfg.Has(config.RoleGateway) || d.cfg.Has(config.RoleWeb) {
		add(signals, write)
	}
	if d.cfg.Has(config.RoleNormalise) {
		for _, t := range []string{schemas.TopicAlerts, schemas.TopicTickets, schemas.TopicChanges} {
			add(kc.Topic(t), read)
		}
		add(signals, write)
		add(state, read, write, del)
	}
	for _, t := range schemas.OutTopics {
		if d.cfg.Has(config.RoleCorrelate) {
			add(kc.Topic(t.Name), write)
		}
		if d.cfg.Has(config.RoleWrite) || d.cfg.Has(config.RoleWeb) && t.Latest {
			add(kc.Topic(t.Name), read)
		}
	}
	if d.cfg.Has(config.RoleCorrelate) {
		add(signals, read, write)
		add(state, read, write, del)
	}
	return out
}

// rights asks what the brokers would let us do with each topic.
func (d *doctor) rights(ctx context.Context, cl *kgo.Client, kc kafka.Config) {
	need := d.need(kc)
	req := kmsg.NewPtrMetadataRequest()
	req.IncludeTopicAuthorizedOperations = true
	for _, name := range names(kc) {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = new(name)
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, cl)
	if err != nil {
		d.say("rights", Unknown, "", "the brokers do not say what this user may do: %s", cause(ctx, err))
		return
	}
	lacking, silent := 0, 0
	for _, t := range resp.Topics {
		if t.AuthorizedOperations == math.MinInt32 {
			silent++
			continue
		}
		var missing []string
		for _, op := range need[*t.Topic] {
			if t.AuthorizedOperations&(1<<int32(op)) == 0 {
				missing = append(missing, op.String())
			}
		}
		if len(missing) > 0 {
			lacking++
			d.say("rights", Failure, "give them to this user with Kafka's ACLs", "%s: this user lacks %s", *t.Topic, strings.Join(missing, ", "))
		}
	}
	switch {
	case lacking > 0:
	case silent > 0:
		d.say("rights", Unknown, "", "the brokers do not say what this user may do with %d of the topics", silent)
	default:
		d.good("rights", "this user may do with %d topics what its roles need", len(resp.Topics))
	}
}

// lagWarning is how many records behind a role may be without a word.
const lagWarning = 10_000

// lags says how far each role is behind, and which has nobody.
func (d *doctor) lags(ctx context.Context, adm *kadm.Client, kc kafka.Config) {
	groups := map[string]string{
		config.RoleNormalise: kc.Name(process.RoleNormalise),
		config.RoleCorrelate: kc.Name(process.RoleCorrelate),
		config.RoleWrite:     deliver.Group(kc, "clickhouse"),
	}
	for _, role := range config.Roles {
		group, ok := groups[role]
		if !ok || !d.cfg.Has(role) {
			continue
		}
		lags, err := adm.Lag(ctx, group)
		if err == nil {
			err = lags.Error()
		}
		switch {
		case errors.Is(err, kerr.GroupIDNotFound):
			d.say("lag", Unknown, "", "%s: nobody has read as group %s yet", role, group)
			continue
		case err != nil:
			d.say("lag", Unknown, "give this user DESCRIBE on the group", "%s: group %s: %s", role, group, cause(ctx, err))
			continue
		}
		l := lags[group]
		switch behind := l.Lag.Total(); {
		case len(l.Members) == 0 && behind > 0:
			d.say("lag", Failure, "start a pinkstar with the role "+role, "%s: nobody is at work, and %d records wait", role, behind)
		case behind > lagWarning:
			d.say("lag", Warning, "more instances, up to one for each partition; see deploy/SIZING.md", "%s: %d records behind, with %d at work", role, behind, len(l.Members))
		default:
			d.good("lag", "%s: %d records behind, with %d at work", role, behind, len(l.Members))
		}
	}
}

// aheadWarning is how far a record may be ahead of this machine's clock.
const aheadWarning = time.Minute

// newest compares the time of the newest records with this machine's clock.
func (d *doctor) newest(ctx context.Context, adm *kadm.Client, kc kafka.Config) {
	ask := []string{kc.Topic(schemas.TopicSignals), kc.Topic(schemas.TopicAlerts), kc.Topic(schemas.TopicTickets), kc.Topic(schemas.TopicChanges)}
	at, err := adm.ListMaxTimestampOffsets(ctx, ask...)
	if err == nil {
		err = at.Error()
	}
	if err != nil {
		d.say("clock", Unknown, "", "the brokers do not say how new their records are: %s", cause(ctx, err))
		return
	}
	found := false
	now := d.now()
	at.Each(func(o kadm.ListedOffset) {
		if ahead := time.UnixMilli(o.Timestamp).Sub(now); o.Timestamp > 0 && ahead > aheadWarning {
			found = true
			d.say("clock", Warning, "set the clock of this machine, or of whoever wrote it (NTP); `pinkstar clock` sets log time back",
				"%s/%d: a record is %s ahead of this machine's clock", o.Topic, o.Partition, ahead.Round(time.Second))
		}
	})
	if !found {
		d.good("clock", "no record is ahead of this machine's clock")
	}
}
