package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/feeds"
	"pinkstar/schemas"
)

// everything is all groups: the configuration is checked and printed whole.
var everything = []config.Group{config.ForKafka, config.ForSQL, config.ForRun, config.ForEngine}

func (c *cli) addConfig() {
	parent := c.app.Command("config", "Check and show the configuration.")
	check := parent.Command("check", "Say everything that is wrong, with file and line. With --against or --against-history: what would be made of real alerts; exit code 3 when some are about nothing, have a severity that is not understood, or, where procedures are configured, have none.")
	trial := withTrial(check)
	checked := withSettings(check, everything...)
	c.on(check, func(ctx context.Context, w world) error {
		cfg, faults := config.Read(checked.inputs(w))
		faults = append(faults, cfg.Surroundings()...)
		set, topo, learnt, wrong := app.Texts(cfg)
		if err := append(faults, wrong...).Err(); err != nil {
			return usageError{err}
		}
		for _, warning := range topo.Warnings {
			fmt.Fprintf(w.out, "topology: %s\n", warning)
		}
		_, twice, err := set.Named(&cfg.Labels)
		if err != nil {
			return usageError{err}
		}
		for _, warning := range twice {
			fmt.Fprintf(w.out, "labels: %s\n", warning)
		}
		if trial.wanted() {
			return trial.run(ctx, w, cfg, set, topo)
		}
		now := schemas.TimeOf(time.Now())
		for _, warning := range append(set.Unready(now, now.Add(lookAhead), nil), withoutFeed(cfg, set)...) {
			fmt.Fprintf(w.out, "not ready: %s\n", warning)
		}
		_, err = fmt.Fprintf(w.out, "The configuration is good: %d rules (version %s), %d services (version %s)%s.\n",
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

// lookAhead is how far ahead rotas are looked through for gaps.
const lookAhead = 28 * schemas.Day

// withoutFeed says which rotas have a calendar that nothing fetches.
func withoutFeed(cfg *config.Config, set *rules.Set) (out []string) {
	for _, name := range slices.Sorted(maps.Keys(set.Rotas)) {
		calendar := set.Rotas[name].Calendar
		if calendar != "" && !slices.ContainsFunc(cfg.Feeds.Calendars, func(f feeds.Calendar) bool { return f.Shifts && f.Name == calendar }) {
			out = append(out, fmt.Sprintf("rota %q has the calendar %q, and no calendar of feeds with shifts: true is called so", name, calendar))
		}
	}
	return out
}
