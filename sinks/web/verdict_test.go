package web

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// deciding is a producer whose signals an engine decides on at once, in a
// transaction: with the verdict that is set, or not at all.
type deciding struct {
	t       *testing.T
	cl      *kgo.Client
	verdict schemas.Verdict // "": it has not come to them
}

func (p *deciding) Produce(ctx context.Context, signals []schemas.Signal) error {
	record := func(e schemas.Emission) *kgo.Record {
		return &kgo.Record{Topic: "t." + e.Topic, Key: []byte(e.Key), Value: e.Append(nil),
			Headers: []kgo.RecordHeader{{Key: schemas.HeaderID, Value: []byte(e.ID)}, {Key: schemas.HeaderType, Value: []byte(e.Type)}}}
	}
	write := func(how kgo.TransactionEndTry, recs ...*kgo.Record) {
		if err := p.cl.BeginTransaction(); err != nil {
			p.t.Error(err)
		}
		if err := p.cl.ProduceSync(ctx, recs...).FirstErr(); err != nil {
			p.t.Error(err)
		}
		if err := p.cl.EndTransaction(ctx, how); err != nil {
			p.t.Error(err)
		}
	}
	for i := range signals {
		s := &signals[i]
		decision := func(id string, v schemas.Verdict) *kgo.Record {
			return record(schemas.Decisions.Emission(&schemas.Decision{SignalID: id, Revision: 1, Scope: s.Scope, Kind: s.Kind, Verdict: v, Reason: "the step is none of its procedure"}))
		}
		other := schemas.VerdictRefused
		if p.verdict == other {
			other = schemas.VerdictPlaced
		}
		write(kgo.TryAbort, decision(s.ID, other))
		write(kgo.TryCommit, decision("another", other), record(schemas.Timeline.Emission(&schemas.TimelineEntry{IncidentID: s.ID, Scope: s.Scope, SignalID: s.ID})))
		if p.verdict != "" {
			write(kgo.TryCommit, decision(s.ID, p.verdict))
		}
	}
	return nil
}

// What the engine refuses behind the API's check is refused; what it does is done;
// what it has not come to is taken.
func TestTheAnswerToACommandIsWhatCameOfIt(t *testing.T) {
	t.Parallel()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(7, "t.decisions"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	addrs := cluster.ListenAddrs()
	newClient := func(opts ...kgo.Opt) (*kgo.Client, error) {
		return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(addrs...)}, opts...)...)
	}
	cl, err := newClient(kgo.TransactionalID("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	p := &deciding{t: t, cl: cl}
	view := NewView(DefaultConfig())
	view.setReady(nil)
	inc := incident(1, schemas.IncidentOpen)
	view.PutIncident(&inc)
	cfg := DefaultConfig()
	cfg.CommandWait = patience
	a, err := New(cfg, view, nil, p, zerolog.Nop(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	a.SetVerdicts(NewVerdicts(newClient, "t.decisions"))
	order := func() (bool, error) {
		return a.Order(t.Context(), schemas.Command{Action: schemas.ActionNote, IncidentID: inc.ID, Note: "x", By: "ona"}, "chat", "k")
	}
	p.verdict = schemas.VerdictPlaced
	if done, err := order(); err != nil || !done {
		t.Errorf("what was carried out: done %t, %v", done, err)
	}
	p.verdict = schemas.VerdictRefused
	done, err := order()
	if e, ok := errors.AsType[*apierror.Error](err); !ok || e.Status != http.StatusConflict || e.Detail != "the step is none of its procedure" || done {
		t.Errorf("what the engine refuses: done %t, %v", done, err)
	}
	p.verdict = ""
	for _, wait := range []time.Duration{400 * time.Millisecond, 0} { // how long is nobody's to rely on: it is taken either way
		a.cfg.CommandWait = wait
		if done, err := order(); err != nil || done {
			t.Errorf("what has its turn later: done %t, %v", done, err)
		}
	}
	cluster.Close()
	a.cfg.CommandWait = 400 * time.Millisecond

	a.producer = &memoryProducer{}
	if done, err := order(); err != nil || done {
		t.Errorf("a command is refused because nobody can tell what will become of it: done %t, %v", done, err)
	}
	if n := len(a.verdicts.turns); n != 0 {
		t.Errorf("%d turns are still taken", n)
	}
}
