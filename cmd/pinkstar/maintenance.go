package main

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/console"
	"pinkstar/schemas"
)

// announcement is a change or a window as the API takes it.
type announcement struct {
	Kind        string   `json:"kind,omitempty"`
	Silence     bool     `json:"silence,omitempty"`
	Title       string   `json:"title"`
	Note        string   `json:"note,omitempty"`
	Services    []string `json:"services,omitempty"`
	Matchers    []string `json:"matchers,omitempty"`
	Suppress    bool     `json:"suppress,omitempty"`
	Team        string   `json:"team,omitempty"`
	Contact     string   `json:"contact,omitempty"`
	Version     string   `json:"version,omitempty"`
	Ticket      string   `json:"ticket,omitempty"`
	Tenant      string   `json:"tenant,omitempty"`
	Environment string   `json:"environment,omitempty"`
	StartsAt    string   `json:"starts_at,omitempty"`
	EndsAt      string   `json:"ends_at,omitempty"`
	By          string   `json:"by,omitempty"`
}

type announced struct {
	ID  string   `json:"id"`
	IDs []string `json:"ids"`
	By  string   `json:"by"`
}

func (c *cli) addMaintenance() {
	group := c.app.Command("maintenance", "The calendar of maintenance and changes: see it, announce, end.")
	c.addCalendar(group, url.Values{})
	c.addUnannounced(group)
	add := group.Command("add", "Announce a maintenance window, or with --change a change.")
	a := &announcement{}
	add.Arg("title", "what is done, in a few words").Required().StringVar(&a.Title)
	add.Flag("service", "that it touches; may be given again").StringsVar(&a.Services)
	add.Flag("suppress", "alerts of these services, or that match, are expected meanwhile and open no incident").BoolVar(&a.Suppress)
	add.Flag("match", "which alerts it means, in Alertmanager's syntax; may be given again").PlaceHolder(`host="h7"`).StringsVar(&a.Matchers)
	change := add.Flag("change", "a change, such as a deployment: it may be the cause of something, and suppresses nothing").Bool()
	add.Flag("release", "of a change: what is deployed").PlaceHolder("VERSION").StringVar(&a.Version)
	c.addAnnouncing(add, a, func() error {
		if *change {
			a.Kind = string(schemas.KindChange)
		}
		return nil
	}, "--change may leave the end open", change)
	c.addEnd(group, "a window or a change")
}

func (c *cli) addSilence() {
	group := c.app.Command("silence", "Take alerts as expected for a while: see, add, end.")
	c.addCalendar(group, url.Values{"type": {"silence"}})
	add := group.Command("add", "Silence alerts by matchers on their labels, as Alertmanager does.")
	a := &announcement{Silence: true}
	add.Arg("matchers", `in Alertmanager's syntax, such as alertname="DiskFull" 'host=~"h[0-9]+"'`).Required().StringsVar(&a.Matchers)
	add.Flag("comment", "why").Required().StringVar(&a.Title)
	c.addAnnouncing(add, a, func() error { return nil }, "", nil)
	c.addEnd(group, "a silence")
}

// addAnnouncing adds when and where it holds, and has the command announce a.
// open, if there, says whether it may go without an end.
func (c *cli) addAnnouncing(clause *kingpin.CmdClause, a *announcement, complete func() error, openText string, open *bool) {
	clause.Flag("note", "more about it").StringVar(&a.Note)
	clause.Flag("team", "whose it is").StringVar(&a.Team)
	clause.Flag("contact", "where its team is reached at once").StringVar(&a.Contact)
	clause.Flag("ticket", "where it was approved").StringVar(&a.Ticket)
	clause.Flag("environment", "where it holds; default: the installation's, of silences all").StringVar(&a.Environment)
	clause.Flag("tenant", "whose it is, where there are several").StringVar(&a.Tenant)
	from := clause.Flag("from", "when it begins: RFC 3339, or from now in such as 90m; default: now").String()
	to := clause.Flag("to", strings.TrimSpace("when it ends, RFC 3339. "+openText)).String()
	lasts := clause.Flag("for", "how long, such as 2h").Duration()
	d := c.orders(clause)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		if err := complete(); err != nil {
			return err
		}
		if err := a.times(*from, *to, *lasts, open != nil && *open, time.Now()); err != nil {
			return usageError{err}
		}
		a.By = cl.By
		var out announced
		if err := cl.Post(ctx, "/api/v1/changes", a, &out); err != nil {
			return err
		}
		return d.print(w, out, func() error {
			_, err := fmt.Fprintf(w.out, "%s: announced by %s\n", out.ID, out.By)
			return err
		})
	})
}

