package importer

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/correlate/rules"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// Publisher writes outcomes to their topics.
type Publisher struct {
	cfg kafka.Config
	cl  *kgo.Client
	now time.Time

	problems map[string]int64 // revisions that are there, by id

	mu  sync.Mutex
	err error // of the first record that failed
}

// NewPublisher returns a publisher that stamps its records with now; Close ends
// it.
func NewPublisher(cfg kafka.Config, deps kafka.Deps, now time.Time) (*Publisher, error) {
	cl, err := kafka.NewClient(cfg, "import", deps, kgo.UnknownTopicRetries(1), kgo.MaxBufferedRecords(cfg.MaxBuffered))
	if err != nil {
		return nil, err
	}
	return &Publisher{cfg: cfg, cl: cl, now: now}, nil
}

// Overlap is what the installation's log of signals has of the time of a history.
type Overlap struct {
	Records int64 // from its first signal to its last
	Known   int   // signals of it that the log has since its first one
}

// Overlap reads the installation's log of signals from where h begins.
func (p *Publisher) Overlap(ctx context.Context, deps kafka.Deps, h *History) (o Overlap, err error) {
	topic := p.cfg.Topic(schemas.TopicSignals)
	from, to := h.Span()
	first, err := p.offsets(ctx, topic, from)
	if err != nil {
		return o, err
	}
	after, err := p.offsets(ctx, topic, to+1)
	if err != nil {
		return o, err
	}
	spans, err := kafka.StableSpans(ctx, p.cl, topic)
	if err != nil {
		return o, err
	}
	known := map[schemas.ID]bool{}
	for _, part := range slices.Sorted(maps.Keys(spans)) {
		begin, _ := first.Lookup(topic, part)
		end, _ := after.Lookup(topic, part)
		o.Records += max(end.Offset-begin.Offset, 0)
		sp := spans[part]
		sp.From = max(sp.From, begin.Offset)
		err := kafka.ReadSpan(ctx, p.cfg, deps, topic, sp, func(r *kgo.Record) error {
			if id, err := schemas.ParseID(string(kafka.Header(r, schemas.HeaderID))); err == nil && h.ids[id] {
				known[id] = true
			}
			return nil
		})
		if err != nil {
			return o, fmt.Errorf("reading %s: %w", topic, err)
		}
	}
	o.Known = len(known)
	return o, nil
}

// offsets are those of the first records at a time or later.
func (p *Publisher) offsets(ctx context.Context, topic string, at schemas.Time) (kadm.ListedOffsets, error) {
	l, err := kadm.NewClient(p.cl).ListOffsetsAfterMilli(ctx, int64(at), topic)
	if err == nil {
		err = l.Error()
	}
	if err != nil {
		return nil, fmt.Errorf("asking where %s begins: %w", topic, err)
	}
	return l, nil
}

// ReadProblems notes which problems are there: one that has recurred since an
// earlier import is not to be put back.
func (p *Publisher) ReadProblems(ctx context.Context, deps kafka.Deps) error {
	topic := p.cfg.Topic(schemas.TopicProblems)
	spans, err := kafka.StableSpans(ctx, p.cl, topic)
	if err != nil {
		return err
	}
	p.problems = map[string]int64{}
	for _, part := range slices.Sorted(maps.Keys(spans)) {
		err := kafka.ReadSpan(ctx, p.cfg, deps, topic, spans[part], func(r *kgo.Record) error {
			var is struct {
				ID       string `json:"id"`
				Revision int64  `json:"revision"`
			}
			if json.Unmarshal(r.Value, &is) == nil { // else a tombstone, or not ours to judge
				p.problems[is.ID] = max(p.problems[is.ID], is.Revision)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("reading %s: %w", topic, err)
		}
	}
	return nil
}

// isThere reports whether that revision of a problem, or a later one, is.
func (p *Publisher) isThere(e *schemas.Emission) bool {
	id, revision := schemas.RevisionIn(e.ID)
	return e.Type == schemas.TypeProblem && revision <= p.problems[id]
}

// maxKnown is how many bytes of problems one record tells of: a record of signals
// may take 256 KiB.
const maxKnown = 128 << 10

// Tell makes problems known to the engines that run, each to the one of its scope.
// Whoever knows a problem, or one like it, learns nothing.
func (p *Publisher) Tell(ctx context.Context, known []schemas.KnownProblem) error {
	byScope := map[string][]json.RawMessage{}
	for i := range known {
		text, err := schemas.Marshal(known[i])
		if err != nil {
			return err
		}
		if len(text) > maxKnown {
			continue // published all the same
		}
		byScope[known[i].Problem.Scope] = append(byScope[known[i].Problem.Scope], text)
	}
	for _, scope := range slices.Sorted(maps.Keys(byScope)) {
		var part []json.RawMessage
		size := 0
		for i, text := range byScope[scope] {
			part, size = append(part, text), size+len(text)
			if last := i == len(byScope[scope])-1; last || size+len(byScope[scope][i+1]) > maxKnown {
				if err := p.tell(ctx, scope, part); err != nil {
					return err
				}
				part, size = nil, 0
			}
		}
	}
	return p.failed()
}

func (p *Publisher) tell(ctx context.Context, scope string, known []json.RawMessage) error {
	text, err := json.Marshal(known)
	if err != nil {
		return err
	}
	at := schemas.TimeOf(p.now)
	r := kafka.ControlRecord(&p.cfg, 0, &schemas.Signal{
		Kind: schemas.KindActivation, Source: "import", Name: schemas.WhatProblems, Scope: scope, StartsAt: at, ReceivedAt: at,
		Activation: &schemas.Activation{What: schemas.WhatProblems, Version: rules.VersionOf(text), Text: string(text)},
	})
	r.Key = []byte(scope) // so that it comes to the scope's partition, and moves log time as any signal does
	p.cl.Produce(ctx, r, p.produced)
	return nil
}

// Put hands an outcome on. The error is that of any record before it.
func (p *Publisher) Put(ctx context.Context, e schemas.Emission) error {
	if p.isThere(&e) {
		return nil
	}
	r, _ := kafka.FittingRecord(&p.cfg, e)
	r.Timestamp = p.now
	p.cl.Produce(ctx, r, p.produced) // waits when its buffer is full
	return p.failed()
}

func (p *Publisher) produced(r *kgo.Record, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil && p.err == nil {
		p.err = fmt.Errorf("writing to %s: %w (the import can be run again: it changes nothing twice)", r.Topic, err)
	}
}

func (p *Publisher) failed() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Flush returns once the brokers have acknowledged everything.
func (p *Publisher) Flush(ctx context.Context) error {
	if err := p.cl.Flush(ctx); err != nil {
		return err
	}
	return p.failed()
}

// Close lets the brokers go.
func (p *Publisher) Close() { p.cl.Close() }
