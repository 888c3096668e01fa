package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/console"
	"pinkstar/schemas"
)

func (c *cli) addIncident() {
	group := c.app.Command("incident", "See incidents, and do something about them.")
	c.addIncidentList(group)
	c.addIncidentShow(group)
	c.addIncidentWords(group)
	c.addIncidentLinks(group)
	c.addIncidentMoves(group)
}

func (c *cli) addIncidentList(group *kingpin.CmdClause) {
	clause := group.Command("list", "List incidents, newest first: what is not over, unless told otherwise.")
	q := url.Values{}
	filter := func(flag, param, help string) {
		clause.Flag(flag, help).SetValue(queryValue{q, param})
	}
	filter("status", "status", "open, acknowledged, mitigated, resolved, closed; several with commas")
	filter("severity", "severity", "critical, major, warning, info, unknown; several with commas")
	filter("service", "service", "affected service; any of several with commas")
	filter("scope", "scope", "correlation scope")
	filter("since", "since", "detected at or after, RFC 3339")
	filter("until", "until", "detected before, RFC 3339")
	filter("text", "q", "text in title, id, service, team or ticket")
	filter("below", "parent", "those that are part of this incident")
	filter("limit", "limit", "at most so many")
	filter("cursor", "cursor", "goes on after a page")
	all := clause.Flag("all", "those that are over or part of another one, too").Bool()
	watch := clause.Flag("watch", "print it again whenever so much time has passed, until interrupted").PlaceHolder("5s").Duration()
	d := c.sit(clause)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		if !*all && q.Get("parent") == "" {
			q.Set("main", "true")
		}
		if !*all && q.Get("status") == "" {
			q.Set("status", "open,acknowledged,mitigated")
		}
		return repeated(ctx, *watch, func() error {
			var page console.Page
			if err := cl.Get(ctx, "/api/v1/incidents", q, &page); err != nil {
				return err
			}
			return d.print(w, page, func() error { return console.WriteIncidents(w.out, &page, time.Now()) })
		})
	})
}

// repeated does something once, or again and again until ctx ends.
func repeated(ctx context.Context, every time.Duration, do func() error) error {
	for {
		if err := do(); err != nil || every <= 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(every):
		}
	}
}

// queryValue is a flag that is a parameter of the API.
type queryValue struct {
	q     url.Values
	param string
}

// Set implements kingpin.Value.
func (v queryValue) Set(s string) error { v.q.Add(v.param, s); return nil }

// String implements kingpin.Value.
func (v queryValue) String() string { return v.q.Get(v.param) }

// IsCumulative lets a flag be given again.
func (v queryValue) IsCumulative() bool { return true }

func (c *cli) addIncidentShow(group *kingpin.CmdClause) {
	clause := group.Command("show", "Show an incident: its counts, why, what is asked, procedure, signals, messages and story.")
	id := clause.Arg("id", "the incident").Required().String()
	d := c.sit(clause)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		detail, err := cl.Incident(ctx, *id)
		if err != nil {
			return err
		}
		return d.print(w, detail, func() error { return console.WriteIncident(w.out, detail, time.Now()) })
	})
}

// order is a command about incidents that takes ids and, before or behind them,
// what it needs.
type order struct {
	name, help string
	aliases    []string
	action     schemas.Action
	arg, about string // an argument behind the id; "" for none
	set        func(*console.Order, string) error
}

var words = []order{
	{name: "ack", help: "Acknowledge incidents: you are on it, and nobody else is called.", aliases: []string{"acknowledge"}, action: schemas.ActionAcknowledge},
	{name: "assign", help: "Give an incident to somebody.", action: schemas.ActionAssign, arg: "to", about: "person or team",
		set: func(o *console.Order, s string) error { o.To = s; return nil }},
	{name: "mitigate", help: "Say that the effect on users has ended, though the cause may be there.", action: schemas.ActionMitigate},
	{name: "resolve", help: "Say that incidents are over.", action: schemas.ActionResolve},
	{name: "reopen", help: "Say that incidents are not over.", action: schemas.ActionReopen},
	{name: "severity", help: "Say how bad an incident is; the engine leaves your word.", action: schemas.ActionSetSeverity,
		arg: "severity", about: "critical, major, warning, info; auto takes your word back", set: func(o *console.Order, s string) error { o.To = s; return nil }},
	{name: "note", help: "Put something into an incident's story.", action: schemas.ActionNote, arg: "text", about: "what there is to say",
		set: func(o *console.Order, s string) error { o.Note = s; return nil }},
	{name: "step", help: "Say that a step of an incident's procedure was done.", action: schemas.ActionStepDone, arg: "number", about: "of the step, from 1", set: setStep},
	{name: "declare", help: "Say that an incident's pattern is a problem.", action: schemas.ActionDeclareProblem},
}

func setStep(o *console.Order, s string) (err error) {
	if o.Step, err = strconv.ParseInt(s, 10, 64); err != nil {
		return usageError{fmt.Errorf("%q is not the number of a step", s)}
	}
	return nil
}

