package deliver

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Many partitions of which each waits for the sink take no more than one would.
func TestTheRoomIsForAllPartitions(t *testing.T) {
	const partitions, record = 48, 10 << 10
	r := &room{limit: 1 << 20}
	paused := make([]bool, partitions)
	queues := make([]*queue, partitions)
	for i := range queues {
		queues[i] = newQueue(r, func(on bool) { paused[i] = on })
	}
	for range 100 {
		for i, q := range queues {
			if !paused[i] {
				q.push([]*kgo.Record{{Value: make([]byte, record)}}, 0)
			}
		}
	}
	// Each has at most one push after the room was full.
	if taken, most := r.taken.Load(), r.limit+partitions*(record+200); taken > most || taken < r.limit {
		t.Errorf("%d bytes wait, want about %d and at most %d", taken, r.limit, most)
	}
	for i, q := range queues {
		recs, _ := q.take()
		for _, rec := range recs {
			r.taken.Add(-int64(size(rec)))
		}
		if paused[i] {
			t.Errorf("partition %d stays paused", i)
		}
	}
	if r.taken.Load() != 0 || r.full() {
		t.Errorf("%d bytes are in the empty room", r.taken.Load())
	}
}
