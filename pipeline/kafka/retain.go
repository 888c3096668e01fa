package kafka

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// Floors say, by topic and partition, from which offset on somebody still needs
// the records: a snapshot's place in the log, a reader's position. In a topic
// that is listed, a partition that is not is needed whole.
type Floors map[string]map[int32]int64

// Lower notes a further need.
func (f Floors) Lower(topic string, partition int32, offset int64) {
	if f[topic] == nil {
		f[topic] = map[int32]int64{}
	}
	if old, ok := f[topic][partition]; !ok || offset < old {
		f[topic][partition] = offset
	}
}

func (f Floors) below(topic string, partition int32, offset int64) int64 {
	if ps, ok := f[topic]; ok {
		return min(offset, ps[partition])
	}
	return offset
}

// Retainer deletes from the embedded broker what is past its retention. The
// broker's own retention forgets offsets when it empties a partition and its
// compaction is not safe, so this does both: it always leaves a partition's last
// record, and nothing that a Floor needs.
type Retainer struct {
	Config Config
	Deps   Deps
	// Floors is asked before each time.
	Floors func(context.Context) (Floors, error)
	// MaxBytes is what all topics may take; over it the oldest records go before
	// their time, as far as Floors allow. 0: no limit.
	MaxBytes int64
	// Every is how often it looks.
	Every time.Duration

	cl      *kgo.Client
	deleted *prometheus.CounterVec
	bytes   prometheus.Gauge
	rounds  map[string]int64 // offset up to which a partition of latest records was squeezed
	over    bool
}

// RetainEvery is the usual Every.
const RetainEvery = 5 * time.Minute

// Run works until ctx ends, and returns nil then.
func (r *Retainer) Run(ctx context.Context) error {
	r.deleted = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinkstar_embedded_kafka_deleted_offsets_total",
		Help: "Offsets deleted from the embedded Kafka because they were past their retention, by topic."}, []string{"topic"})
	r.bytes = prometheus.NewGauge(prometheus.GaugeOpts{Name: "pinkstar_embedded_kafka_bytes",
		Help: "What the topics of the embedded Kafka take, as of the last look (kafka.embedded_max_bytes bounds it)."})
	if reg := r.Deps.Registerer; reg != nil {
		for _, c := range []prometheus.Collector{r.deleted, r.bytes} {
			if err := reg.Register(c); err != nil {
				return fmt.Errorf("retention: %w", err)
			}
		}
	}
	for {
		if err := r.Once(ctx, time.Now()); err != nil && ctx.Err() == nil {
			r.Deps.Log.Warn().Err(err).Msg("old records could not be deleted; trying again later")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(r.Every):
		}
	}
}

// Once deletes what may go at now.
func (r *Retainer) Once(ctx context.Context, now time.Time) error {
	cl, err := NewClient(r.Config, "retain", Deps{Log: r.Deps.Log}, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer cl.Close()
	r.cl = cl
	floors, err := r.Floors(ctx)
	if err != nil {
		return fmt.Errorf("what is still needed: %w", err)
	}
	share, err := r.share(ctx)
	if err != nil {
		return err
	}
	for _, spec := range r.Config.Topics() {
		n, err := r.topic(ctx, spec, now, share, floors)
		if err != nil {
			return fmt.Errorf("topic %s: %w", spec.Name, err)
		}
		if n > 0 {
			if r.deleted != nil {
				r.deleted.WithLabelValues(spec.Name).Add(float64(n))
			}
			r.Deps.Log.Debug().Str("topic", spec.Name).Int64("offsets", n).Msg("past their retention: deleted")
		}
	}
	return nil
}

// share returns how much of each partition must go for all to stay in MaxBytes.
func (r *Retainer) share(ctx context.Context) (float64, error) {
	dirs, err := kadm.NewClient(r.cl).DescribeAllLogDirs(ctx, nil)
	if err != nil {
		return 0, fmt.Errorf("sizes: %w", err)
	}
	size := int64(0)
	for _, of := range dirs {
		size += of.Size()
	}
	if r.bytes != nil {
		r.bytes.Set(float64(size))
	}
	over := r.MaxBytes > 0 && size > r.MaxBytes
	if over && !r.over {
		r.Deps.Log.Warn().Int64("bytes", size).Int64("limit", r.MaxBytes).
			Msg("the embedded Kafka is over its limit (kafka.embedded_max_bytes): the oldest records go before their retention, except what a snapshot or a reader still needs")
	}
	if r.over = over; !over {
		return 0, nil
	}
	return 1 - float64(r.MaxBytes)/float64(size)*0.9, nil
}

func (r *Retainer) topic(ctx context.Context, spec Spec, now time.Time, share float64, floors Floors) (int64, error) {
	name := spec.Name[strings.LastIndexByte(spec.Name, '.')+1:]
	if !spec.Foreign && name == schemas.TopicState { // its writers shorten it
		return 0, nil
	}
	if !spec.Foreign && isLatest(name) {
		return r.squeeze(ctx, spec.Name, now, floors)
	}
	ms, err := strconv.ParseInt(spec.Configs["retention.ms"], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("retention.ms: %w", err)
	}
	if ms < 0 {
		return 0, nil
	}
	return r.cut(ctx, spec.Name, now.Add(-time.Duration(ms)*time.Millisecond), share, floors)
}

func isLatest(name string) bool {
	for _, t := range schemas.OutTopics {
		if t.Name == name {
			return t.Latest
		}
	}
	return false
}

// cut deletes what is older than oldest.
func (r *Retainer) cut(ctx context.Context, topic string, oldest time.Time, share float64, floors Floors) (int64, error) {
	adm := kadm.NewClient(r.cl)
	bounds, err := ReadBounds(ctx, r.cl, topic)
	if err != nil {
		return 0, err
	}
	// The end when nothing is that young.
	first, err := adm.ListOffsetsAfterMilli(ctx, oldest.UnixMilli(), topic)
	if err == nil {
		err = first.Error()
	}
	if err != nil {
		return 0, err
	}
	total, to := int64(0), kadm.Offsets{}
	first.Each(func(o kadm.ListedOffset) {
		sp := bounds.Of(topic, o.Partition)
		at := o.Offset
		if at < 0 || at >= sp.To {
			at = sp.To - 1
		}
		at = max(at, sp.From+int64(share*float64(sp.To-1-sp.From)))
		if at = floors.below(topic, o.Partition, at); at > sp.From {
			to.AddOffset(topic, o.Partition, at, -1)
			total += at - sp.From
		}
	})
	return total, deleteUpTo(ctx, adm, to)
}

func deleteUpTo(ctx context.Context, adm *kadm.Client, to kadm.Offsets) error {
	if len(to) == 0 {
		return nil
	}
	rs, err := adm.DeleteRecords(ctx, to)
	if err != nil {
		return err
	}
	return rs.Error()
}
