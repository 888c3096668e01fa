package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/feeds"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// everything is all groups: the configuration is checked and printed whole.
var everything = []config.Group{config.ForKafka, config.ForSQL, config.ForRun, config.ForEngine}

func (c *cli) addConfig() {
	parent := c.app.Command("config", "Check and show the configuration.")
	check := parent.Command("check", "Say everything that is wrong, with file and line.")
	against := check.Flag("against", "a payload as its sender sends it: print what is made of it").String()
	as := check.Flag("as", "whose payload that is, as in gateway.sources; otherwise it is recognised").String()
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
		_, twice, err := set.Named(&cfg.Labels)
		if err != nil {
			return usageError{err}
		}
		for _, warning := range twice {
			fmt.Fprintf(w.out, "labels: %s\n", warning)
		}
		if *against != "" {
			return tryPayload(w, cfg, set, *against, *as)
		}
		now := schemas.TimeOf(time.Now())
		for _, warning := range append(set.Unready(now, now.Add(lookAhead)), withoutFeed(cfg, set)...) {
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

// tryPayload prints what would be made of a payload, a signal on each line, and
// which alerts of it nobody has a procedure for.
func tryPayload(w world, cfg *config.Config, set *rules.Set, file, as string) error {
	in, done, err := openInput(file, w)
	if err != nil {
		return err
	}
	defer done()
	body, err := io.ReadAll(io.LimitReader(in, cfg.Gateway.Limits.DecompressedBytes+1))
	if err != nil {
		return err
	}
	if int64(len(body)) > cfg.Gateway.Limits.DecompressedBytes {
		return fmt.Errorf("%s is over %d bytes (gateway.limits.decompressed_bytes)", file, cfg.Gateway.Limits.DecompressedBytes)
	}
	translator := ingest.NewTranslator(cfg.Labels, cfg.Gateway.Limits, cfg.Gateway.Mappings)
	signals, notes, err := translator.Try(ingest.Source(as), body, ingest.Meta{ReceivedAt: schemas.TimeOf(time.Now())})
	for i := range signals {
		if _, err := fmt.Fprintf(w.out, "%s\n", schemas.AppendSignal(nil, &signals[i])); err != nil {
			return err
		}
		if s := &signals[i]; s.Kind == schemas.KindAlert && set.ProcedureFor(s) == nil {
			fmt.Fprintf(w.err, "pinkstar: no procedure for %s (service %q, severity %q)\n", s.Name, s.Service, s.Severity)
		}
	}
	for _, n := range notes {
		fmt.Fprintf(w.err, "pinkstar: %s\n", n)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

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
