package process

import (
	"encoding/json"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// progress says where a partition stood when a transaction committed. It is
// written inside the transaction.
type progress struct {
	Next     int64     `json:"next"` // offset of the first record that was not processed
	Latest   *manifest `json:"latest,omitempty"`
	Previous *manifest `json:"previous,omitempty"`
	Mark     *mark     `json:"mark,omitempty"` // none: written by a release before there were any
	Work     *work     `json:"work,omitempty"` // likewise

	Ends byTopic[end] `json:"ends,omitempty"` // likewise; what was published up to Next
}

// manifest describes a snapshot: where its chunks are and what they must be.
type manifest struct {
	ID     string `json:"id"`
	First  int64  `json:"first"`  // offset on state of its first chunk
	Last   int64  `json:"last"`   // and of its last
	Chunks int    `json:"chunks"` //
	Bytes  int64  `json:"bytes"`
	CRC    uint32 `json:"crc"`   // Castagnoli, over all bytes
	Input  int64  `json:"input"` // offset on signals of the first record it has not seen
	Slot   int    `json:"slot"`
	Mark   *mark  `json:"mark,omitempty"` // of Input
	Said   uint64 `json:"said,omitempty"` // of the work up to Input

	Ends byTopic[int64] `json:"ends"` // offsets of what was published up to Input; none, not empty: likewise
}

func progressKey(partition int32) string { return fmt.Sprintf("%d/progress", partition) }

func chunkKey(partition int32, slot, n int) string {
	return fmt.Sprintf("%d/%d/%d", partition, slot, n)
}

func progressRecord(kc *kafka.Config, partition int32, p progress) (*kgo.Record, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return nil, fmt.Errorf("encoding progress: %w", err)
	}
	return &kgo.Record{Topic: kc.Topic(schemas.TopicState), Partition: partition, Key: []byte(progressKey(partition)), Value: b}, nil
}

func (p *part) progress() progress {
	w := p.work
	return progress{Next: p.next, Latest: p.snaps.latest, Previous: p.snaps.previous, Mark: p.marked(), Work: &w, Ends: p.published.now()}
}