func (c *cli) addIncidentWords(group *kingpin.CmdClause) {
	for _, o := range words {
		clause := group.Command(o.name, o.help)
		for _, a := range o.aliases {
			clause.Alias(a)
		}
		c.addWord(clause, o)
	}
}

func (c *cli) addWord(clause *kingpin.CmdClause, o order) {
	var ids []string
	var arg, note string
	if o.arg == "" {
		clause.Arg("id", "incidents").Required().StringsVar(&ids)
	} else {
		clause.Arg("id", "the incident").Required().SetValue((*first)(&ids))
		clause.Arg(o.arg, o.about).Required().StringVar(&arg)
	}
	if o.action != schemas.ActionNote {
		clause.Flag("note", "what stands in the story beside it").StringVar(&note)
	}
	d := c.orders(clause)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		var errs []error
		for _, id := range ids {
			send := console.Order{Action: o.action, Note: note}
			if o.set != nil {
				if err := o.set(&send, arg); err != nil {
					return err
				}
			}
			errs = append(errs, d.give(ctx, w, cl, id, send))
		}
		return errors.Join(errs...)
	})
}

// give gives one order and says what became of it. Of several the others go on
// when one is refused.
func (d *desk) give(ctx context.Context, w world, cl *console.Client, id string, o console.Order) error {
	out, err := cl.OrderIncident(ctx, id, o)
	if err != nil {
		return err
	}
	what := id
	if out.Incident != nil && out.Done {
		what += " " + string(out.Incident.Status)
	}
	return d.tell(w, what+", "+strings.ReplaceAll(string(o.Action), "_", " "), out)
}

func (c *cli) addIncidentLinks(group *kingpin.CmdClause) {
	link := group.Command("link", "Make an incident part of another one.")
	child := link.Arg("id", "the incident").Required().String()
	parent := link.Arg("main", "the incident it is part of").Required().String()
	d := c.orders(link)
	c.talk(link, d, func(ctx context.Context, w world, cl *console.Client) error {
		return d.give(ctx, w, cl, *child, console.Order{Action: schemas.ActionLinkParent, ParentID: *parent})
	})
	unlink := group.Command("unlink", "Let an incident stand alone again; with another one that it is not part of, keep the two apart.")
	id := unlink.Arg("id", "the incident").Required().String()
	other := unlink.Arg("other", "an incident that it has nothing to do with").String()
	note := unlink.Flag("note", "what stands in the story beside it").String()
	du := c.orders(unlink)
	c.talk(unlink, du, func(ctx context.Context, w world, cl *console.Client) error {
		return du.give(ctx, w, cl, *id, console.Order{Action: schemas.ActionUnlinkParent, ParentID: *other, Note: *note})
	})
	answer := group.Command("answer", "Answer for a change that was asked to stop.")
	inc := answer.Arg("id", "the incident").Required().String()
	change := answer.Arg("change", "the change's signal, as `incident show` names it").Required().String()
	to := answer.Arg("answer", strings.Join(schemas.Answers, ", ")).Required().Enum(schemas.Answers...)
	why := answer.Flag("note", "what stands in the story beside it").String()
	da := c.orders(answer)
	c.talk(answer, da, func(ctx context.Context, w world, cl *console.Client) error {
		return da.give(ctx, w, cl, *inc, console.Order{Action: schemas.ActionAnswerChange, SignalID: *change, To: *to, Note: *why})
	})
}

func (c *cli) addIncidentMoves(group *kingpin.CmdClause) {
	move := group.Command("move", "Move signals from one incident into another.")
	from := move.Arg("id", "the incident they are in").Required().String()
	signals := move.Arg("signals", "ids of alerts' or tickets' signals, as `incident show` names them").Required().Strings()
	to := move.Flag("to", "the incident they belong to").Required().String()
	note := move.Flag("note", "what stands in the story beside it").String()
	d := c.orders(move)
	c.talk(move, d, func(ctx context.Context, w world, cl *console.Client) error {
		for _, s := range *signals {
			if err := d.give(ctx, w, cl, *from, console.Order{Action: schemas.ActionMove, SignalID: s, IncidentID: to, Note: *note}); err != nil {
				return err
			}
		}
		return nil
	})
	split := group.Command("split", "Move signals out of an incident into a new one of their own.")
	id := split.Arg("id", "the incident").Required().String()
	out := split.Arg("signals", "ids of alerts' or tickets' signals").Required().Strings()
	why := split.Flag("note", "what stands in the story beside it").String()
	ds := c.orders(split)
	c.talk(split, ds, func(ctx context.Context, w world, cl *console.Client) error {
		made, o, err := cl.Split(ctx, *id, *out, *why)
		if err != nil {
			return err
		}
		if made == "" {
			made = "a new incident"
		}
		return ds.tell(w, fmt.Sprintf("%d moved from %s to %s", len(*out), *id, made), o)
	})
}

// first is a list that one argument fills.
type first []string

// Set implements kingpin.Value.
func (f *first) Set(s string) error { *f = first{s}; return nil }

// String implements kingpin.Value.
func (f *first) String() string { return strings.Join(*f, " ") }
