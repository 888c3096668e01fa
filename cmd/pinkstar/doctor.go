package main

import (
	"context"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/doctor"
)

func (c *cli) addDoctor() {
	cmd := c.app.Command("doctor", "Look at everything that an installation stands on, and say what is wrong and what to do; exit code 3 when something is.")
	asJSON := cmd.Flag("json", "as JSON").Bool()
	s := withSettings(cmd, everything...)
	c.on(cmd, func(ctx context.Context, w world) error {
		cfg, faults := config.Read(s.inputs(w))
		found := doctor.Examine(ctx, cfg, faults.Err(), app.NewLogger(cfg.Log, w.err))
		var err error
		if *asJSON {
			err = writeJSON(w.out, found)
		} else {
			err = found.Print(w.out)
		}
		if err != nil {
			return err
		}
		if found.Bad() {
			return errFound
		}
		return nil
	})
}
