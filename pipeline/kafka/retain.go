package kafka

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// retainEvery is how often old records are looked for.
const retainEvery = 10 * time.Minute

// Retain deletes what is older than its retention from the embedded broker,
// now and again until ctx ends. The broker's own retention forgets offsets when
// it empties a partition, so this one always leaves a partition's last record.
func Retain(ctx context.Context, cfg Config, cl *kgo.Client, log zerolog.Logger) error {
	for {
		if n, err := RetainOnce(ctx, cfg, cl, time.Now()); err != nil && ctx.Err() == nil {
			log.Warn().Err(err).Msg("old records could not be deleted; trying again later")
		} else if n > 0 {
			log.Info().Int64("records", n).Msg("records past their retention were deleted")
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(retainEvery):
		}
	}
}

// RetainOnce deletes what is past its retention at now, and returns how many
// offsets that were.
func RetainOnce(ctx context.Context, cfg Config, cl *kgo.Client, now time.Time) (int64, error) {
	keep := map[string]time.Duration{
		schemas.TopicAlerts: cfg.Retention.Inputs, schemas.TopicTickets: cfg.Retention.Inputs, schemas.TopicChanges: cfg.Retention.Inputs,
		schemas.TopicSignals: cfg.Retention.Signals,
	}
	for _, t := range schemas.OutTopics {
		if !t.Latest {
			keep[t.Name] = cfg.Retention.of(t.Name)
		}
	}
	adm, total := kadm.NewClient(cl), int64(0)
	for name, d := range keep {
		n, err := retainTopic(ctx, adm, cfg.Topic(name), now.Add(-d))
		if err != nil {
			return total, fmt.Errorf("topic %s: %w", cfg.Topic(name), err)
		}
		total += n
	}
	return total, nil
}

func retainTopic(ctx context.Context, adm *kadm.Client, topic string, oldest time.Time) (int64, error) {
	starts, err := adm.ListStartOffsets(ctx, topic)
	if err == nil {
		err = starts.Error()
	}
	if err != nil {
		return 0, err
	}
	ends, err := adm.ListEndOffsets(ctx, topic)
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return 0, err
	}
	// The end when nothing is that young.
	first, err := adm.ListOffsetsAfterMilli(ctx, oldest.UnixMilli(), topic)
	if err == nil {
		err = first.Error()
	}
	if err != nil {
		return 0, err
	}
	total, to := int64(0), kadm.Offsets{}
	first.Each(func(o kadm.ListedOffset) {
		start, _ := starts.Lookup(topic, o.Partition)
		end, _ := ends.Lookup(topic, o.Partition)
		at := o.Offset
		if at < 0 || at >= end.Offset {
			at = end.Offset - 1
		}
		if at > start.Offset {
			to.AddOffset(topic, o.Partition, at, -1)
			total += at - start.Offset
		}
	})
	if total == 0 {
		return 0, nil
	}
	rs, err := adm.DeleteRecords(ctx, to)
	if err != nil {
		return 0, err
	}
	return total, rs.Error()
}
