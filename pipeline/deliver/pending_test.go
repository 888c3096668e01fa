package deliver

import (
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"
)

// A worker that has written all it had must not keep the records: they hold the
// fetched batches that they came from.
func TestWrittenRecordsAreLetGo(t *testing.T) {
	w := &worker{d: &Delivery{cfg: DefaultConfig(), m: newMetrics("test", prometheus.NewRegistry()), log: zerolog.Nop()}, written: -1, q: newQueue(&room{limit: 1 << 30}, func(bool) {})}
	const n = 100
	freed := make(chan struct{}, n)
	func() {
		var recs []*kgo.Record
		for i := range n {
			r := &kgo.Record{Offset: int64(i), Value: make([]byte, 1<<10)}
			runtime.AddCleanup(r, func(struct{}) { freed <- struct{}{} }, struct{}{})
			recs = append(recs, r)
		}
		w.accept(recs, n)
	}()
	if b := w.cut(); b == nil || len(b.Records) != n {
		t.Fatalf("cut %+v", b)
	}
	// Collections are counted, not waited for: a cleanup that is due runs within a few.
	for range 1000 {
		if len(freed) == n {
			runtime.KeepAlive(w)
			return
		}
		runtime.GC()
	}
	t.Fatalf("%d of %d records are still held", n-len(freed), n)
}
