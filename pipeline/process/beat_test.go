package process_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// losesMembers is a broker that once, while a transaction is open, no longer knows the
// member, as one does that was restarted in between. arm has it begin.
func losesMembers(t *testing.T) (kc kafka.Config, arm func(), forgot <-chan struct{}) {
	t.Helper()
	c, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	kc = kafka.DefaultConfig()
	kc.Brokers, kc.Embedded, kc.Partitions = c.ListenAddrs(), true, 4
	cl := kafkatest.Client(t, kc)
	defer cl.Close()
	if err := kafka.Ensure(t.Context(), cl, kc); err != nil {
		t.Fatal(err)
	}
	beat := make(chan struct{})
	var once sync.Once
	arm = func() {
		c.ControlKey(int16(kmsg.Produce), func(req kmsg.Request) (kmsg.Response, error, bool) {
			if req.(*kmsg.ProduceRequest).TransactionID == nil {
				return nil, nil, false
			}
			c.DropControl()
			c.ControlKey(int16(kmsg.Heartbeat), func(req kmsg.Request) (kmsg.Response, error, bool) {
				resp := req.ResponseKind().(*kmsg.HeartbeatResponse)
				resp.ErrorCode = kerr.UnknownMemberID.Code
				time.AfterFunc(300*time.Millisecond, func() { once.Do(func() { close(beat) }) }) // the member has heard it by then
				return resp, nil, true
			})
			c.SleepControl(func() { <-beat })
			return nil, nil, false // and takes the records
		})
	}
	return kc, arm, beat
}

// A member that the brokers forget while a transaction ends is back at work at once:
// the end waited for a heartbeat that nobody would send, until the transaction's
// time was up.
func TestAMemberThatIsForgottenAtTheEndOfATransaction(t *testing.T) {
	t.Parallel() // it waits
	kc, arm, forgot := losesMembers(t)
	produce(t, kc, storm(rand.New(rand.NewPCG(3, 4)), 200, schemas.TimeOf(time.Now().Add(-time.Hour))))
	arm()
	cfg := testConfig()
	cfg.SessionTimeout, cfg.TransactionTimeout = 6*time.Second, 14*time.Minute // longer than anybody has patience
	cfg.RestoreTimeout = time.Hour
	startCorrelator(t, kc, cfg, counters{})
	select {
	case <-forgot:
	case <-time.After(kafkatest.Patience):
		t.Fatal("it was never forgotten")
	}
	settle(t, kc, counters{})
}
