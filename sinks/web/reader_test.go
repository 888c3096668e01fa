package web

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// patience is how long a test waits for what must come, on a loaded machine too.
const patience = 4 * time.Minute

// The reader shows committed revisions only, newest wins, tombstones remove,
// a poison record stops nothing, and it says when it has caught up.
func TestReaderFoldsCommittedRecords(t *testing.T) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(3, "t.incidents", "t.problems"))
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	newClient := func(opts ...kgo.Opt) (*kgo.Client, error) {
		return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(cluster.ListenAddrs()...)}, opts...)...)
	}
	cl, err := newClient(kgo.TransactionalID("t"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	produce := func(commit kgo.TransactionEndTry, recs ...*kgo.Record) {
		t.Helper()
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(ctx, recs...).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := cl.EndTransaction(ctx, commit); err != nil {
			t.Fatal(err)
		}
	}
	rec := func(n int, revision int64, title string) *kgo.Record {
		inc := incident(n, schemas.IncidentOpen)
		inc.Revision, inc.Title = revision, title
		b, _ := json.Marshal(inc)
		return &kgo.Record{Topic: "t.incidents", Key: []byte(inc.ID), Value: b}
	}
	produce(kgo.TryCommit, rec(1, 1, "first"), rec(2, 1, "gone"), &kgo.Record{Topic: "t.incidents", Key: []byte("x"), Value: []byte("{poison")})
	produce(kgo.TryCommit, rec(1, 2, "second"), &kgo.Record{Topic: "t.incidents", Key: []byte("INC-002")})
	produce(kgo.TryAbort, rec(1, 3, "aborted"), rec(3, 1, "aborted"))

	view := NewView(DefaultConfig())
	r, err := NewReader(view, newClient, "t.incidents", "t.problems", zerolog.Nop(), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	runCtx, stop := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(runCtx) }()
	for view.Ready() != nil {
		if ctx.Err() != nil {
			t.Fatalf("never caught up: %v", view.Ready())
		}
		time.Sleep(10 * time.Millisecond)
	}
	inc, ok := view.Incident("INC-001")
	if open, _, _, _ := view.Size(); !ok || inc.Title != "second" || open != 1 {
		t.Errorf("got %+v, %d open; want INC-001's second revision alone", inc, open)
	}
	b, _ := json.Marshal(schemas.Problem{ID: "PRB-1", Revision: 1})
	produce(kgo.TryCommit, &kgo.Record{Topic: "t.problems", Key: []byte("PRB-1"), Value: b})
	for {
		if _, ok := view.Problem("PRB-1"); ok {
			break
		}
		if ctx.Err() != nil {
			t.Fatal("a problem produced after the start never arrived")
		}
		time.Sleep(10 * time.Millisecond)
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
