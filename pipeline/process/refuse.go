package process

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// maxDeadValue is how much of a refused record is kept.
const maxDeadValue = 64 << 10

// refuse writes a record that can't be taken to the dead letter, and the
// decision that says so. Everything in them follows from the record.
func refuse(kc *kafka.Config, r *kgo.Record, stage string, why error, to emit) error {
	if to == nil {
		return nil
	}
	id := schemas.RefusedID(r.Topic, r.Partition, r.Offset).String()
	at := schemas.Time(r.Timestamp.UnixMilli())
	d := schemas.DeadLetter{
		SignalID: id, Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, At: at, Stage: stage,
		Reason: why.Error(), Value: r.Value[:min(len(r.Value), maxDeadValue)], Size: len(r.Value),
	}
	dead, err := kafka.OutcomeRecord(kc, schemas.TopicDeadLetter, schemas.TypeDeadLetter, string(r.Key), id, at, d)
	if err != nil {
		return fmt.Errorf("encoding a dead letter: %w", err)
	}
	dec := schemas.Decision{
		SignalID: id, Revision: 1, Scope: string(r.Key), Verdict: schemas.VerdictRefused, At: at, LastAt: at,
		Reason: fmt.Sprintf("%s partition %d offset %d can't be read: %s. The record is in the dead letter.", r.Topic, r.Partition, r.Offset, why),
	}
	rec, err := kafka.OutcomeRecord(kc, schemas.TopicDecisions, schemas.TypeDecision, dec.Scope, revision(id, 1), at, dec)
	if err != nil {
		return fmt.Errorf("encoding a refusal: %w", err)
	}
	to(dead)
	to(rec)
	return nil
}

// clampTime keeps a producer's clock from moving ours.
func clampTime(t, now time.Time) time.Time {
	if t.After(now) || t.IsZero() {
		return now
	}
	return t
}
