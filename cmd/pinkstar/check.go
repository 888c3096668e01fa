package main

import (
	"context"
	"fmt"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
)

// everything is all groups: the configuration is checked and printed whole.
var everything = []config.Group{config.ForKafka, config.ForSQL, config.ForRun, config.ForEngine}

func (c *cli) addConfig() {
	parent := c.app.Command("config", "Check and show the configuration.")
	check := parent.Command("check", "Say everything that is wrong, with file and line.")
	checked := withSettings(check, everything...)
	c.on(check, func(_ context.Context, w world) error {
		cfg, faults := config.Read(checked.inputs(w))
		faults = append(faults, cfg.Surroundings()...)
		set, topo, learnt, wrong := app.Texts(cfg)
		if err := append(faults, wrong...).Err(); err != nil {
			return usageError{err}
		}
		for _, warning := range topo.Warnings {
			fmt.Fprintf(w.out, "topology: %s\n", warning)
		}
		_, err := fmt.Fprintf(w.out, "The configuration is good: %d rules (version %s), %d services (version %s)%s.\n",
			len(set.Rules), set.Version, len(topo.Services), topo.Version, learntText(learnt))
		return err
	})
	show := parent.Command("print", "Print every value that holds and where it came from, and the rules in force with every default; secrets left out.")
	weights := show.Flag("weights", "the weights and curves of correlation too, when they are the defaults").Bool()
	shown := withSettings(show, everything...)
	c.on(show, func(_ context.Context, w world) error {
		cfg, err := shown.load(w)
		if err != nil {
			return err
		}
		set, _, err := app.LoadRules(cfg)
		if err != nil {
			return asUsage(err)
		}
		return cfg.Print(w.out, set.Print(*weights))
	})
}
