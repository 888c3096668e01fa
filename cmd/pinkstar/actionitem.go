package main

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/console"
	"pinkstar/schemas"
)

// addAction adds the commands about actions of post-mortems.
func (c *cli) addAction() {
	group := c.app.Command("action", "See what is to be done after incidents and about problems, write it down, and say when it was done.")
	list := group.Command("list", "List actions, those due first at the front.")
	q := url.Values{}
	list.Flag("status", "open, done, dropped; several with commas").SetValue(queryValue{q, "status"})
	list.Flag("owner", "whose").SetValue(queryValue{q, "owner"})
	list.Flag("incident", "that follow from an incident").SetValue(queryValue{q, "incident_id"})
	list.Flag("problem", "that follow from a problem").SetValue(queryValue{q, "problem_id"})
	list.Flag("limit", "at most so many").SetValue(queryValue{q, "limit"})
	d := c.sit(list)
	c.talk(list, d, func(ctx context.Context, w world, cl *console.Client) error {
		var page console.ActionItems
		if err := cl.Get(ctx, "/api/v1/actions", q, &page); err != nil {
			return err
		}
		return d.print(w, page, func() error { return console.WriteActionItems(w.out, &page, time.Now()) })
	})

	add := group.Command("add", "Write down what is to be done, after an incident or about a problem.")
	what := add.Arg("what", "what is to be done").Required().String()
	incident := add.Flag("incident", "the incident that it follows from, also a closed one").PlaceHolder("ID").String()
	of := add.Flag("problem", "or the problem").PlaceHolder("ID").String()
	owner := add.Flag("owner", "who is to do it: a person or a team").PlaceHolder("NAME").String()
	due := add.Flag("due", "until when, such as 2026-12-24").PlaceHolder("DATE").String()
	da := c.orders(add)
	c.talk(add, da, func(ctx context.Context, w world, cl *console.Client) error {
		n := console.NewAction{What: *what, Owner: *owner, IncidentID: *incident, ProblemID: *of, By: cl.By}
		if *due != "" {
			day, err := time.Parse(time.DateOnly, *due)
			if err != nil {
				return usageError{fmt.Errorf("--due: %q is not a day such as 2026-12-24", *due)}
			}
			n.DueAt = schemas.EndOfDay(day)
		}
		var taken console.ActionTaken
		if err := cl.Post(ctx, "/api/v1/actions", n, &taken); err != nil {
			return err
		}
		return da.print(w, taken, func() error {
			_, err := fmt.Fprintln(w.out, taken.ActionID)
			return err
		})
	})
	c.endAction(group.Command("done", "Say that an action was done."), schemas.ActionDone, "how")
	c.endAction(group.Command("drop", "Say that an action will not be done."), schemas.ActionDropped, "why")
}

func (c *cli) endAction(clause *kingpin.CmdClause, status schemas.ActionItemStatus, asks string) {
	id := clause.Arg("id", "the action").Required().String()
	note := clause.Flag("note", asks).String()
	d := c.orders(clause)
	c.talk(clause, d, func(ctx context.Context, w world, cl *console.Client) error {
		var taken console.ActionTaken
		if err := cl.Post(ctx, "/api/v1/actions/"+url.PathEscape(*id)+"/end", console.ActionEnd{Status: status, Note: *note, By: cl.By}, &taken); err != nil {
			return err
		}
		return d.print(w, taken, func() error {
			_, err := fmt.Fprintf(w.out, "%s, %s\n", *id, status)
			return err
		})
	})
}
