package bench

import (
	"context"
	"fmt"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// crowd is an engine with so many open incidents, each of one alert on a service
// of its own, and what makes the next alerts.
type crowd struct {
	engine *correlate.Engine
	naming schemas.Naming
	at     schemas.Time
	out    correlate.Output
	sent   int
}

func newCrowd(incidents int) (*crowd, error) {
	set := rules.Default()
	set.Correlation.Parent = 1 << 40 // incidents are not linked: one thing at a time
	if err := set.Seal(); err != nil {
		return nil, err
	}
	c := &crowd{engine: correlate.New(set, nil), naming: schemas.DefaultNaming(), at: 1_790_000_000_000}
	for i := range incidents {
		if err := c.alert(i); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// alert takes another alert of a service, a minute after the one before: what is
// isolated stays so.
func (c *crowd) alert(service int) error {
	c.sent++
	c.at = c.at.Add(20)
	s := &schemas.Signal{
		Kind: schemas.KindAlert, Source: "bench", Status: schemas.StatusFiring, StartsAt: c.at, ReceivedAt: c.at, Summary: "requests fail",
		Labels: schemas.LabelsOf(map[string]string{"alertname": fmt.Sprint("Alert", c.sent%17), "service": fmt.Sprint("service-", service), "severity": "warning", "run": fmt.Sprint(c.sent)}),
	}
	if err := c.naming.Complete(s); err != nil {
		return err
	}
	c.engine.Step(s, s.ReceivedAt, &c.out)
	c.out.Reset()
	return nil
}

// openIncidents is B5: what an alert costs the more incidents are open.
func openIncidents(_ context.Context, o *Options, r *Result) error {
	few, many := 1000, o.size(100_000, 10_000)
	small, err := newCrowd(few)
	if err != nil {
		return err
	}
	large, err := newCrowd(many)
	if err != nil {
		return err
	}
	n := o.size(20_000, 4000)
	cost := func(c *crowd, incidents int) (float64, error) { // on those that were hit last, so that they join
		before := own()
		for i := range n {
			if err := c.alert(incidents - few + (i*37)%few); err != nil {
				return 0, err
			}
		}
		return 1e6 * (own() - before) / float64(n), nil
	}
	var mine, base []float64
	for i := range o.Turns {
		o.Say("B5: alerts among %d and %d open incidents, turn %d of %d", few, many, i+1, o.Turns)
		b, err := cost(small, few)
		if err != nil {
			return err
		}
		m, err := cost(large, many)
		if err != nil {
			return err
		}
		base, mine = append(base, b), append(mine, m)
	}
	r.add(Figure{
		ID: "B5", What: fmt.Sprintf("an alert that joins, among %d open incidents", large.engine.Stats().Incidents), Unit: "us of CPU",
		Peer: fmt.Sprintf("among %d", small.engine.Stats().Incidents), Says: "times as much", Aim: "1.05 to 1.3 times",
	}, mine, base, false)
	return nil
}

// manyRules is B8: what an alert costs the more rules there are.
func manyRules(_ context.Context, o *Options, r *Result) error {
	const count = 10_000
	set := rules.Default()
	for i := range count {
		set.Rules = append(set.Rules, rules.Rule{Name: fmt.Sprint("rule-", i), Match: []string{fmt.Sprintf(`alertname="Name%d"`, i), `severity=~"warning|critical"`}, By: []string{"service"}})
	}
	if err := set.Seal(); err != nil {
		return err
	}
	s := &schemas.Signal{Labels: schemas.LabelsOf(map[string]string{"alertname": fmt.Sprint("Name", count-1), "severity": "warning", "service": "x"})}
	n := o.size(2_000_000, 500_000)
	var costs []float64
	var into []int32
	for i := range o.Turns {
		o.Say("B8: %d rules, turn %d of %d", count, i+1, o.Turns)
		before := own()
		for range n {
			into = set.Matching(s, into[:0])
		}
		costs = append(costs, 1e6*(own()-before)/float64(n))
	}
	if len(into) != 1 || into[0] != count-1 {
		return fmt.Errorf("the rules %v match, want the last", into)
	}
	r.add(Figure{ID: "B8", What: "10,000 rules, the last one matches", Unit: "us of CPU an alert", Aim: "2 to 20 us"}, costs, nil, false)
	return nil
}
