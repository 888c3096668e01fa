package eval

import (
	"fmt"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/schemas"
)

// expectations are small streams whose right answer everybody knows. Simulated
// noise would teach that two alerts on one service are often strangers; on call,
// people expect to see them together, and a start with a handful of alerts is
// where trust begins. Fit and Tune must get them right.
func expectations() ([]*Data, error) {
	const topology = `services:
  db: {}
  api: {depends_on: [db]}
  web: {depends_on: [api]}
  mail: {}
`
	type seen struct {
		at      int64 // seconds
		kind    schemas.Kind
		service string
		truth   string
	}
	alert, ticket := schemas.KindAlert, schemas.KindTicket
	streams := [][]seen{
		{{0, alert, "web", "a"}, {180, alert, "web", "a"}, {2400, alert, "web", "b"}},
		{{0, alert, "db", "a"}, {120, alert, "db", "a"}, {240, alert, "db", "a"}},
		{{0, alert, "db", "a"}, {60, ticket, "db", "a"}},
		{{0, alert, "db", "a"}, {300, ticket, "db", "a"}, {310, alert, "mail", "b"}},
		{{0, alert, "db", "a"}, {60, alert, "api", "a"}},
		{{0, alert, "db", "a"}, {20, alert, "api", "a"}, {45, alert, "web", "a"}},
		{{0, alert, "db", "a"}, {10, alert, "mail", "b"}, {20, alert, "api", "a"}},
		{{0, alert, "web", "a"}, {70, alert, "db", "a"}, {80, alert, "api", "a"}},
		{{0, alert, "db", "a"}, {1500, alert, "api", "b"}},
		{{0, ticket, "web", "a"}, {60, alert, "web", "a"}},
	}
	naming := schemas.DefaultNaming()
	var out []*Data
	for n, stream := range streams {
		d := &Data{Name: fmt.Sprint("expectation ", n+1), Topology: []byte(topology)}
		for i, x := range stream {
			s := schemas.Signal{Kind: x.kind, Source: "test", Service: x.service, Name: fmt.Sprint("Alert", i), Status: schemas.StatusFiring,
				StartsAt: 1_795_000_000_000 + schemas.Time(x.at*schemas.Second)}
			s.ReceivedAt = s.StartsAt.Add(schemas.Second)
			if x.kind == ticket {
				s.Status, s.Ticket, s.Summary = schemas.StatusOpen, &schemas.Ticket{Key: fmt.Sprint("OPS-", i)}, "it does not work"
			}
			if err := naming.Complete(&s); err != nil {
				return nil, fmt.Errorf("%s: %w", d.Name, err)
			}
			d.Signals = append(d.Signals, sim.Labelled{Signal: s, Fault: x.truth})
		}
		out = append(out, d)
	}
	return out, nil
}
