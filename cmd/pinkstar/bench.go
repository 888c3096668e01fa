package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"

	"pinkstar/cmd/pinkstar/bench"
	"pinkstar/cmd/pinkstar/config"
)

func (c *cli) addBench() {
	cmd := c.app.Command("bench", "Measure what Pinkstar costs on this machine, beside Alertmanager, a bare fetch and a direct insert. Everything is embedded, in temporary directories.")
	quick := cmd.Flag("quick", "a few minutes instead of a quarter of an hour: smaller, and fewer turns").Bool()
	asJSON := cmd.Flag("json", "as JSON, for comparison over time").Bool()
	only := cmd.Flag("only", "only this figure, such as B2; may be given several times").Strings()
	turns := cmd.Flag("turns", "how often a comparison is repeated; 5, or 3 with --quick").Int()
	peer := cmd.Flag("alertmanager", "Alertmanager's binary, the peer of B1; found on the PATH by itself").PlaceHolder("FILE").String()
	s := withSettings(cmd, config.ForSQL)
	c.on(cmd, func(ctx context.Context, w world) error {
		cfg, err := s.load(w)
		if err != nil {
			return err
		}
		for _, id := range *only {
			if !slices.Contains(bench.IDs(), id) {
				return usageError{fmt.Errorf("--only %s: it is one of %v", id, bench.IDs())}
			}
		}
		o := bench.Options{Quick: *quick, Turns: *turns, Only: *only, Alertmanager: *peer, Libchdb: cfg.ClickHouse.Libchdb}
		if o.Alertmanager == "" {
			o.Alertmanager, _ = exec.LookPath("alertmanager")
		}
		o.Say = func(format string, args ...any) { fmt.Fprintf(w.err, "bench: "+format+"\n", args...) }
		r, err := bench.Run(ctx, o)
		if r == nil {
			return err
		}
		if *asJSON {
			return errors.Join(r.JSON(w.out), err)
		}
		return errors.Join(r.Print(w.out), err)
	})
}
