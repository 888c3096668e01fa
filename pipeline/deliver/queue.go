package deliver

import (
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kgo"
)

// room is what the records of all partitions take that wait or are being written.
// There are many partitions, and when the sink is away all of them wait.
type room struct {
	limit int64
	taken atomic.Int64
}

func (r *room) full() bool { return r.taken.Load() > r.limit }

// smallBatch is how many bytes are not worth a batch of their own, however full the
// room is.
const smallBatch = 256 << 10

// calls reports whether a batch of so many bytes is to be written early: it makes room
// for others.
func (r *room) calls(bytes int) bool { return r.full() && int64(bytes) >= min(smallBatch, r.limit/8) }

// queue holds the records of one partition that wait for its worker. push never
// blocks; the partition's fetching is paused from a push on that finds the room full
// until the worker takes what waits.
type queue struct {
	mu     sync.Mutex
	recs   []*kgo.Record
	bytes  int
	end    int64 // last stable offset: what readers of committed records can reach
	room   *room
	paused bool
	pause  func(bool)    // told under the lock, so that its calls keep their order
	ready  chan struct{} // holds a token while there may be something to take
}

func newQueue(room *room, pause func(bool)) *queue {
	return &queue{room: room, pause: pause, ready: make(chan struct{}, 1)}
}

func (q *queue) push(recs []*kgo.Record, end int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := 0
	for _, r := range recs {
		n += size(r)
	}
	q.bytes += n
	q.room.taken.Add(int64(n))
	q.recs = append(q.recs, recs...)
	q.end = end
	if !q.paused && q.room.full() {
		q.paused = true
		q.pause(true)
	}
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take removes everything that waits. It stays in the room until the worker is done
// with it.
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
