package deliver

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// queue holds the records of one partition that wait for its worker. push never
// blocks; the partition's fetching is paused while the queue is over its limit.
type queue struct {
	mu     sync.Mutex
	recs   []*kgo.Record
	bytes  int
	end    int64 // last stable offset: what readers of committed records can reach
	limit  int
	paused bool
	pause  func(bool)    // told under the lock, so that its calls keep their order
	ready  chan struct{} // holds a token while there may be something to take
}

func newQueue(limit int, pause func(bool)) *queue {
	return &queue{limit: limit, pause: pause, ready: make(chan struct{}, 1)}
}

func (q *queue) push(recs []*kgo.Record, end int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, r := range recs {
		q.bytes += size(r)
	}
	q.recs = append(q.recs, recs...)
	q.end = end
	if !q.paused && q.bytes > q.limit {
		q.paused = true
		q.pause(true)
	}
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take removes everything that waits.
func (q *queue) take() (recs []*kgo.Record, end int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	recs, q.recs, q.bytes = q.recs, nil, 0
	if q.paused {
		q.paused = false
		q.pause(false)
	}
	return recs, q.end
}

func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}

// size is what a record costs in memory, near enough.
func size(r *kgo.Record) int { return len(r.Key) + len(r.Value) + 200 }
