package app

import (
	"context"
	"fmt"
	"io"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/process"
)

// RepairOptions say what an operator accepts.
type RepairOptions struct {
	Damage, LostSignals, LostInputs, LostOutcomes, NewDecisions bool
}

// Repair looks for what stops a start: damaged files of the embedded Kafka, and
// positions that the log no longer has. What is accepted is gone on without. It
// writes what it finds and does to out, and returns how many problems are left.
// Nothing that processes may be running.
func Repair(ctx context.Context, cfg *config.Config, o RepairOptions, log zerolog.Logger, out io.Writer) (left int, err error) {
	kc := cfg.Kafka.Config
	if cfg.EmbeddedKafka() {
		d, err := openDataDir(cfg.Data)
		if err != nil {
			return 0, err
		}
		defer func() { _ = d.close() }()
		ec := kafka.DefaultEmbeddedConfig(d.join("kafka"))
		if o.Damage {
			done, err := kafka.AcceptDamage(ec.Dir)
			for _, what := range done {
				fmt.Fprintln(out, what)
			}
			if err != nil {
				return 0, err
			}
		}
		e := kafka.NewEmbedded(ec, log)
		if err := e.Start(ctx); err != nil {
			return 0, err
		}
		defer e.Stop()
		kc.Brokers, kc.Embedded = []string{e.Addr()}, true
		cl, err := kafka.NewClient(kc, "repair", kafka.Deps{Log: log})
		if err != nil {
			return 0, err
		}
		err = kafka.Ensure(ctx, cl, kc)
		cl.Close()
		if err != nil {
			return 0, err
		}
	}
	set, topo, err := LoadRules(cfg)
	if err != nil {
		return 0, err
	}
	learnt, err := LoadLearnt(cfg)
	if err != nil {
		return 0, err
	}
	return repairPositions(ctx, kc, newEngines(set, topo, learnt), o, log, out)
}

func repairPositions(ctx context.Context, kc kafka.Config, made *engines, o RepairOptions, log zerolog.Logger, out io.Writer) (left int, err error) {
	signals, err := process.CheckPositions(ctx, kc, made, process.Accepted{LostSignals: o.LostSignals, LostOutcomes: o.LostOutcomes, NewDecisions: o.NewDecisions}, log)
	for _, f := range signals {
		fmt.Fprintln(out, f.Problem)
		if f.Done != "" {
			fmt.Fprintln(out, "  accepted: "+f.Done)
		} else {
			left++
		}
	}
	if err != nil {
		return left, err
	}
	inputs, err := process.CheckInputs(ctx, kc, o.LostInputs, log)
	for _, what := range inputs {
		fmt.Fprintln(out, what)
		if o.LostInputs {
			fmt.Fprintln(out, "  accepted: it is read from its start again")
		} else {
			left++
		}
	}
	return left, err
}
