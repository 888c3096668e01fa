package correlate

import (
	"fmt"
	"runtime"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Growth: the same work at 1x, 2x, 4x and 8x of one size. What an operation
// costs may not grow with how much there is beside it. Nothing here is judged by
// seconds: what is counted is what the engine writes, what it allocates and what
// it looks at (state.State.Looked), which are the same on every machine.

// maxStep is what an operation may cost at double the size. Below few it matters
// not.
const (
	maxStep = 1.3
	few     = 10
)

// grower drives one engine and counts what it costs.
type grower struct {
	e      *Engine
	out    Output
	at     schemas.Time
	naming schemas.Naming
	n      int
	buf    []byte

	written        int64
	from           costs
	ops            int
	memory, looked int64
}

// costs are counters at one moment.
type costs struct {
	allocated uint64
	looked    int64
}

func (g *grower) now() costs {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return costs{m.TotalAlloc, g.e.st.Looked + g.e.st.Topology.Looked}
}

func newGrower(edit func(*rules.Set), topo *rules.Topology) *grower {
	set := rules.Default()
	if edit != nil {
		edit(set)
	}
	return &grower{e: New(set, topo), at: t0, naming: schemas.DefaultNaming()}
}

// start begins to count; what came before only made the size.
func (g *grower) start() {
	g.written, g.from = 0, g.now()
}

// stop says of how many operations that was the cost.
func (g *grower) stop(ops int) {
	to := g.now()
	g.ops, g.memory, g.looked = ops, int64(to.allocated-g.from.allocated), to.looked-g.from.looked
}

func (g *grower) step(s *schemas.Signal) {
	if err := g.naming.Complete(s); err != nil {
		panic(err)
	}
	g.take(s)
}

func (g *grower) take(s *schemas.Signal) {
	g.e.Step(s, g.at, &g.out)
	g.out.Each(func(e schemas.Emission) {
		g.buf = e.Append(g.buf[:0])
		g.written += int64(len(g.buf))
	})
	g.out.Reset()
}

func (g *grower) pass(ms int64) {
	g.at = g.at.Add(ms)
	g.take(&schemas.Signal{Kind: schemas.KindTick, ReceivedAt: g.at})
}

func (g *grower) alert(name, service, instance string) *schemas.Signal {
	g.n++
	s := &schemas.Signal{Kind: schemas.KindAlert, Source: "am", Status: schemas.StatusFiring, StartsAt: g.at, ReceivedAt: g.at,
		Summary: "More than 5 % of the requests failed in the last 5 minutes",
		Labels: schemas.LabelsOf(map[string]string{"alertname": name, "severity": "warning", "environment": "production",
			"run": fmt.Sprintf("%07d", g.n), "service": service, "instance": instance})}
	g.step(s)
	return s
}

func (g *grower) recover(s *schemas.Signal) {
	c := *s
	c.Status, c.EndsAt, c.ReceivedAt, c.ID = schemas.StatusResolved, g.at, g.at, ""
	g.step(&c)
}

func (g *grower) command(c schemas.Command) {
	g.n++
	c.By = "op"
	id := fmt.Sprintf("c%07d", g.n)
	g.step(&schemas.Signal{Kind: schemas.KindCommand, Source: "api", Status: schemas.StatusIssued, Name: string(c.Action), StartsAt: g.at, ReceivedAt: g.at,
		Environment: "production", Occurrence: id, Fingerprint: id, Command: &c})
}

// isolated fires n alerts, each on a service of its own that nothing connects.
func (g *grower) isolated(n int) (all []*schemas.Signal) {
	for i := range n {
		g.at = g.at.Add(20)
		all = append(all, g.alert(fmt.Sprint("A", i%50), fmt.Sprintf("x%06d-svc", i), fmt.Sprintf("10.%03d.%03d.%03d:9100", i>>16&255, i>>8&255, i&255)))
	}
	return all
}

// incidents are the ids of the open ones, the oldest first.
func (g *grower) incidents() (ids []string) {
	for _, inc := range g.e.st.Order[0].Live {
		ids = append(ids, inc.Pub.ID)
	}
	return ids
}

// window is a change or a maintenance window on a service that no alert is about.
func (g *grower) window(kind schemas.Kind, i int) {
	g.at = g.at.Add(1)
	service := fmt.Sprintf("w%05d-svc", i)
	s := &schemas.Signal{Kind: kind, Source: "calendar", Status: schemas.StatusStarted, Fingerprint: fmt.Sprintf("w%05d", i), Name: fmt.Sprintf("window %05d", i),
		StartsAt: g.at, EndsAt: g.at.Add(2 * schemas.Hour), ReceivedAt: g.at, Environment: "production", Change: &schemas.Change{Services: []string{service}}}
	if kind == schemas.KindMaintenance {
		s.Change.Suppress, s.Change.Matchers = true, []string{fmt.Sprintf("service=%q", service)}
	}
	g.step(s)
}

// pattern is a maintenance window over what an expression matches.
func (g *grower) pattern(i int, matcher string) {
	g.at = g.at.Add(1)
	g.step(&schemas.Signal{Kind: schemas.KindMaintenance, Source: "calendar", Status: schemas.StatusStarted, Fingerprint: fmt.Sprintf("p%05d", i), Name: fmt.Sprintf("window %05d", i),
		StartsAt: g.at, EndsAt: g.at.Add(2 * schemas.Hour), ReceivedAt: g.at, Environment: "production", Change: &schemas.Change{Suppress: true, Matchers: []string{matcher}}})
}

// apart keeps incidents from being linked by themselves: growth of one thing at
// a time.
func apart(s *rules.Set) {
	s.Correlation.Parent = 1 << 40
	s.Lifecycle.FlushCosts = rules.Duration(schemas.Day) // time passes while the size is made
	s.Messages.PerIncident = 0                           // likewise
}

func wide(s *rules.Set) { s.Correlation.MaxChildren = 1 << 20 }

// growths are the sizes that may not cost. Each makes its size and then does
// work whose amount does not follow from it.
var growths = []struct {
	name string
	size int // 1x
	run  func(n int) *grower
}{
	// Alerts on strangers in a busy moment: each opens an incident, which is linked
	// to those that began with it.
	{"isolated", 500, func(n int) *grower {
		g := newGrower(nil, nil)
		g.start()
		g.isolated(n)
		g.stop(n)
		return g
	}},
	{"isolated_in_one_tree", 250, func(n int) *grower {
		g := newGrower(wide, nil)
		g.start()
		g.isolated(n)
		g.stop(n)
		return g
	}},
	{"open", 500, func(n int) *grower {
		g := newGrower(apart, nil)
		g.isolated(n)
		const ops = 1000
		g.start()
		for i := range ops {
			g.at = g.at.Add(20)
			g.alert("New", fmt.Sprintf("y%06d-svc", i/4), fmt.Sprintf("i%06d", i))
		}
		g.stop(ops)
		return g
	}},
	{"join", 500, func(n int) *grower {
		g := newGrower(apart, nil)
		g.isolated(n)
		const ops = 500
		g.pass(5000)
		g.start()
		for i := range ops {
			g.at = g.at.Add(20)
			g.alert("More", fmt.Sprintf("x%06d-svc", (i*37)%n), fmt.Sprintf("i%06d", i))
		}
		g.stop(ops)
		return g
	}},
	{"close", 500, func(n int) *grower {
		g := newGrower(apart, nil)
		for _, s := range g.isolated(n) {
			g.recover(s)
		}
		g.start()
		g.pass(2 * schemas.Hour)
		g.stop(n)
		return g
	}},
	{"one_incident", 500, func(n int) *grower {
		g := newGrower(nil, nil)
		g.start()
		for i := range n {
			g.at = g.at.Add(5)
			g.alert(fmt.Sprint("A", i%100), "one", fmt.Sprintf("pod-%06d", i))
		}
		g.stop(n)
		return g
	}},
	{"tree_links", 125, func(n int) *grower {
		g := newGrower(func(s *rules.Set) { apart(s); wide(s) }, nil)
		g.isolated(n + 1)
		ids := g.incidents()
		g.pass(5000)
		g.start()
		for i := 1; i <= n; i++ {
			g.at = g.at.Add(20)
			g.command(schemas.Command{Action: schemas.ActionLinkParent, IncidentID: ids[i], ParentID: ids[0]})
		}
		g.stop(n)
		return g
	}},
	{"tree_alerts", 125, func(n int) *grower {
		g := newGrower(func(s *rules.Set) { apart(s); wide(s) }, nil)
		g.isolated(n + 1)
		for i, id := range g.incidents() {
			if i > 0 {
				g.at = g.at.Add(10)
				g.command(schemas.Command{Action: schemas.ActionLinkParent, IncidentID: id, ParentID: g.incidents()[0]})
			}
		}
		g.pass(5000)
		const ops = 1000
		g.start()
		for i := range ops {
			g.at = g.at.Add(20)
			g.alert("More", fmt.Sprintf("x%06d-svc", (i*13)%126), fmt.Sprintf("q%06d", i)) // as many, whatever the size
		}
		g.stop(ops)
		return g
	}},
	{"windows", 250, func(n int) *grower { return beside(schemas.KindMaintenance, n) }},
	{"windows_over_prefixes", 250, func(n int) *grower { return besidePatterns(n, `service=~"w%05d-.+"`) }},
	{"windows_over_suffixes", 250, func(n int) *grower { return besidePatterns(n, `instance=~".+-w%05d"`) }},
	{"windows_over_other_labels", 250, func(n int) *grower { return besidePatterns(n, `rack=~".*%05d.*"`) }},
	{"changes", 250, func(n int) *grower { return beside(schemas.KindChange, n) }},
	{"taking_windows", 250, func(n int) *grower {
		g := newGrower(apart, nil)
		g.start()
		for i := range n {
			g.window(schemas.KindMaintenance, i)
		}
		g.stop(n)
		return g
	}},
	{"moves", 125, func(n int) *grower {
		g := newGrower(apart, nil)
		all := g.isolated(n + 1)
		ids := g.incidents()
		g.pass(5000)
		g.start()
		for i := 1; i <= n; i++ {
			g.at = g.at.Add(10)
			g.command(schemas.Command{Action: schemas.ActionMove, SignalID: all[i].ID, IncidentID: ids[0]})
		}
		g.stop(n)
		return g
	}},
	{"after_moves", 125, func(n int) *grower {
		g := newGrower(apart, nil)
		all := g.isolated(n + 1)
		ids := g.incidents()
		for i := 1; i <= n; i++ {
			g.at = g.at.Add(10)
			g.command(schemas.Command{Action: schemas.ActionMove, SignalID: all[i].ID, IncidentID: ids[0]})
		}
		g.pass(5000)
		const ops = 1000
		g.start()
		for i := range ops {
			g.at = g.at.Add(20)
			g.alert("New", fmt.Sprintf("x%06d-svc", i%100), fmt.Sprintf("q%06d", i))
		}
		g.stop(ops)
		return g
	}},
	{"hub", 250, func(n int) *grower { return hub(n, rules.Default().Correlation.HubDegree) }},
	{"hub_that_is_passed", 1000, func(n int) *grower { return hub(n, 1<<20) }},
	{"separate_parts", 250, func(n int) *grower {
		topo := &rules.Topology{Services: map[string]*rules.Service{}}
		for i := range n {
			topo.Services[fmt.Sprintf("x%06d-api", i)] = &rules.Service{DependsOn: []string{fmt.Sprintf("x%06d-db", i)}}
			topo.Services[fmt.Sprintf("x%06d-db", i)] = &rules.Service{}
		}
		if err := topo.Seal(); err != nil {
			panic(err)
		}
		g := newGrower(apart, topo)
		g.start()
		for i := range n {
			g.at = g.at.Add(5)
			g.alert("A", fmt.Sprintf("x%06d-api", i), fmt.Sprintf("h%06d", i))
		}
		g.stop(n)
		return g
	}},
	{"topology", 500, func(n int) *grower {
		g := newGrower(nil, layered(n))
		const ops = 2000
		g.start()
		for i := range ops {
			g.at = g.at.Add(5)
			fault := i / 20
			g.alert(fmt.Sprint("A", i%17), serviceName((fault*7919+i%3)%n), fmt.Sprintf("10.0.0.%03d", i%250))
		}
		g.stop(ops)
		return g
	}},
}

// beside fires alerts while n changes or windows run that are about others.
func beside(kind schemas.Kind, n int) *grower {
	g := newGrower(apart, nil)
	for i := range n {
		g.window(kind, i)
	}
	return g.others()
}

// besidePatterns is the same beside windows that no value can be looked up for.
func besidePatterns(n int, matcher string) *grower {
	g := newGrower(apart, nil)
	for i := range n {
		g.pattern(i, fmt.Sprintf(matcher, i))
	}
	return g.others()
}

// others fires alerts that nothing is about.
func (g *grower) others() *grower {
	const ops = 500
	g.start()
	for i := range ops {
		g.at = g.at.Add(20)
		g.alert("A", fmt.Sprintf("y%06d-svc", i), fmt.Sprintf("i%06d", i))
	}
	g.stop(ops)
	return g
}

// hub has n services that all depend on one, and alerts on all of them.
func hub(n, degree int) *grower {
	topo := &rules.Topology{Services: map[string]*rules.Service{"hub": {}}}
	for i := range n {
		topo.Services[serviceName(i)] = &rules.Service{DependsOn: []string{"hub"}}
	}
	if err := topo.Seal(); err != nil {
		panic(err)
	}
	g := newGrower(func(s *rules.Set) { s.Correlation.HubDegree = degree }, topo)
	const ops = 1000
	g.start()
	for i := range ops {
		g.at = g.at.Add(50)
		service := serviceName((i * 7919) % 200) // as many, whatever the size
		if i%10 == 0 {
			service = "hub"
		}
		g.alert(fmt.Sprint("A", i%17), service, fmt.Sprintf("h%03d", i%250))
	}
	g.stop(ops)
	return g
}

// No cost grows faster than its work.
func TestGrowth(t *testing.T) {
	for _, c := range growths {
		t.Run(c.name, func(t *testing.T) {
			var before [3]float64
			for _, times := range []int{1, 2, 4, 8} {
				g := c.run(c.size * times)
				per := g.perOperation()
				t.Logf("%6d: %8.0f bytes written, %8.0f allocated, %6.1f things looked at", c.size*times, per[0], per[1], per[2])
				for i, what := range []string{"bytes written", "bytes allocated", "things looked at"} {
					if times > 1 && per[i] > maxStep*max(before[i], few) {
						t.Errorf("from size %d to %d an operation costs %.2f times as much: %s %.0f, then %.0f", c.size*times/2, c.size*times, per[i]/before[i], what, before[i], per[i])
					}
				}
				before = per
			}
		})
	}
}

func (g *grower) perOperation() [3]float64 {
	n := float64(g.ops)
	return [3]float64{float64(g.written) / n, float64(g.memory) / n, float64(g.looked) / n}
}

// BenchmarkGrowth prints what TestGrowth judges, with times, at eight times its
// sizes.
func BenchmarkGrowth(b *testing.B) {
	for _, c := range growths {
		for _, times := range []int{8, 16, 32, 64} {
			b.Run(fmt.Sprintf("%s/%d", c.name, c.size*times), func(b *testing.B) {
				for range b.N {
					per := c.run(c.size * times).perOperation()
					b.ReportMetric(per[0], "written/op")
					b.ReportMetric(per[1], "allocated/op")
					b.ReportMetric(per[2], "looked/op")
				}
			})
		}
	}
}
