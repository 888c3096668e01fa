package process

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// PutClock appends to partitions of signals the record that puts their log time
// back to now. It changes nothing where log time is not ahead of that.
func PutClock(ctx context.Context, kc kafka.Config, now time.Time, partitions []int32, deps kafka.Deps) error {
	cl, err := kafka.NewClient(kc, "clock", deps, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return err
	}
	defer cl.Close()
	at := schemas.TimeOf(now)
	for _, p := range partitions {
		s := controlSignal(schemas.KindActivation, now)
		s.Activation = &schemas.Activation{What: schemas.WhatClock, Version: at.String(), Text: at.String()}
		if err := cl.ProduceSync(ctx, kafka.ControlRecord(&kc, p, s)).FirstErr(); err != nil {
			return fmt.Errorf("partition %d of %s: %w", p, kc.Topic(schemas.TopicSignals), err)
		}
	}
	return nil
}
