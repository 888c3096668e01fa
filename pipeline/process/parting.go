package process

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A stop may have state to keep and no record to take. The client commits no offsets
// with such a transaction, and without them the brokers do not ask whether the group
// still knows who commits (KIP-447): a process that stood still, lost its partitions
// and is stopped as it wakes would put its old state behind its successor's. So what
// is committed already is committed again with it.

// endWith ends the transaction, as the client does or alone.
func (s *session) endWith(ctx context.Context, try kgo.TransactionEndTry) (committed bool, err error) {
	if try == kgo.TryCommit && len(s.gts.Client().UncommittedOffsets()) == 0 {
		return s.endAlone(ctx)
	}
	return s.gts.End(s.cuts.commit(ctx), try)
}

// endAlone ends the transaction of a stop for which nothing was polled. It reports
// false where the group no longer knows this process.
func (s *session) endAlone(ctx context.Context) (committed bool, err error) {
	cl := s.gts.Client()
	if err := s.confirm(ctx, cl); err != nil {
		s.log.Warn().Err(err).Msg("the state is not kept at this stop: others may have its partitions")
		return false, cl.EndTransaction(ctx, kgo.TryAbort)
	}
	if err := cl.EndTransaction(ctx, kgo.TryCommit); err != nil {
		return false, err
	}
	return true, nil
}

// confirm commits, in the open transaction, the offsets that are committed already.
func (s *session) confirm(ctx context.Context, cl *kgo.Client) error {
	offsets := cl.CommittedOffsets()
	if len(offsets) == 0 {
		return errors.New("no offset of it is committed yet")
	}
	topics, err := kadm.NewClient(cl).ListTopics(ctx, slices.Collect(maps.Keys(offsets))...)
	if err != nil {
		return fmt.Errorf("asking for topics: %w", err)
	}
	id, epoch, err := cl.ProducerID(ctx)
	if err != nil {
		return err
	}
	group := s.r.kafka.Name(s.r.role)
	add := kmsg.NewPtrAddOffsetsToTxnRequest()
	add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = s.r.txnID, id, epoch, group
	added, err := add.RequestWith(ctx, cl)
	if err == nil {
		err = kerr.ErrorForCode(added.ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("adding the group to the transaction: %w", err)
	}
	commit := kmsg.NewPtrTxnOffsetCommitRequest()
	commit.TransactionalID, commit.ProducerID, commit.ProducerEpoch, commit.Group = s.r.txnID, id, epoch, group
	commit.MemberID, commit.Generation = cl.GroupMetadata()
	for topic, partitions := range offsets {
		t := kmsg.NewTxnOffsetCommitRequestTopic()
		t.Topic, t.TopicID = topic, topics[topic].ID // from version 6 on only the latter counts
		for partition, at := range partitions {
			p := kmsg.NewTxnOffsetCommitRequestTopicPartition()
			p.Partition, p.Offset, p.LeaderEpoch = partition, at.Offset, at.Epoch
			t.Partitions = append(t.Partitions, p)
		}
		commit.Topics = append(commit.Topics, t)
	}
	done, err := commit.RequestWith(ctx, cl)
	if err != nil {
		return fmt.Errorf("committing offsets: %w", err)
	}
	for _, t := range done.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("committing the offset of partition %d: %w", p.Partition, err)
			}
		}
	}
	return nil
}
