package main

import (
	"context"
	"fmt"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
)

func (c *cli) addRepair() {
	clause := c.app.Command("repair", "Look for damage to the data and for positions that the log no longer has; go on without what is missing only where that is accepted. Exit code 3 when something is left. Nothing else may be running.")
	var o app.RepairOptions
	clause.Flag("accept-damage", "set aside what can't be read of the embedded Kafka's files").BoolVar(&o.Damage)
	clause.Flag("accept-lost-signals", "go on although signals that were processed are no longer in the log").BoolVar(&o.LostSignals)
	clause.Flag("accept-lost-outcomes", "decide and publish again what was published and is no longer on the topics of decisions, incidents and problems").BoolVar(&o.LostOutcomes)
	clause.Flag("accept-new-decisions", "decide part of the log anew, and publish that over what was, where the state can't be read or this release decides otherwise").BoolVar(&o.NewDecisions)
	clause.Flag("accept-lost-inputs", "go on although records that were read are no longer on the input topics").BoolVar(&o.LostInputs)
	s := withSettings(clause, config.ForKafka, config.ForSQL, config.ForEngine)
	c.on(clause, func(ctx context.Context, w world) error { return repair(ctx, w, s, o) }) // o is set by then
}

func repair(ctx context.Context, w world, s *settings, o app.RepairOptions) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	left, err := app.Repair(ctx, cfg, o, app.NewLogger(cfg.Log, w.err).Level(zerolog.ErrorLevel), w.out)
	switch {
	case err != nil:
		return err
	case left > 0:
		return errFound
	}
	fmt.Fprintln(w.out, "Nothing stops a start.")
	return nil
}
