package correlate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// entry is one record of a generated log.
type entry struct {
	s  *schemas.Signal
	id schemas.ID
	at schemas.Time
}

// logOf makes a log that visits every corner of the engine: several scopes,
// all kinds, repeats, disorder, gaps in which incidents end, and commands on
// incidents that a first engine opened.
func logOf(seed uint64, n int) []entry {
	g := &generator{r: rand.New(rand.NewPCG(seed, 7)), now: t0, naming: schemas.DefaultNaming(),
		e: New(testRules(), testTopology())}
	for len(g.log) < n {
		g.step()
	}
	return g.log
}

func testTopology() *rules.Topology {
	return mustTopology(`services:
  web: {depends_on: [api, auth], team: front, revenue_per_minute: 100}
  api: {depends_on: [db, cache], team: core, aliases: [api-v1]}
  auth: {depends_on: [db], instances: [auth-1, auth-2]}
  db: {team: data, hosts: [node-1]}
  cache: {hosts: [node-1, node-2]}
  batch: {depends_on: [db]}
  mail: {}
`)
}

func testRules() *rules.Set {
	s, err := rules.Parse("test", []byte(`
rules:
  - {name: by-team, match: ['team="ops"'], by: [team, cluster], window: 5m}
  - {name: alone, match: ['alertname="Watchdog"'], by: [instance], action: separate}
  - {name: burst, match: ['alertname="Login"'], by: [service], threshold: 3, window: 2m}
  - {name: noise, match: ['alertname=~"Noise.*"'], action: suppress}
procedures:
  - {name: database, match: ['service="db"'], owner: data, runbook: 'https://example.org/db', mail_company: true,
     steps: [{text: fail over, url: 'https://example.org/failover'}, {text: tell sales}],
     escalation: [{call: [ona], wait: 2m}, {call: [raj, ona], channels: ['chat:#data-leads'], wait: 10m}, {call: [boss]}]}
  - {name: web, match: ['service="web"'], owner: front, on_call: raj, emergency_channel: 'chat:#web'}
teams:
  data: {channels: ['chat:#data'], on_call: ona}
  ops: {channels: ['chat:#ops']}
people:
  ona: {reach: ['pager:ona', 'mail:ona@example.org']}
  raj: {reach: ['pager:raj']}
messages: {channels: ['chat:#incidents'], company: ['mail:all@example.org']}
impact:
  services: {web: {per_minute: 50, hours: [{days: [mon], from: 8, to: 18, per_minute: 90}]}}
problems: {min_incidents: 3, period: 30d}
`))
	if err != nil {
		panic(err)
	}
	return s
}

type generator struct {
	r      *rand.Rand
	now    schemas.Time
	naming schemas.Naming
	log    []entry
	e      *Engine
	incs   []string
	probs  []string
	keep   []*schemas.Signal // to repeat, resolve or move
	count  int
}

func pick[T any](r *rand.Rand, xs ...T) T { return xs[r.IntN(len(xs))] }

func (g *generator) step() {
	g.now = g.now.Add(g.r.Int64N(pick[int64](g.r, 500, 5_000, 5_000, 30_000)))
	if g.r.IntN(60) == 0 {
		g.now = g.now.Add(g.r.Int64N(40 * schemas.Minute))
	}
	if g.r.IntN(400) == 0 {
		g.now = g.now.Add(g.r.Int64N(2 * schemas.Day))
	}
	g.count++
	switch n := g.r.IntN(100); {
	case n < 45:
		g.add(g.alert())
	case n < 65 && len(g.keep) > 0:
		g.add(g.recovery())
	case n < 80 && len(g.log) > 0: // a repeat
		old := g.log[g.r.IntN(len(g.log))]
		if !old.control() {
			g.log = append(g.log, entry{old.s, old.id, g.now})
		}
	case n < 86:
		g.add(g.ticket())
	case n < 92:
		g.add(g.change())
	case n < 94:
		g.add(g.impact())
	case n < 98:
		g.add(g.command())
	case g.r.IntN(8) == 0:
		g.log = append(g.log, entry{g.activation(), schemas.ID{}, g.now})
	default:
		g.log = append(g.log, entry{&schemas.Signal{Kind: schemas.KindTick, ReceivedAt: g.now}, schemas.ID{}, g.now})
	}
}

