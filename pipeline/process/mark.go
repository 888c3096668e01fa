package process

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
)

// mark tells the log that a position belongs to from another one: a topic that
// was made anew, or a log that lost its end and was written on.
type mark struct {
	Topic string `json:"topic"` // its id
	At    int64  `json:"at"`    // offset of the last record before the position
	Epoch int32  `json:"epoch"` // of the leader that wrote it
	Sum   uint64 `json:"sum"`   // FNV-1a of it
}

func markOf(topicID string, r *kgo.Record) *mark {
	h := fnv.New64a()
	var n [8]byte
	put := func(b []byte) {
		binary.BigEndian.PutUint64(n[:], uint64(len(b)))
		_, _ = h.Write(n[:]) // never fails
		_, _ = h.Write(b)
	}
	binary.BigEndian.PutUint64(n[:], uint64(r.Timestamp.UnixMilli()))
	_, _ = h.Write(n[:])
	put(r.Key)
	put(r.Value)
	return &mark{Topic: topicID, At: r.Offset, Epoch: r.LeaderEpoch, Sum: h.Sum64()}
}

// marked returns the mark of p's position.
func (p *part) marked() *mark {
	if p.last != nil {
		p.mark, p.last = markOf(p.topicID, p.last), nil
	}
	return p.mark
}

// lost is why a position can't be gone on from.
type lost struct {
	kafka     *kafka.Config
	topic     string
	partition int32
	next      int64
}

func (l *lost) stop(format string, args ...any) error {
	return fatal("partition %d of %s was processed up to offset %d, but %s. Nothing was skipped by itself, and nothing that is in the log is lost. "+
		"Either put the topic's data back from a copy, or accept what is missing with `pinkstar repair --accept-lost-signals`: it goes back to the newest snapshot whose place is still in the log and processes again what follows",
		l.partition, l.topic, l.next, fmt.Sprintf(format, args...))
}

// verify compares a position with the log: it must be the same topic, reach from
// there on and that far, and hold the record that was processed last. prog is nil
// where there is none, and committed, the group's offset, negative.
func (r *restorer) verify(ctx context.Context, id int32, prog *progress, committed int64) error {
	topic := r.c.topics[0]
	log := r.log.Of(topic, id)
	l := lost{&r.c.kafka, topic, id, committed}
	if prog == nil {
		prog = &progress{}
	} else {
		l.next = max(prog.Next, committed)
	}
	if m := prog.Mark; m != nil && m.Topic != r.topicID {
		return l.stop("this is another topic of that name (id %s, it was %s): it was deleted and made anew while %s was kept", r.topicID, m.Topic, r.c.kafka.Topic("state"))
	}
	if n := l.next - log.To; n > 0 {
		return l.stop("the log ends at offset %d: %d acknowledged records are missing at its end (a damaged or older copy of its files, or a leader that had not all of them)", log.To, n)
	}
	if l.next >= 0 && l.next < log.From {
		return l.stop("the log begins at offset %d: records were removed before they were processed, and are no longer in the log (retention too short for how long this was down, or files are gone)", log.From)
	}
	if prog.Mark == nil || prog.Mark.At < log.From { // of a release before marks, or retention has been there
		return nil
	}
	same, err := r.holds(ctx, id, prog.Mark)
	if err == nil && !same {
		err = l.stop("the record before that offset is another one: the log lost its end (a damaged or older copy, or a leader that had not all of it) and was written on")
	}
	return err
}

// holds reports whether the marked record is where it was.
func (r *restorer) holds(ctx context.Context, id int32, m *mark) (same bool, err error) {
	span := kafka.Span{Partition: id, From: m.At, To: m.At + 1}
	err = kafka.ReadSpan(ctx, r.c.kafka, r.deps, r.c.topics[0], span, func(rec *kgo.Record) error {
		same = markOf(r.topicID, rec).Sum == m.Sum
		return nil
	})
	return same, err
}
