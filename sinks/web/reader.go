package web

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// maxPartitionBytes and maxFetchBytes bound what a fetch takes of one partition
// and in all. Partitions times the first must stay within the second: kfake
// cuts a fetch that is over its total in a way that shows aborted records.
const (
	maxPartitionBytes = 512 << 10
	maxFetchBytes     = 64 << 20
)

// settled is how long a topic must stay silent before the view counts as
// caught up although the end offset was not seen: compaction may have removed
// the last records.
const settled = 3 * time.Second

// Reader feeds a View from the incidents and problems topics. Every instance
// reads all partitions itself, without a group.
type Reader struct {
	view      *View
	newClient func(...kgo.Opt) (*kgo.Client, error)
	incidents string
	problems  string
	others    map[string]func(value []byte) error // by topic: who else reads it
	log       zerolog.Logger
	bad       prometheus.Counter
}

// NewReader returns a reader of the two topics, by their full names. newClient
// makes a client with the installation's brokers and credentials plus opts.
func NewReader(view *View, newClient func(...kgo.Opt) (*kgo.Client, error), incidentsTopic, problemsTopic string,
	log zerolog.Logger, reg prometheus.Registerer) (*Reader, error) {
	r := &Reader{view: view, newClient: newClient, incidents: incidentsTopic, problems: problemsTopic, others: map[string]func([]byte) error{}, log: log,
		bad: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "pinkstar_web_unreadable_records_total", Help: "Records of the incidents and problems topics that could not be read.",
		})}
	if err := reg.Register(r.bad); err != nil {
		return nil, err
	}
	return r, reg.Register(&viewMetrics{view})
}

// Follow has take read another topic beside the two, from its beginning: the
// view counts as caught up when that is read too. It is called before Run.
func (r *Reader) Follow(topic string, take func(value []byte) error) { r.others[topic] = take }

// topics are all that are read.
func (r *Reader) topics() []string {
	return append(slices.Sorted(maps.Keys(r.others)), r.incidents, r.problems)
}

// Run reads until ctx ends. It returns an error only for what another try
// cannot mend.
func (r *Reader) Run(ctx context.Context) error {
	ends, err := r.ends(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	partitions := 0
	for _, ps := range ends {
		partitions += len(ps)
	}
	share := min(maxPartitionBytes, maxFetchBytes/max(partitions, 1))
	total := min(int64(share+1<<20+1<<16)*int64(max(partitions, 1)), 1<<30)
	cl, err := r.newClient(
		kgo.ConsumeTopics(r.topics()...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), // a fold: reading again does no harm
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // their offsets tell how far the reader is
		kgo.FetchMaxPartitionBytes(int32(share)),
		// Room for one batch more of each partition: the embedded broker counts
		// the one that no longer fits, and shows aborted records when this limit,
		// not a partition's, cuts a fetch.
		kgo.FetchMaxBytes(int32(total)),
		kgo.BrokerMaxReadBytes(int32(min(2*total+1<<20, 1<<31-1))),
		kgo.FetchMaxWait(500*time.Millisecond),
	)
	if err != nil {
		return fmt.Errorf("live view: %w", err)
	}
	defer cl.Close()
	r.follow(ctx, cl, ends)
	return nil
}

// ends asks where the topics end now, until the brokers answer and all
// are there.
func (r *Reader) ends(ctx context.Context) (map[string]map[int32]int64, error) {
	cl, err := r.newClient()
	if err != nil {
		return nil, fmt.Errorf("live view: %w", err)
	}
	defer cl.Close()
	adm := kadm.NewClient(cl)
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = 100*time.Millisecond, 5*time.Second, 2
	return backoff.Retry(ctx, func() (map[string]map[int32]int64, error) { return askEnds(ctx, adm, r.topics()...) },
		backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(0), backoff.WithNotify(func(err error, _ time.Duration) {
			r.view.setReady(fmt.Errorf("the live view waits for the brokers: %w", err))
		}))
}

func askEnds(ctx context.Context, adm *kadm.Client, topics ...string) (map[string]map[int32]int64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	listed, err := adm.ListCommittedOffsets(ctx, topics...)
	if err != nil {
		return nil, err
	}
	if err := listed.Error(); err != nil {
		return nil, err
	}
	ends := map[string]map[int32]int64{}
	for _, t := range topics {
		if len(listed[t]) == 0 {
			return nil, fmt.Errorf("topic %s does not exist; `pinkstar topics apply` creates it", t)
		}
		ends[t] = map[int32]int64{}
		for p, o := range listed[t] {
			ends[t][p] = o.Offset
		}
	}
	return ends, nil
}

// follow folds records into the view and says when it has caught up.
func (r *Reader) follow(ctx context.Context, cl *kgo.Client, ends map[string]map[int32]int64) {
	for t, ps := range ends { // empty partitions have nothing to wait for
		for p, end := range ps {
			if end <= 0 {
				delete(ends[t], p)
			}
		}
	}
	caughtUp := false
	quietSince := time.Now()
	for {
		left := 0
		for _, ps := range ends {
			left += len(ps)
		}
		if !caughtUp && (left == 0 || time.Since(quietSince) > settled) {
			caughtUp = true
			r.view.setReady(nil)
			open, closed, problems, _ := r.view.Size()
			r.log.Info().Int("open", open).Int("closed", closed).Int("problems", problems).Msg("live view has caught up")
		}
		fetches := r.poll(ctx, cl)
		if ctx.Err() != nil {
			return
		}
		failed := false
		fetches.EachError(func(topic string, p int32, err error) {
			if ctx.Err() == nil && !errors.Is(err, context.DeadlineExceeded) {
				failed = true
				r.log.Warn().Err(err).Str("topic", topic).Int32("partition", p).Msg("live view cannot read; it goes on trying")
			}
		})
		if failed || fetches.NumRecords() > 0 {
			quietSince = time.Now()
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			if rec.Offset+1 >= ends[rec.Topic][rec.Partition] {
				delete(ends[rec.Topic], rec.Partition)
			}
			if !rec.Attrs.IsControl() {
				r.take(rec)
			}
		})
	}
}

// poll returns after a second even when there is nothing, so that follow can
// see that there is nothing.
func (r *Reader) poll(ctx context.Context, cl *kgo.Client) kgo.Fetches {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return cl.PollRecords(ctx, 10_000)
}

func (r *Reader) take(rec *kgo.Record) {
	var err error
	switch other := r.others[rec.Topic]; {
	case other != nil && rec.Value == nil: // nothing more is to be known of it
	case other != nil:
		err = other(rec.Value)
	case rec.Topic == r.incidents && rec.Value == nil:
		r.view.DropIncident(string(rec.Key))
	case rec.Topic == r.problems && rec.Value == nil:
		r.view.DropProblem(string(rec.Key))
	case rec.Topic == r.incidents:
		var inc *schemas.Incident
		var rest packed
		if inc, rest, err = decode(rec.Value); err == nil {
			r.view.put(inc, rest)
		}
	default:
		var p *schemas.Problem
		if p, err = schemas.Problems.Decode(rec.Value); err == nil {
			r.view.PutProblem(p)
		}
	}
	if err != nil {
		r.bad.Inc()
		r.log.Error().Err(err).Str("topic", rec.Topic).Int32("partition", rec.Partition).Int64("offset", rec.Offset).
			Msg("live view skips a record that it cannot read")
	}
}
