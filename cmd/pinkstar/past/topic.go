package past

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// FromTopic reads the signals topic up to where it ends now.
func FromTopic(ctx context.Context, cfg kafka.Config, deps kafka.Deps, o Options) (*Past, error) {
	cl, err := kafka.NewClient(cfg, "past", deps)
	if err != nil {
		return nil, err
	}
	topic := cfg.Topic(schemas.TopicSignals)
	spans, err := kafka.StableSpans(ctx, cl, topic)
	cl.Close()
	if err != nil {
		return nil, err
	}
	p := newPast()
	for _, part := range slices.Sorted(maps.Keys(spans)) {
		err := kafka.ReadSpan(ctx, cfg, deps, topic, spans[part], func(r *kgo.Record) error { return p.record(r, o) })
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// Dump writes the signals topic up to where it ends now, one partition after the
// other, as kcat -J prints records.
func Dump(ctx context.Context, cfg kafka.Config, deps kafka.Deps, w io.Writer) error {
	cl, err := kafka.NewClient(cfg, "past", deps)
	if err != nil {
		return err
	}
	topic := cfg.Topic(schemas.TopicSignals)
	spans, err := kafka.StableSpans(ctx, cl, topic)
	cl.Close()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, part := range slices.Sorted(maps.Keys(spans)) {
		err := kafka.ReadSpan(ctx, cfg, deps, topic, spans[part], func(r *kgo.Record) error {
			return enc.Encode(struct {
				Partition int32  `json:"partition"`
				Offset    int64  `json:"offset"`
				Time      int64  `json:"ts"`
				Payload   string `json:"payload"`
			}{r.Partition, r.Offset, r.Timestamp.UnixMilli(), string(r.Value)})
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *Past) record(r *kgo.Record, o Options) error {
	s := &schemas.Signal{}
	err := schemas.DecodeSignal(r.Value, s)
	if err == nil && !s.Control() {
		_, err = schemas.ParseID(s.ID)
	}
	if err != nil { // the correlator refuses it, too
		p.refuse(fmt.Sprintf("partition %d, offset %d", r.Partition, r.Offset), err)
		return nil
	}
	return p.add(s, schemas.Time(r.Timestamp.UnixMilli()), r.Partition, true, o)
}
