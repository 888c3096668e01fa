package demo

import (
	"context"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// deliver sends what somebody's system sends, by the way that system would.
func (s *stage) deliver(ctx context.Context, d delivery) error {
	if d.Topic == "" {
		_, err := s.reach.post(ctx, d.Path, d.Body)
		return err
	}
	return s.reach.produce(ctx, d.Topic, d.Source, &kgo.Record{Value: d.Body, Timestamp: s.clock.Now(),
		Headers: []kgo.RecordHeader{{Key: schemas.HeaderContentType, Value: []byte(d.Type)}}})
}
