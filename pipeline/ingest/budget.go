package ingest

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// uncounted is what every request may take before it is counted: small ones get
// through however much large ones hold.
const uncounted = 64 << 10

// errSpent says that the bytes of all requests together are at their limit.
var errSpent = errors.New("the requests being worked on take all the memory that is meant for them (limits.in_flight_bytes)")

// budget bounds what all requests hold at once: bodies as sent, decompressed
// and read into signals. It is spent as a request grows, before the memory is
// taken.
//
// What does not fit is refused while its body comes in: nobody may hold memory
// and wait for more while somebody slow holds the rest. A request that is all
// there may wait its turn in a lane of one, for which the budget keeps enough for
// the largest: so large ones are not starved by many small ones.
type budget struct {
	mu         sync.Mutex
	left       int64
	unverified int64         // left to senders that are not known yet
	lane       chan struct{} // one place
	queue      chan struct{} // those that wait for it
	wait       time.Duration
	used       prometheus.Gauge
}

// maxQueue bounds how many wait for the lane: each of them holds what it has, and
// a place among those that are worked on.
const maxQueue = 16

// newBudget returns a budget of total bytes; largest is what one request may
// take.
func newBudget(total, largest int64, wait time.Duration, used prometheus.Gauge) *budget {
	common := total - largest
	return &budget{left: common, unverified: common / 4, lane: make(chan struct{}, 1), queue: make(chan struct{}, maxQueue), wait: wait, used: used}
}

// share is one request's part of the budget; release gives it back.
type share struct {
	b          *budget
	size       int64 // all that the request holds
	taken      int64 // of the common part
	unverified int64 // of it, taken before the sender was known
	known      bool  // the sender has shown who it is
	complete   bool  // the body is there: it may wait
	inLane     bool
}

// grow takes n more bytes, or returns errSpent.
func (s *share) grow(ctx context.Context, n int64) error {
	s.size += n
	need := s.size - uncounted - s.taken
	if s.inLane || need <= 0 || s.take(need) {
		return nil
	}
	if !s.complete {
		return errSpent
	}
	select {
	case s.b.queue <- struct{}{}:
		defer func() { <-s.b.queue }()
	default:
		return errSpent
	}
	ctx, cancel := context.WithTimeout(ctx, s.b.wait)
	defer cancel()
	select {
	case s.b.lane <- struct{}{}:
		s.inLane = true
		return nil
	case <-ctx.Done():
		return errSpent
	}
}

func (s *share) take(n int64) bool {
	b := s.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < n || !s.known && b.unverified < n {
		return false
	}
	if !s.known {
		b.unverified -= n
		s.unverified += n
	}
	b.left -= n
	s.taken += n
	b.used.Add(float64(n))
	return true
}

// verified notes that the sender is known.
func (s *share) verified() {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	s.b.unverified += s.unverified
	s.unverified, s.known = 0, true
}

// release gives everything back; the share is not used after it.
func (s *share) release() {
	s.verified()
	s.b.mu.Lock()
	s.b.left += s.taken
	s.b.mu.Unlock()
	s.b.used.Sub(float64(s.taken))
	if s.inLane {
		<-s.b.lane
	}
}
