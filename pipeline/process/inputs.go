package process

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// CheckInputs lists where the normaliser's topics no longer hold the place up to
// which they were read: records are missing at their ends, or what was not read yet
// at their beginnings. With accept they are read from their start again, which is
// harmless: the signals have the same ids. No normaliser may be running.
func CheckInputs(ctx context.Context, kc kafka.Config, accept bool, log zerolog.Logger) ([]string, error) {
	cl, err := kafka.NewClient(kc, "repair", kafka.Deps{Log: log}, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	group := kc.Name(RoleNormalise)
	n := &Normaliser{}
	n.runner = runner{kafka: kc, deps: Deps{Log: log}}
	at, err := n.readUpTo(ctx, cl, group)
	if err != nil || len(at) == 0 {
		return nil, err
	}
	found, to, err := missingInputs(ctx, cl, at)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 || !accept {
		return found, nil
	}
	if err := kadm.NewClient(cl).CommitAllOffsets(ctx, group, to); err != nil {
		return found, fmt.Errorf("setting the offsets of group %s (is a normaliser running? it must not): %w", group, err)
	}
	if !kc.Embedded {
		return found, nil
	}
	r := &kgo.Record{Topic: kc.Topic(schemas.TopicState), Partition: kc.Partitions, Key: []byte(n.progressKey()), Value: []byte("{}")}
	return found, cl.ProduceSync(ctx, r).FirstErr()
}

// missingInputs compares positions with the topics, and returns those from which to
// go on.
func missingInputs(ctx context.Context, cl *kgo.Client, at kadm.Offsets) (found []string, to kadm.Offsets, err error) {
	adm := kadm.NewClient(cl)
	topics := slices.Sorted(maps.Keys(at))
	starts, err := adm.ListStartOffsets(ctx, topics...)
	if err != nil {
		return nil, nil, fmt.Errorf("start offsets: %w", err)
	}
	ends, err := adm.ListEndOffsets(ctx, topics...)
	if err != nil {
		return nil, nil, fmt.Errorf("end offsets: %w", err)
	}
	to = kadm.Offsets{}
	for _, o := range at.Sorted() {
		start, known := starts.Lookup(o.Topic, o.Partition)
		end, _ := ends.Lookup(o.Topic, o.Partition)
		err := cmp.Or(start.Err, end.Err)
		if !known || errors.Is(err, kerr.UnknownTopicOrPartition) {
			continue // it is read no more; what is read is asked for before a start
		}
		if err != nil {
			return nil, nil, fmt.Errorf("where partition %d of %s begins and ends: %w", o.Partition, o.Topic, err)
		}
		if why := outside(o.Topic, o.Partition, o.At, start.Offset, end.Offset); why != "" {
			found = append(found, why)
			o.At = start.Offset
		}
		to.AddOffset(o.Topic, o.Partition, o.At, -1)
	}
	return found, to, nil
}

// outside says why an input can't be read on from a position, nothing when it can.
func outside(topic string, partition int32, at, from, to int64) string {
	switch {
	case at > to:
		return fmt.Sprintf("partition %d of %s was read up to offset %d and ends at %d: acknowledged records are missing at its end (a damaged or older copy of its files, or a topic made anew)", partition, topic, at, to)
	case at < from:
		return fmt.Sprintf("partition %d of %s was read up to offset %d and begins at %d: records were removed before they were read (retention too short for how long this was down, or files are gone)", partition, topic, at, from)
	}
	return ""
}

// readUpTo returns how far the normaliser had read.
func (n *Normaliser) readUpTo(ctx context.Context, cl *kgo.Client, group string) (kadm.Offsets, error) {
	out := kadm.Offsets{}
	committed, err := kadm.NewClient(cl).FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("offsets of group %s: %w", group, err)
	}
	for _, o := range committed.Sorted() {
		out.AddOffset(o.Topic, o.Partition, o.At, -1)
	}
	inBand, err := n.lastPositions(ctx, cl)
	for where, next := range inBand {
		i := strings.LastIndexByte(where, '/')
		p, perr := strconv.ParseInt(where[i+1:], 10, 32)
		if i < 0 || perr != nil {
			continue
		}
		if o, ok := out.Lookup(where[:i], int32(p)); !ok || o.At < next {
			out.AddOffset(where[:i], int32(p), next, -1)
		}
	}
	return out, err
}