// activation changes the rules or the topology in mid-log.
func (g *generator) activation() *schemas.Signal {
	a := &schemas.Activation{What: "topology", Text: string(testTopology().Text)}
	switch g.r.IntN(5) {
	case 4:
		a.What, a.Text = "learnt", "pairs: [{a: {name: Disk, service: mail}, b: {name: Down, service: web}, points: 1200}]"
	case 0:
		a.Text = "services: {web: {depends_on: [api]}, api: {depends_on: [stranger]}, node-9: {hosts: [node-1]}}"
	case 1:
		a.What, a.Text = "rules", string(testRules().Text)
	case 2:
		a.What, a.Text = "rules", "correlation: {join: 1500, hops: 2}\nlifecycle: {reopen_window: 5m}"
	}
	return &schemas.Signal{Kind: schemas.KindActivation, Activation: a, ReceivedAt: g.now}
}

// control reports whether an entry comes from Pinkstar itself.
func (x *entry) control() bool {
	return x.s.Kind == schemas.KindTick || x.s.Kind == schemas.KindActivation
}

func (g *generator) add(s *schemas.Signal) {
	if s == nil {
		return
	}
	s.ReceivedAt = g.now
	s.Environment = pick(g.r, "prod", "prod", "prod", "staging")
	if err := g.naming.Complete(s); err != nil {
		panic(err)
	}
	id, _ := schemas.ParseID(s.ID)
	g.log = append(g.log, entry{s, id, g.now})
	if s.Kind == schemas.KindAlert && s.Status == schemas.StatusFiring {
		g.keep = append(g.keep, s)
	}
	var out Output
	g.e.Step(s, g.now, &out)
	for i := range out.Incidents {
		g.incs = append(g.incs, out.Incidents[i].ID)
	}
	for i := range out.Problems {
		g.probs = append(g.probs, out.Problems[i].ID)
	}
}

func (g *generator) service() string {
	return pick(g.r, "web", "api", "auth", "db", "cache", "batch", "mail", "stranger", "")
}

func (g *generator) alert() *schemas.Signal {
	m := map[string]string{
		"alertname": pick(g.r, "Down", "Slow", "Errors", "Login", "Noise1", "Watchdog", "Disk"),
		"service":   g.service(),
		"severity":  pick(g.r, "critical", "warning", "info", ""),
		"team":      pick(g.r, "ops", "", "", ""),
		"cluster":   pick(g.r, "c1", "c2", ""),
		"upstream":  pick(g.r, "db", "", "", ""),
	}
	if g.r.IntN(3) == 0 {
		m["instance"] = pick(g.r, "auth-1:9100", "auth-2", "api-7d9f8b6c5-x2x4z", "10.0.0.1:80")
	}
	if g.r.IntN(4) == 0 {
		m["host"] = pick(g.r, "node-1", "node-2", "node-3")
	}
	if g.r.IntN(8) == 0 { // about a namespace, or a machine's exporter
		delete(m, "service")
		delete(m, "host")
		m["namespace"] = pick(g.r, "auth", "shop")
		if g.r.IntN(2) == 0 {
			m["job"] = pick(g.r, "node-exporter", "")
		}
	}
	s := &schemas.Signal{Kind: schemas.KindAlert, Source: pick(g.r, "am", "am", "graf"), Status: schemas.StatusFiring,
		Labels: schemas.LabelsOf(m), StartsAt: g.now.Add(-g.r.Int64N(2 * schemas.Minute))}
	if g.r.IntN(20) == 0 {
		s.StartsAt = g.now.Add(-g.r.Int64N(3 * schemas.Day))
	}
	if g.r.IntN(20) == 0 {
		s.Truncated = 3
	}
	return s
}

func (g *generator) recovery() *schemas.Signal {
	s := *g.keep[g.r.IntN(len(g.keep))]
	s.ID, s.Status = "", schemas.StatusResolved
	s.EndsAt = g.now.Add(-g.r.Int64N(schemas.Minute))
	s.Environment = ""
	return &s
}

func (g *generator) ticket() *schemas.Signal {
	text := pick(g.r, "the web is broken", "auth-1 and db are slow", "nothing known", "see OPS-3", "Down again on the batch")
	if len(g.incs) > 0 && g.r.IntN(4) == 0 {
		text += " " + g.incs[g.r.IntN(len(g.incs))]
	}
	key := fmt.Sprintf("OPS-%d", g.r.IntN(40))
	t := &schemas.Ticket{Key: key, State: pick(g.r, "Open", "In Progress", "Done"), Reporter: "mira"}
	if g.r.IntN(5) == 0 {
		t.Links = []string{fmt.Sprintf("OPS-%d", g.r.IntN(40))}
	}
	return &schemas.Signal{Kind: schemas.KindTicket, Source: "jira", Fingerprint: key, Name: key, Summary: text, Ticket: t,
		Status:     pick(g.r, schemas.StatusOpen, schemas.StatusOpen, schemas.StatusUpdated, schemas.StatusClosed),
		Occurrence: fmt.Sprint(g.count), StartsAt: g.now, Service: pick(g.r, g.service(), "")}
}

