package process

import (
	"context"
	"errors"
	"fmt"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// SnapshotFloors notes from where on the signals are needed to restore: the
// older of a partition's two snapshots, should the newer one turn out damaged.
// kc is a correlator's own configuration, which for a shadow is not the one of
// the topic that it reads.
func SnapshotFloors(ctx context.Context, kc kafka.Config, signals string, deps kafka.Deps, f kafka.Floors) error {
	cl, err := kafka.NewClient(kc, "floors", deps)
	if err != nil {
		return err
	}
	defer cl.Close()
	spans, err := kafka.StableSpans(ctx, cl, kc.Topic(schemas.TopicState))
	if err != nil {
		return err
	}
	r := &restorer{c: &Correlator{runner: runner{kafka: kc}}, deps: deps, state: spans}
	for p := range kc.Partitions {
		prog, err := r.lastProgress(ctx, p)
		if err != nil {
			return fmt.Errorf("progress of partition %d: %w", p, err)
		}
		at := int64(0) // without two snapshots everything is needed
		if prog != nil && prog.Previous != nil {
			at = min(prog.Previous.Input, prog.Latest.Input)
		}
		f.Lower(signals, p, at)
	}
	return nil
}

// GroupFloors notes where a group stands in the topics that it reads; where it
// has not been yet, everything is needed.
func GroupFloors(ctx context.Context, cl *kgo.Client, group string, topics []string, partitions int32, f kafka.Floors) error {
	at, err := kadm.NewClient(cl).FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("offsets of group %s: %w", group, err)
	}
	for _, t := range topics {
		for p := range partitions {
			o, ok := at.Lookup(t, p)
			if !ok {
				o.At = 0
			}
			f.Lower(t, p, max(o.At, 0))
		}
	}
	return nil
}
