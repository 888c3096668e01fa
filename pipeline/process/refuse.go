package process

import (
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// maxDeadValue is how much of a refused record is kept.
const maxDeadValue = 64 << 10

// refuse writes a record of which something can't be taken to the dead letter,
// and a decision for each thing refused.
func refuse(kc *kafka.Config, r *kgo.Record, at schemas.Time, stage string, why []error, to emit) {
	if to == nil || len(why) == 0 {
		return
	}
	d := schemas.DeadLetter{
		SignalID: refusedID(r, 0), Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, At: at, Stage: stage,
		Reason: reasons(why), Value: r.Value[:min(len(r.Value), maxDeadValue)], Size: len(r.Value),
	}
	dead := schemas.DeadLetters.Emission(&d)
	dead.Key = deadKey(r)
	to(kafka.OutcomeRecord(kc, &dead))
	for i, w := range why {
		dec := schemas.Decisions.Emission(&schemas.Decision{
			SignalID: refusedID(r, i), Revision: 1, Scope: deadKey(r), Verdict: schemas.VerdictRefused, At: at, LastAt: at,
			Reason: fmt.Sprintf("%s partition %d offset %d can't be taken: %s. The record is in the dead letter.", r.Topic, r.Partition, r.Offset, w),
		})
		to(kafka.OutcomeRecord(kc, &dec))
	}
}

// refusedID is RefusedID for the first thing in a record, and an id of its own
// for each further one.
func refusedID(r *kgo.Record, i int) string {
	topic := r.Topic
	if i > 0 {
		topic = fmt.Sprintf("%s#%d", topic, i)
	}
	return schemas.RefusedID(topic, r.Partition, r.Offset).String()
}

// maxDeadKey keeps a foreign key from being the next thing over a limit.
const maxDeadKey = 1 << 10

func deadKey(r *kgo.Record) string { return string(r.Key[:min(len(r.Key), maxDeadKey)]) }

// reasons joins why, shortened.
func reasons(why []error) string {
	const most = 5
	if len(why) > most {
		return fmt.Sprintf("%s\nand %d more", errors.Join(why[:most]...), len(why)-most)
	}
	return errors.Join(why...).Error()
}

// secondsBefore is where a record's timestamp stops being one in milliseconds: a
// producer that counts in seconds would put its records into January 1970.
var secondsBefore = time.UnixMilli(100_000_000_000) // March 1973

// clampTime keeps a producer's clock from moving ours.
func clampTime(t, now time.Time) time.Time {
	if t.Before(secondsBefore) {
		t = time.Unix(t.UnixMilli(), 0)
	}
	if t.After(now) || t.Before(secondsBefore) {
		return now
	}
	return t
}