func (g *generator) change() *schemas.Signal {
	key := fmt.Sprintf("chg-%d", g.r.IntN(12))
	start := g.now.Add(-g.r.Int64N(20 * schemas.Minute))
	c := &schemas.Change{Services: []string{pick(g.r, "db", "api", "cache", "mail")}, Suppress: g.r.IntN(3) == 0, By: "sam"}
	if g.r.IntN(4) == 0 {
		c.Matchers = []string{`alertname="Down"`}
	}
	s := &schemas.Signal{Kind: pick(g.r, schemas.KindChange, schemas.KindMaintenance), Source: "cd", Fingerprint: key, Name: "change " + key,
		Status: pick(g.r, schemas.StatusPlanned, schemas.StatusStarted, schemas.StatusStarted, schemas.StatusFinished, schemas.StatusCancelled),
		Change: c, Occurrence: fmt.Sprint(g.count), StartsAt: start}
	if g.r.IntN(2) == 0 {
		s.EndsAt = g.now.Add(g.r.Int64N(30 * schemas.Minute))
	}
	return s
}

func pick2(n int, a, b string) string {
	if n%4 == 0 {
		return a
	}
	return b
}

func (g *generator) impact() *schemas.Signal {
	i := &schemas.Impact{LostRevenue: float64(g.r.IntN(1000)), Users: 5, Currency: "EUR"}
	if len(g.incs) > 0 && g.r.IntN(2) == 0 {
		i.IncidentID = g.incs[g.r.IntN(len(g.incs))]
	}
	if g.count%2 == 0 { // nothing more is drawn, so that all else stays as it was
		f := &schemas.Impact{Figure: pick2(g.count, "bookings", "revenue"), Value: float64(g.count % 50)}
		return &schemas.Signal{Kind: schemas.KindImpact, Source: "bi", Name: "figures", Service: "web", Impact: f, Occurrence: fmt.Sprint(g.count)}
	}
	return &schemas.Signal{Kind: schemas.KindImpact, Source: "bi", Name: "lost sales", Service: "web", Impact: i, Occurrence: fmt.Sprint(g.count)}
}

// asked is a change whose team may have been asked to stop it.
func (g *generator) asked() string {
	for _, x := range slices.Backward(g.log) {
		if x.s.Kind == schemas.KindMaintenance {
			return x.s.ID
		}
	}
	return ""
}

// moves makes moving the commonest order: it changes most.
var moves = []schemas.Action{schemas.ActionMove, schemas.ActionMove, schemas.ActionMove}

func (g *generator) command() *schemas.Signal {
	if len(g.incs) == 0 {
		return nil
	}
	recent := func() string { return g.incs[max(0, len(g.incs)-1-g.r.IntN(30))] }
	c := &schemas.Command{Action: pick(g.r, append(moves, schemas.Actions...)...), By: "ona", IncidentID: recent(), ParentID: recent(), To: "kim", Note: "because"}
	switch c.Action {
	case schemas.ActionSetSeverity:
		c.To = pick(g.r, "critical", "info", schemas.SeverityAuto)
	case schemas.ActionStepDone:
		c.Step = 1 + g.r.Int64N(3)
	case schemas.ActionAnswerChange:
		c.To, c.SignalID = schemas.Answers[g.r.IntN(3)], g.asked()
	}
	if c.Action == schemas.ActionMove {
		if len(g.keep) == 0 {
			return nil
		}
		c.SignalID = g.keep[max(0, len(g.keep)-1-g.r.IntN(20))].ID
		if g.r.IntN(3) == 0 {
			c.IncidentID = ""
		}
	}
	if len(g.probs) > 0 {
		c.ProblemID = g.probs[g.r.IntN(len(g.probs))]
	}
	return &schemas.Signal{Kind: schemas.KindCommand, Source: "web", Name: string(c.Action), Command: c, Occurrence: fmt.Sprint(g.count)}
}

// feed runs entries through e the way the correlator does.
func feed(e *Engine, log []entry, out *Output) {
	for i := range log {
		x := &log[i]
		if !x.control() && e.Repeat(x.id, x.at, out) {
			continue
		}
		e.Step(x.s, x.at, out)
	}
}

func bytesOf(t testing.TB, out *Output) []byte {
	t.Helper()
	b, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func snapshotOf(t testing.TB, e *Engine) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := e.st.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
