package kafka

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
)

// TestLayoutIsKfakes holds what segment.go and statelog.go know against what
// the pinned kfake writes.
func TestLayoutIsKfakes(t *testing.T) {
	dir := t.TempDir()
	e := NewEmbedded(DefaultEmbeddedConfig(dir), zerolog.Nop())
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	cfg := DefaultConfig()
	cfg.Brokers, cfg.Embedded, cfg.Partitions = []string{e.Addr()}, true, 1
	cl, err := NewClient(cfg, "test", Deps{Log: zerolog.Nop()}, kgo.TransactionalID("layout"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := Ensure(t.Context(), cl, cfg); err != nil {
		t.Fatal(err)
	}
	topic := cfg.Topic("decisions")
	for _, commit := range []kgo.TransactionEndTry{kgo.TryCommit, kgo.TryAbort} {
		if err := cl.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: topic, Value: []byte("x")}, &kgo.Record{Topic: topic, Value: []byte("y")}).FirstErr(); err != nil {
			t.Fatal(err)
		}
		if err := cl.EndTransaction(t.Context(), commit); err != nil {
			t.Fatal(err)
		}
	}
	p, err := readPartition(filepath.Join(dir, "partitions", topic+"-0"))
	if err != nil || len(p.segments) != 1 {
		t.Fatalf("%d segments, %v", len(p.segments), err)
	}
	s := p.segments[0]
	if s.good() != s.size || len(s.batches) < 4 {
		t.Errorf("of %d bytes %d are whole batches, %d in all", s.size, s.good(), len(s.batches))
	}
	idx, err := os.ReadFile(s.idx())
	if err != nil || !s.indexMatches(idx) {
		t.Errorf("the index is not what we would write (%v):\n% x\n% x", err, idx, s.indexBytes())
	}
	raw, err := os.ReadFile(s.dat())
	if err != nil {
		t.Fatal(err)
	}
	var ends []bool
	for _, b := range s.batches {
		if !b.control() {
			continue
		}
		ends = append(ends, b.commit)
		ours := marker(b.base, b.epoch, b.pid, b.pidEpoch, b.commit, b.maxTime)
		if theirs := raw[b.pos : b.pos+b.size]; !bytes.Equal(ours, theirs) {
			t.Errorf("the marker at offset %d is not what we would write:\n% x\n% x", b.base, theirs, ours)
		}
	}
	if len(ends) != 2 || !ends[0] || ends[1] {
		t.Errorf("the markers say %v, want a commit and an abort", ends)
	}
	if s.batches[0].pidEpoch == s.batches[len(s.batches)-1].pidEpoch {
		t.Error("two transactions share an epoch: repair relies on KIP-890")
	}
	log, err := os.ReadFile(filepath.Join(dir, "pids.log"))
	if err != nil {
		t.Fatal(err)
	}
	es, good := entries(log)
	if good != len(log) || len(es) == 0 {
		t.Errorf("of %d bytes of pids.log %d are whole entries", len(log), good)
	}
	var again []byte
	for _, b := range es {
		again, err = appendEntry(again, rawJSON(b))
		if err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(again, log) {
		t.Error("pids.log is not framed as we would frame it")
	}
}

type rawJSON []byte

func (r rawJSON) MarshalJSON() ([]byte, error) { return r, nil }
