package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// duty is who is on duty in one rota.
type duty struct {
	Rota   string           `json:"rota"`
	People []schemas.Person `json:"people"`
	// Calendar is the one whose shifts are in the log and not known here.
	Calendar string `json:"calendar,omitempty"`
}

func (c *cli) addOncall() {
	clause := c.app.Command("oncall", "Say who is on call, by the configured rotas.")
	at := clause.Flag("at", "the moment, RFC 3339, instead of now").String()
	only := clause.Flag("rota", "only this rota").String()
	asJSON := clause.Flag("json", "print JSON").Bool()
	s := withSettings(clause, config.ForEngine)
	c.on(clause, func(_ context.Context, w world) error {
		t := schemas.TimeOf(time.Now())
		if *at != "" {
			var err error
			if t, err = schemas.ParseTime(*at); err != nil {
				return usageError{fmt.Errorf("--at: %w", err)}
			}
		}
		cfg, err := s.load(w)
		if err != nil {
			return err
		}
		set, _, err := app.LoadRules(cfg)
		if err != nil {
			return asUsage(err)
		}
		duties, err := onDuty(set, *only, t)
		if err != nil {
			return err
		}
		if *asJSON {
			enc := json.NewEncoder(w.out)
			enc.SetIndent("", "  ")
			return enc.Encode(duties)
		}
		return printDuties(w, duties)
	})
}

func onDuty(set *rules.Set, only string, t schemas.Time) ([]duty, error) {
	names := slices.Sorted(maps.Keys(set.Rotas))
	if only != "" {
		if set.Rotas[only] == nil {
			return nil, usageError{fmt.Errorf("there is no rota %q; there are: %s", only, orNone(strings.Join(names, ", ")))}
		}
		names = []string{only}
	}
	duties := make([]duty, 0, len(names))
	for _, name := range names {
		duties = append(duties, duty{name, set.OnCall(name, t, nil), set.Rotas[name].Calendar})
	}
	return duties, nil
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
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
			fmt.Fprintf(tw, "%s\t?\tby the calendar %s, whose shifts are in the log\t\n", d.Rota, d.Calendar)
		case len(d.People) == 0:
			fmt.Fprintf(tw, "%s\tnobody\t\t\n", d.Rota)
		}
		for _, p := range d.People {
			fmt.Fprintf(tw, "%s\t%s\t%s\t%s\n", d.Rota, p.Name, strings.TrimSpace(strings.TrimPrefix(p.Rota, d.Rota)), orNone(strings.Join(p.Targets, ", ")))
		}
	}
	return tw.Flush()
}
