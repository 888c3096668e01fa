package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Blocker is a transaction that is open on a partition: readers of committed
// records don't get past its first record.
type Blocker struct {
	Topic      string
	Partition  int32
	From       int64 // its first offset
	ProducerID int64
	Epoch      int16
	// TxnID is the transactional id of the producer, "" when no coordinator knows
	// it.
	TxnID string
	State string
	// Hanging says that no coordinator has this transaction: nobody will end it.
	// A broker that is killed can leave that behind: records of an epoch that its
	// producer has left, on partitions that the coordinator does not know of.
	Hanging bool
	Since   time.Time // the producer's last record

	coordinatorEpoch int32
}

// String implements fmt.Stringer.
func (b *Blocker) String() string {
	who := fmt.Sprintf("the transaction of %s (%s)", b.TxnID, b.State)
	switch {
	case b.Hanging && b.TxnID == "":
		who = "a transaction that hangs, of a producer that no coordinator knows,"
	case b.Hanging:
		who = fmt.Sprintf("a transaction of %s that hangs, since its coordinator does not know it,", b.TxnID)
	}
	return fmt.Sprintf("%s of producer %d epoch %d blocks %s partition %d from offset %d on, since %s",
		who, b.ProducerID, b.Epoch, b.Topic, b.Partition, b.From, b.Since.UTC().Format(time.RFC3339))
}

// Blockers returns the transactions that are open on the topics, the ones on the
// partitions listed, or on all.
func Blockers(ctx context.Context, cl *kgo.Client, topics map[string][]int32) ([]Blocker, error) {
	adm, set := kadm.NewClient(cl), kadm.TopicsSet{}
	for topic, only := range topics {
		ends, err := adm.ListEndOffsets(ctx, topic)
		if err == nil {
			err = ends.Error()
		}
		if err != nil {
			return nil, fmt.Errorf("end offsets of %s: %w", topic, err)
		}
		stable, err := adm.ListCommittedOffsets(ctx, topic)
		if err == nil {
			err = stable.Error()
		}
		if err != nil {
			return nil, fmt.Errorf("stable offsets of %s: %w", topic, err)
		}
		stable.Each(func(s kadm.ListedOffset) {
			end, _ := ends.Lookup(topic, s.Partition)
			if s.Offset < end.Offset && (len(only) == 0 || slices.Contains(only, s.Partition)) {
				set.Add(topic, s.Partition)
			}
		})
	}
	if len(set) == 0 {
		return nil, nil
	}
	return describeBlockers(ctx, adm, set)
}

func describeBlockers(ctx context.Context, adm *kadm.Client, set kadm.TopicsSet) ([]Blocker, error) {
	described, err := adm.DescribeProducers(ctx, set)
	if err != nil {
		return nil, fmt.Errorf("asking who produces: %w", err)
	}
	var out []Blocker
	var ids []int64
	described.EachProducer(func(p kadm.DescribedProducer) {
		if p.CurrentTxnStartOffset < 0 {
			return
		}
		ids = append(ids, p.ProducerID)
		out = append(out, Blocker{Topic: p.Topic, Partition: p.Partition, From: p.CurrentTxnStartOffset, ProducerID: p.ProducerID,
			Epoch: p.ProducerEpoch, Since: time.UnixMilli(p.LastTimestamp), coordinatorEpoch: p.CoordinatorEpoch})
	})
	if len(out) == 0 {
		return nil, nil
	}
	known, err := adm.ListTransactions(ctx, ids, nil)
	if err != nil { // a coordinator that does not answer may know them
		return nil, fmt.Errorf("asking for transactions: %w", err)
	}
	var names []string
	for name := range known {
		names = append(names, name)
	}
	var txns kadm.DescribedTransactions
	if len(names) > 0 {
		if txns, err = adm.DescribeTransactions(ctx, names...); err != nil {
			return nil, fmt.Errorf("asking for transactions: %w", err)
		}
	}
	for i := range out {
		out[i].Hanging = true
		for _, t := range txns {
			if t.ProducerID != out[i].ProducerID {
				continue
			}
			if t.Err != nil {
				return nil, fmt.Errorf("asking for the transaction of %s: %w", t.TxnID, t.Err)
			}
			out[i].TxnID, out[i].State = t.TxnID, t.State
			out[i].Hanging = !atWork(t.State) || t.ProducerEpoch != out[i].Epoch && t.ProducerEpoch != out[i].Epoch+1
		}
	}
	slices.SortFunc(out, func(a, b Blocker) int {
		return strings.Compare(fmt.Sprint(a.Topic, a.Partition, a.From), fmt.Sprint(b.Topic, b.Partition, b.From))
	})
	return out, nil
}

// atWork reports whether a coordinator in this state has a transaction to end.
func atWork(state string) bool { return state == "Ongoing" || strings.HasPrefix(state, "Prepare") }

// ErrNotOurs says that a transaction belongs to somebody else.
var ErrNotOurs = errors.New("it is not ours to end")

// End ends a transaction of ours by force: one that its coordinator knows by
// taking over its transactional id, which aborts it and shuts its producer out;
// one that hangs by writing the marker that is missing. Readers then go on.
func (b *Blocker) End(ctx context.Context, cfg Config, deps Deps) error {
	switch {
	case b.TxnID != "" && !strings.HasPrefix(b.TxnID, cfg.TopicPrefix):
		return ErrNotOurs
	case !b.Hanging && b.State != "Ongoing":
		return nil // its coordinator is at it
	case !b.Hanging:
		return Fence(ctx, cfg, deps, b.TxnID)
	case b.TxnID == "" && !strings.HasPrefix(b.Topic, cfg.TopicPrefix):
		return ErrNotOurs
	}
	cl, err := NewClient(cfg, "unblock", deps)
	if err != nil {
		return err
	}
	defer cl.Close()
	set := kadm.TopicsSet{}
	set.Add(b.Topic, b.Partition)
	rs, err := kadm.NewClient(cl).WriteTxnMarkers(ctx, kadm.TxnMarkers{ProducerID: b.ProducerID, ProducerEpoch: b.Epoch,
		CoordinatorEpoch: max(b.coordinatorEpoch, 0), Topics: set})
	if err != nil {
		return fmt.Errorf("writing the marker that is missing: %w", err)
	}
	rs.EachPartition(func(p kadm.TxnMarkersPartitionResponse) { err = errors.Join(err, p.Err) })
	return err
}

// Fence aborts what is open under a transactional id, and shuts out whoever
// produces under it.
func Fence(ctx context.Context, cfg Config, deps Deps, txnID string) error {
	cl, err := NewClient(cfg, "fence", Deps{Log: deps.Log}, kgo.TransactionalID(txnID))
	if err != nil {
		return err
	}
	defer cl.Close()
	if _, _, err := cl.ProducerID(ctx); err != nil {
		return fmt.Errorf("taking over the transactional id %s: %w", txnID, err)
	}
	return nil
}
