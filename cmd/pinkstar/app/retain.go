package app

import (
	"context"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/deliver"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// startRetention keeps the embedded Kafka from growing for ever.
func (a *App) startRetention() {
	r := &kafka.Retainer{Config: a.kafka, Deps: kafka.Deps{Log: a.log, Registerer: a.reg}, Floors: a.floors,
		MaxBytes: a.cfg.Kafka.EmbeddedMaxBytes, Every: kafka.RetainEvery}
	a.goRole("retention", r.Run)
}

// floors says what is still needed of each topic, and by whom.
func (a *App) floors(ctx context.Context) (kafka.Floors, error) {
	f := kafka.Floors{}
	deps := kafka.Deps{Log: a.log}
	signals := a.kafka.Topic(schemas.TopicSignals)
	if err := process.SnapshotFloors(ctx, a.kafka, signals, deps, f); err != nil {
		return nil, err
	}
	if a.kafka.Shadow {
		if err := process.SnapshotFloors(ctx, a.kafka.ForShadow(), signals, deps, f); err != nil {
			return nil, err
		}
	}
	cl, err := kafka.NewClient(a.kafka, "floors", deps)
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	inputs := append([]string{a.kafka.Topic(schemas.TopicAlerts), a.kafka.Topic(schemas.TopicTickets), a.kafka.Topic(schemas.TopicChanges)}, a.kafka.Foreign()...)
	if a.cfg.Has(config.RoleNormalise) {
		if err := process.GroupFloors(ctx, cl, a.kafka.Name(process.RoleNormalise), inputs, a.kafka.Partitions, f); err != nil {
			return nil, err
		}
	}
	if !a.cfg.Has(config.RoleWrite) {
		return f, nil
	}
	writers := []kafka.Config{a.kafka}
	if a.kafka.Shadow {
		writers = append(writers, a.kafka.ForShadow())
	}
	for _, kc := range writers {
		var topics []string
		for _, t := range a.cfg.Writer.Topics {
			topics = append(topics, kc.Topic(t))
		}
		if err := process.GroupFloors(ctx, cl, deliver.Group(kc, "clickhouse"), topics, kc.Partitions, f); err != nil {
			return nil, err
		}
	}
	return f, nil
}
