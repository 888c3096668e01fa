package main

import (
	"context"
	"net/url"
	"time"

	"pinkstar/cmd/pinkstar/console"
	"pinkstar/schemas"
)

func (c *cli) addProblem() {
	group := c.app.Command("problem", "See what recurs, and say when it is solved.")
	list := group.Command("list", "List problems, the one seen last first.")
	q := url.Values{}
	list.Flag("status", "open, solved, returned; several with commas").SetValue(queryValue{q, "status"})
	list.Flag("service", "where it recurs").SetValue(queryValue{q, "service"})
	list.Flag("scope", "correlation scope").SetValue(queryValue{q, "scope"})
	list.Flag("limit", "at most so many").SetValue(queryValue{q, "limit"})
	list.Flag("cursor", "goes on after a page").SetValue(queryValue{q, "cursor"})
	d := c.sit(list)
	c.talk(list, d, func(ctx context.Context, w world, cl *console.Client) error {
		var page console.Problems
		if err := cl.Get(ctx, "/api/v1/problems", q, &page); err != nil {
			return err
		}
		return d.print(w, page, func() error { return console.WriteProblems(w.out, &page, time.Now()) })
	})
	show := group.Command("show", "Show a problem with its evidence.")
	id := show.Arg("id", "the problem").Required().String()
	ds := c.sit(show)
	c.talk(show, ds, func(ctx context.Context, w world, cl *console.Client) error {
		var p schemas.Problem
		if err := cl.Get(ctx, "/api/v1/problems/"+url.PathEscape(*id), nil, &p); err != nil {
			return err
		}
		return ds.print(w, p, func() error { return console.WriteProblem(w.out, &p, time.Now()) })
	})
	solve := group.Command("solve", "Say that what causes a problem is mended; it returns if it comes again.")
	solved := solve.Arg("id", "the problem").Required().String()
	note := solve.Flag("note", "how").String()
	do := c.orders(solve)
	c.talk(solve, do, func(ctx context.Context, w world, cl *console.Client) error {
		out, err := cl.OrderProblem(ctx, *solved, console.Order{Action: schemas.ActionSolveProblem, Note: *note})
		if err != nil {
			return err
		}
		return do.tell(w, *solved+", solve problem", out)
	})
}
