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
	// The normaliser stamps a raw record with its own time of reading; the key
	// only has to keep one calendar entry's versions in their order.
	return s.reach.produce(ctx, d.Topic, d.Source, [][]byte{d.Body},
		kgo.RecordHeader{Key: schemas.HeaderContentType, Value: []byte(d.Type)})
}
