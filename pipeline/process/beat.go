package process

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// beat watches what is asked of the brokers at the end of a transaction: first that
// the group takes the offsets, then a heartbeat, then the end. When the client's
// membership breaks before the heartbeat, nobody is left to send it: what would begin
// a new membership waits until polls allow a rebalance, that is until the transaction
// has ended, and the end waits for the heartbeat. Neither ever comes.
//
// It is a hook of the client.
type beat struct {
	taken atomic.Int64 // when the group took offsets and nothing followed yet, in nanoseconds; 0: no
}

const (
	// beatMissing is how long after the offsets the heartbeat may be asked for: it is
	// what comes next, and takes no answer of anybody.
	beatMissing   = 5 * time.Second
	beatLooks     = time.Second
	beatHeartbeat = int16(kmsg.Heartbeat)
	beatOffsets   = int16(kmsg.TxnOffsetCommit)
	beatEnd       = int16(kmsg.EndTxn)
)

var errNoHeartbeat = errors.New("the group has lost this client meanwhile")

// OnBrokerE2E implements kgo.HookBrokerE2E.
func (b *beat) OnBrokerE2E(_ kgo.BrokerMetadata, key int16, e2e kgo.BrokerE2E) {
	if key == beatOffsets && e2e.Err() == nil {
		b.taken.Store(time.Now().UnixNano())
	}
}

// OnBrokerWrite implements kgo.HookBrokerWrite.
func (b *beat) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	if key == beatHeartbeat || key == beatEnd {
		b.taken.Store(0)
	}
}

func (b *beat) missing(now time.Time) bool {
	at := b.taken.Load()
	return at != 0 && now.Sub(time.Unix(0, at)) > beatMissing
}

// guard returns a context for the end of a transaction, which ends with
// errNoHeartbeat when it can't come to its end. stop is called after that.
func (b *beat) guard(ctx context.Context) (_ context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	b.taken.Store(0)
	go func() {
		defer close(done)
		tick := time.NewTicker(beatLooks)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case now := <-tick.C:
				if b.missing(now) {
					cancel(errNoHeartbeat)
				}
			}
		}
	}()
	return ctx, func() {
		cancel(nil)
		<-done
	}
}
