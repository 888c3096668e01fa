package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/feeds"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// duty is who is on duty in one rota.
type duty struct {
	Rota   string           `json:"rota"`
	People []schemas.Person `json:"people"`
	// Calendar is the one whose shifts could not be read.
	Calendar string `json:"calendar,omitempty"`
}

// roster is what is asked of the rotas at one moment.
type roster struct {
	set       *rules.Set
	names     []string // of rotas
	all       bool     // not only of some that were asked for
	at        schemas.Time
	calendars map[string]*rules.Shifts
	ahead     int64 // for how long what they say is known
}

func (c *cli) addOncall() {
	clause := c.app.Command("oncall", "Say who is on call, by the configured rotas and the calendars of feeds, and what would keep people from being called.")
	at := clause.Flag("at", "the moment, RFC 3339, instead of now").String()
	only := clause.Flag("rota", "only this rota").String()
	asJSON := clause.Flag("json", "print JSON").Bool()
	s := withSettings(clause, config.ForEngine)
	c.on(clause, func(ctx context.Context, w world) error {
		t := time.Now()
		if *at != "" {
			given, err := schemas.ParseTime(*at)
			if err != nil {
				return usageError{fmt.Errorf("--at: %w", err)}
			}
			t = given.Std()
		}
		cfg, err := s.load(w)
		if err != nil {
			return err
		}
		set, _, err := app.LoadRules(cfg)
		if err != nil {
			return asUsage(err)
		}
		r, err := rosterOf(ctx, w, cfg, set, *only, t)
		if err != nil {
			return err
		}
		if *asJSON {
			for _, why := range r.unready() {
				fmt.Fprintf(w.err, "pinkstar: not ready: %s\n", why)
			}
			return writeJSON(w.out, r.duties())
		}
		return r.print(w)
	})
}

// rosterOf reads the calendars of the rotas that are asked for. One that can't be
// read is said, and stops nothing.
func rosterOf(ctx context.Context, w world, cfg *config.Config, set *rules.Set, only string, at time.Time) (*roster, error) {
	r := &roster{set: set, names: slices.Sorted(maps.Keys(set.Rotas)), all: only == "", at: schemas.TimeOf(at),
		ahead: min(lookAhead, int64(cfg.Gateway.Limits.CalendarDays)*schemas.Day)}
	if only != "" {
		if set.Rotas[only] == nil {
			return nil, usageError{fmt.Errorf("there is no rota %q; there are: %s", only, orNone(strings.Join(r.names, ", ")))}
		}
		r.names = []string{only}
	}
	var wanted []string
	for _, name := range r.names {
		wanted = append(wanted, set.Rotas[name].Calendar)
	}
	var err error
	r.calendars, err = feeds.Shifts(ctx, &cfg.Feeds, wanted, ingest.NewTranslator(cfg.Labels, cfg.Gateway.Limits, cfg.Gateway.Mappings), at)
	if err != nil {
		fmt.Fprintf(w.err, "pinkstar: %s\n", strings.ReplaceAll(err.Error(), "\n", "\npinkstar: "))
	}
	for _, why := range withoutFeed(cfg, set) {
		fmt.Fprintf(w.err, "pinkstar: %s\n", why)
	}
	return r, nil
}

func (r *roster) duties() []duty {
	out := make([]duty, 0, len(r.names))
	for _, name := range r.names {
		d := duty{Rota: name, People: r.set.OnCall(name, r.at, r.calendars)}
		if c := r.set.Rotas[name].Calendar; r.calendars[c] == nil {
			d.Calendar = c
		}
		out = append(out, d)
	}
	return out
}

// unready says what would keep people from being called from then on.
func (r *roster) unready() (out []string) {
	to := r.at.Add(r.ahead)
	if r.all {
		return r.set.Unready(r.at, to, r.calendars)
	}
	for _, name := range r.names {
		out = append(out, r.set.UnreadyRota(name, r.at, to, r.calendars)...)
	}
	return out
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (r *roster) print(w world) error {
	if err := printDuties(w, r.duties()); err != nil {
		return err
	}
	why := r.unready()
	if len(why) == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w.out, "\nNot ready, in the %d days from then:\n  %s\n", r.ahead/schemas.Day, strings.Join(why, "\n  "))
	return err
}

func printDuties(w world, duties []duty) error {
	if len(duties) == 0 {
		_, err := fmt.Fprintln(w.out, "The rules have no rotas: see the section rotas.")
		return err
	}
	tw := tabwriter.NewWriter(w.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "ROTA\tON CALL\tHOW LONG\tREACHED BY")
	for _, d := range duties {
		switch {
		case len(d.People) == 0 && d.Calendar != "":
			fmt.Fprintf(tw, "%s\t?\tby the calendar %s, which is not read here\t\n", d.Rota, d.Calendar)
		case len(d.People) == 0:
			fmt.Fprintf(tw, "%s\tnobody\t\t\n", d.Rota)
		}
		for _, p := range d.People {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", d.Rota, p.Name, strings.TrimSpace(strings.TrimPrefix(p.Rota, d.Rota)), orNone(strings.Join(p.Targets, ", ")))
		}
	}
	return tw.Flush()
}
