//go:build simulate

package process_test

import (
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// harm is one kind of fault. It returns when it is over.
type harm struct {
	name string
	do   func(w *world)
	// harmless: work without transactions survives it, too, since its producer is
	// idempotent and its offsets are asked for again.
	harmless bool
}

var harms = []harm{
	{name: "kill", do: func(w *world) {
		i := w.rng.IntN(len(w.procs))
		w.kill(i)
		w.rest(20 * time.Second)
		w.start(i)
	}},
	{name: "stop", do: func(w *world) {
		i := w.rng.IntN(len(w.procs))
		w.stop(i)
		w.rest(5 * time.Second)
		w.start(i)
	}},
	{name: "kill all", do: func(w *world) {
		for i := range w.procs {
			w.kill(i)
		}
		w.rest(20 * time.Second)
		for i := range w.procs {
			w.start(i)
		}
	}},
	{name: "one more, for a while", do: func(w *world) {
		i := len(w.procs)
		w.start(i)
		w.rest(30 * time.Second)
		w.stop(i)
		w.procs = w.procs[:i]
	}},
	{name: "stand still", do: func(w *world) {
		l := w.any().link
		l.freeze()
		w.rest(40 * time.Second)
		l.thaw()
	}},
	{name: "stand still, and stop", do: func(w *world) {
		i := w.rng.IntN(len(w.procs))
		w.procs[i].link.freeze()
		w.rest(40 * time.Second)
		w.procs[i].cancel()
		w.rest(time.Second)
		w.procs[i].link.thaw()
		w.stop(i)
		w.start(i)
	}},
	{name: "cut off", do: func(w *world) {
		l := w.any().link
		l.cut(true)
		w.rest(30 * time.Second)
		l.mend()
	}},
	{name: "connections end", harmless: true, do: func(w *world) {
		for range 1 + w.rng.IntN(5) {
			w.any().link.cut(false)
			w.rest(2 * time.Second)
		}
	}},
	{name: "answers lost", do: func(w *world) {
		l := w.any().link
		l.deafen()
		w.rest(15 * time.Second)
		l.cut(false)
	}},
	{name: "leaders move", do: func(w *world) {
		for range 1 + w.rng.IntN(4) {
			w.fake.ShufflePartitionLeaders()
			w.rest(3 * time.Second)
		}
	}},
	{name: "coordinators move", harmless: true, do: func(w *world) {
		for range 1 + w.rng.IntN(4) {
			w.fake.RehashCoordinators()
			w.rest(3 * time.Second)
		}
	}},
	{name: "a broker is gone", do: func(w *world) {
		n := int32(w.rng.IntN(simulatedBrokers))
		if err := w.fake.RemoveNode(n); err != nil {
			w.t.Fatal(err)
		}
		// The fake lets go of who listens, not of who is connected.
		port := strconv.Itoa(9092 + int(n))
		for _, l := range w.links {
			l.lose(port)
		}
		w.rest(30 * time.Second)
		if _, _, err := w.fake.AddNode(n, 9092+int(n)); err != nil {
			w.t.Fatal(err)
		}
	}},
	{name: "brokers answer errors", harmless: true, do: func(w *world) {
		for range 1 + w.rng.IntN(6) {
			f := refusals[w.rng.IntN(len(refusals))]
			err := f.errs[w.rng.IntN(len(f.errs))]
			n := 1 + w.rng.IntN(5)
			h := w.fake.Fault(kfake.Fault{Keys: []kmsg.Key{f.key}, Err: err, Count: n, TopLevel: w.rng.IntN(2) == 0})
			w.rest(8 * time.Second)
			h.Remove()
			w.note("  %d of %d %s answered %s", h.Hits(), n, f.key.Name(), err.Message)
		}
	}},
	{name: "brokers refuse for long", harmless: true, do: func(w *world) {
		f := refusals[w.rng.IntN(len(refusals))]
		err := f.errs[w.rng.IntN(len(f.errs))]
		h := w.fake.Fault(kfake.Fault{Keys: []kmsg.Key{f.key}, Err: err, Count: -1, TopLevel: w.rng.IntN(2) == 0})
		w.rest(20 * time.Second)
		h.Remove()
		w.note("  %d %s answered %s", h.Hits(), f.key.Name(), err.Message)
	}},
}

// rest lets up to that much time pass.
func (w *world) rest(most time.Duration) {
	time.Sleep(time.Duration(w.rng.Int64N(int64(most))))
}

func (w *world) any() *simulated { return w.procs[w.rng.IntN(len(w.procs))] }

// refusals are what brokers really answer while they fail over, are overloaded or
// have seen a client for dead. REQUEST_TIMED_OUT and ..._AFTER_APPEND come after the
// work was done.
var refusals = []struct {
	key  kmsg.Key
	errs []*kerr.Error
}{
	{kmsg.Produce, []*kerr.Error{kerr.NotLeaderForPartition, kerr.RequestTimedOut, kerr.NotEnoughReplicas, kerr.NotEnoughReplicasAfterAppend, kerr.KafkaStorageError}},
	{kmsg.Fetch, []*kerr.Error{kerr.NotLeaderForPartition, kerr.KafkaStorageError, kerr.UnknownServerError}},
	{kmsg.ListOffsets, []*kerr.Error{kerr.NotLeaderForPartition, kerr.RequestTimedOut}},
	{kmsg.Metadata, []*kerr.Error{kerr.LeaderNotAvailable}},
	{kmsg.OffsetFetch, []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.UnstableOffsetCommit}},
	{kmsg.FindCoordinator, []*kerr.Error{kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress}},
	{kmsg.JoinGroup, []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.UnknownMemberID}},
	{kmsg.SyncGroup, []*kerr.Error{kerr.NotCoordinator, kerr.RebalanceInProgress, kerr.UnknownMemberID}},
	{kmsg.Heartbeat, []*kerr.Error{kerr.NotCoordinator, kerr.RebalanceInProgress, kerr.UnknownMemberID, kerr.IllegalGeneration}},
	{kmsg.InitProducerID, []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorLoadInProgress, kerr.ConcurrentTransactions}},
	{kmsg.AddPartitionsToTxn, []*kerr.Error{kerr.NotCoordinator, kerr.ConcurrentTransactions, kerr.CoordinatorLoadInProgress}},
	{kmsg.AddOffsetsToTxn, []*kerr.Error{kerr.NotCoordinator, kerr.ConcurrentTransactions}},
	{kmsg.TxnOffsetCommit, []*kerr.Error{kerr.NotCoordinator, kerr.RequestTimedOut, kerr.IllegalGeneration, kerr.UnknownMemberID}},
	{kmsg.EndTxn, []*kerr.Error{kerr.NotCoordinator, kerr.RequestTimedOut, kerr.CoordinatorNotAvailable, kerr.ConcurrentTransactions, kerr.ProducerFenced, kerr.UnknownServerError}},
	{kmsg.DescribeTransactions, []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable}},
	{kmsg.DescribeProducers, []*kerr.Error{kerr.NotLeaderForPartition}},
	{kmsg.DescribeGroups, []*kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable}},
}
