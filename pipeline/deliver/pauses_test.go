package deliver

import (
	"testing"
	"time"
)

func TestPausesGrowToTheirLimitAndEndAtOnce(t *testing.T) {
	d := &Delivery{cfg: Config{BackoffFirst: time.Millisecond, BackoffLast: 8 * time.Millisecond}}
	p := d.backoff()
	limit := time.Millisecond
	for i := range 8 {
		if p.next < limit/2 || p.next > min(limit+limit/2+1, d.cfg.BackoffLast) {
			t.Errorf("pause %d is %s, want about %s", i, p.next, limit)
		}
		if !p.sleep(nil) {
			t.Fatal("it was stopped by nobody")
		}
		limit = min(2*limit, d.cfg.BackoffLast)
	}
	stop := make(chan struct{})
	close(stop)
	p.next = time.Hour
	if p.sleep(stop) {
		t.Error("a pause went on although it was stopped")
	}
}
