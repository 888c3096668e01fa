package web

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// Verdicts finds out what the correlator made of a command: the API's own check is
// of what it knows, and something else may have come before the command on the log.
type Verdicts struct {
	newClient func(...kgo.Opt) (*kgo.Client, error)
	topic     string
	turns     chan struct{}
}

// verdictsAtOnce bounds how many commands are waited for at the same time, each with
// a reader of its own; what comes beyond is not waited for.
const verdictsAtOnce = 16

// NewVerdicts reads decisions from their topic, by its full name. newClient is as
// NewReader takes it.
func NewVerdicts(newClient func(...kgo.Opt) (*kgo.Client, error), decisionsTopic string) *Verdicts {
	return &Verdicts{newClient: newClient, topic: decisionsTopic, turns: make(chan struct{}, verdictsAtOnce)}
}

// SetVerdicts has answers to commands wait for what came of them, for as long as
// Config.CommandWait says. It is called before Handler.
func (a *API) SetVerdicts(v *Verdicts) { a.verdicts = v }

// verdict reads what is decided in one scope from the moment on at which it was
// made. A nil one knows nothing.
type verdict struct {
	cl    *kgo.Client
	leave func()
}

// watch begins to read what is decided in scope. It must be closed.
func (v *Verdicts) watch(ctx context.Context, scope string) (*verdict, error) {
	select {
	case v.turns <- struct{}{}:
	default:
		return nil, fmt.Errorf("%d commands are waited for already", verdictsAtOnce)
	}
	leave := func() { <-v.turns }
	cl, err := v.newClient(kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.FetchMaxPartitionBytes(maxPartitionBytes), kgo.FetchMaxBytes(4*maxPartitionBytes), kgo.FetchMaxWait(500*time.Millisecond))
	if err == nil {
		var from map[int32]kgo.Offset
		if from, err = v.end(ctx, cl, scope); err == nil {
			cl.AddConsumePartitions(map[string]map[int32]kgo.Offset{v.topic: from})
			return &verdict{cl, leave}, nil
		}
		cl.Close()
	}
	leave()
	return nil, fmt.Errorf("what becomes of a command can't be read: %w", err)
}

// end is where the partition with the scope's decisions ends.
func (v *Verdicts) end(ctx context.Context, cl *kgo.Client, scope string) (map[int32]kgo.Offset, error) {
	listed, err := kadm.NewClient(cl).ListCommittedOffsets(ctx, v.topic)
	if err != nil {
		return nil, err
	}
	if err := listed.Error(); err != nil {
		return nil, err
	}
	n := len(listed[v.topic])
	if n == 0 {
		return nil, fmt.Errorf("topic %s does not exist", v.topic)
	}
	p := int32(kgo.StickyKeyPartitioner(nil).ForTopic(v.topic).Partition(&kgo.Record{Key: []byte(scope)}, n))
	return map[int32]kgo.Offset{p: kgo.NewOffset().At(listed[v.topic][p].Offset)}, nil
}

func (x *verdict) close() {
	if x != nil {
		x.cl.Close()
		x.leave()
	}
}

// of waits for the decision on a signal; nil when ctx ends before it comes.
func (x *verdict) of(ctx context.Context, signal string) *schemas.Decision {
	if x == nil {
		return nil
	}
	for ctx.Err() == nil {
		var found *schemas.Decision
		x.cl.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if found == nil && decides(r, signal) {
				if d, err := schemas.Decisions.Decode(r.Value); err == nil && d.SignalID == signal {
					found = d
				}
			}
		})
		if found != nil {
			return found
		}
	}
	return nil
}

// decides looks at the headers alone: in a storm there is much else.
func decides(r *kgo.Record, signal string) bool {
	typ, id := false, false
	for _, h := range r.Headers {
		switch h.Key {
		case schemas.HeaderType:
			typ = string(h.Value) == schemas.TypeDecision
		case schemas.HeaderID:
			id = bytes.HasPrefix(h.Value, []byte(signal))
		}
	}
	return typ && id
}
