package ingest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func testBudget(common, largest int64, wait time.Duration) *budget {
	return newBudget(common+largest, largest, wait, prometheus.NewGauge(prometheus.GaugeOpts{Name: "x", Help: "Bytes in use."}))
}

// What is small is never refused; what is large and still comes in is refused at
// once; what is all there waits for its turn.
func TestTheBudgetRefusesWaitsAndLetsSmallOnesThrough(t *testing.T) {
	b := testBudget(1<<20, 1<<20, time.Minute)
	full := &share{b: b, known: true}
	if err := full.grow(t.Context(), 1<<20+uncounted); err != nil {
		t.Fatal(err)
	}
	small, coming := &share{b: b}, &share{b: b, known: true}
	if err := small.grow(t.Context(), uncounted); err != nil {
		t.Errorf("a small one: %v", err)
	}
	if err := coming.grow(t.Context(), uncounted+1); !errors.Is(err, errSpent) {
		t.Errorf("a body that is not all there: %v", err)
	}
	first, second := &share{b: b, known: true, complete: true}, &share{b: b, known: true, complete: true}
	if err := first.grow(t.Context(), 1<<20); err != nil || !first.inLane {
		t.Fatalf("the first in the lane: %v", err)
	}
	got := make(chan error)
	go func() { got <- second.grow(context.Background(), 1<<20) }()
	for len(b.queue) == 0 {
		time.Sleep(time.Millisecond)
	}
	first.release()
	if err := <-got; err != nil {
		t.Errorf("the second: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := (&share{b: b, known: true, complete: true}).grow(gone, 1<<20); !errors.Is(err, errSpent) {
		t.Errorf("one whose sender has gone: %v", err)
	}
	for _, s := range []*share{full, small, coming, second} {
		s.release()
	}
	if b.left != 1<<20 || b.unverified != 1<<18 || len(b.lane)+len(b.queue) != 0 || testutil.ToFloat64(b.used) != 0 {
		t.Errorf("something is not given back: %+v", b)
	}
}

// Senders that have not shown who they are share a quarter.
func TestTheUnknownShareAQuarter(t *testing.T) {
	b := testBudget(1<<20, 1<<20, time.Millisecond)
	unknown := &share{b: b}
	if err := unknown.grow(t.Context(), 1<<18+uncounted); err != nil {
		t.Fatal(err)
	}
	if err := (&share{b: b}).grow(t.Context(), uncounted+1); !errors.Is(err, errSpent) {
		t.Errorf("a second unknown one: %v", err)
	}
	if err := (&share{b: b, known: true}).grow(t.Context(), uncounted+1); err != nil {
		t.Errorf("a known one: %v", err)
	}
	unknown.verified()
	if err := (&share{b: b}).grow(t.Context(), uncounted+1); err != nil {
		t.Errorf("an unknown one after the first has shown who it is: %v", err)
	}
}

// Whatever is taken in whatever order, it all comes back, and never is more held
// than there is.
func TestTheBudgetComesBack(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		b := testBudget(1<<20, 1<<20, time.Microsecond)
		var shares []*share
		for range 200 {
			switch n := r.IntN(4); {
			case n == 0 || len(shares) == 0:
				shares = append(shares, &share{b: b, known: r.IntN(2) == 0, complete: r.IntN(2) == 0})
			case n == 1:
				i := r.IntN(len(shares))
				shares[i].release()
				shares = append(shares[:i], shares[i+1:]...)
			default:
				s := shares[r.IntN(len(shares))]
				if s.size < 1<<20 { // what one request may take
					_ = s.grow(t.Context(), r.Int64N(1<<19))
				}
			}
			if b.left < 0 || b.unverified < 0 {
				t.Fatalf("seed %d: more is held than there is: %+v", seed, b)
			}
		}
		for _, s := range shares {
			s.release()
		}
		if b.left != 1<<20 || b.unverified != 1<<18 || len(b.lane) != 0 {
			t.Fatalf("seed %d: something is not given back: %+v", seed, b)
		}
	}
}