// times reads when a begins and ends.
func (a *announcement) times(from, to string, lasts time.Duration, open bool, now time.Time) error {
	begins := now
	if ahead, err := time.ParseDuration(from); err == nil {
		begins = now.Add(ahead)
		a.StartsAt = begins.UTC().Format(time.RFC3339)
	} else if from != "" {
		t, err := schemas.ParseTime(from)
		if err != nil {
			return fmt.Errorf("--from: %w", err)
		}
		begins, a.StartsAt = t.Std(), from
	}
	switch {
	case to != "" && lasts != 0:
		return fmt.Errorf("--to and --for: one of them")
	case to != "":
		if _, err := schemas.ParseTime(to); err != nil {
			return fmt.Errorf("--to: %w", err)
		}
		a.EndsAt = to
	case lasts > 0:
		a.EndsAt = begins.Add(lasts).UTC().Format(time.RFC3339)
	case !open:
		return fmt.Errorf("say when it ends: --for 2h, or --to TIME")
	}
	return nil
}

// addCalendar lists the calendar; always is what this list is of.
func (c *cli) addCalendar(group *kingpin.CmdClause, always url.Values) {
	clause := group.Command("list", "List what is planned and what runs, what begins first at the front.")
	q := url.Values{}
	for _, f := range [][2]string{
		{"from", "it lasts at or after, RFC 3339; default: now"}, {"to", "it begins before, RFC 3339"},
		{"state", "planned, running, over, cancelled; several with commas"}, {"service", "that it touches"}, {"team", "whose it is"},
		{"scope", "correlation scope"}, {"limit", "at most so many"},
	} {
		clause.Flag(f[0], f[1]).SetValue(queryValue{q, f[0]})
	}
	if len(always) == 0 {
		clause.Flag("kind", "maintenance or change").SetValue(queryValue{q, "kind"})
		clause.Flag("type", "deployment, rollback, calendar, silence, announced, ...; several with commas").SetValue(queryValue{q, "type"})
	}
	d := c.sit(clause)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		maps.Copy(q, always)
		var page console.Calendar
		if err := cl.Get(ctx, "/api/v1/changes", q, &page); err != nil {
			return err
		}
		return d.print(w, page, func() error { return console.WriteCalendar(w.out, &page, time.Now()) })
	})
}

func (c *cli) addUnannounced(group *kingpin.CmdClause) {
	clause := group.Command("unannounced", "Count, by month and team, changes that nobody announced.")
	q := url.Values{}
	for _, f := range [][2]string{{"month", "such as 2026-10; default: this one and the twelve before"}, {"team", "whose they are"}, {"scope", "correlation scope"}, {"limit", "at most so many lines"}} {
		clause.Flag(f[0], f[1]).SetValue(queryValue{q, f[0]})
	}
	d := c.sit(clause)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		var out console.Unannounced
		if err := cl.Get(ctx, "/api/v1/changes/unannounced", q, &out); err != nil {
			return err
		}
		return d.print(w, out, func() error { return console.WriteUnannounced(w.out, &out) })
	})
}

func (c *cli) addEnd(group *kingpin.CmdClause, what string) {
	clause := group.Command("end", "End "+what+" at once; what has not begun is called off.")
	id := clause.Arg("id", "as `list` names it").Required().String()
	note := clause.Flag("note", "is added to its note").String()
	d := c.orders(clause)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		body := map[string]string{"note": *note}
		if cl.By != "" {
			body["by"] = cl.By
		}
		var out announced
		if err := cl.Post(ctx, "/api/v1/changes/"+url.PathEscape(*id)+"/end", body, &out); err != nil {
			return err
		}
		return d.print(w, out, func() error {
			_, err := fmt.Fprintf(w.out, "%s: ended by %s\n", out.ID, out.By)
			return err
		})
	})
}
