package learn

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

const start = schemas.Time(1773219600000) // 2026-03-11T09:00:00Z

// alert makes a firing alert that arrives two seconds after it started.
func alert(name, service, instance string, at schemas.Time) *schemas.Signal {
	s := &schemas.Signal{
		Kind: schemas.KindAlert, Source: "test", Status: schemas.StatusFiring, Name: name, StartsAt: at, ReceivedAt: at.Add(2 * schemas.Second),
		Labels: schemas.LabelsOf(map[string]string{"alertname": name, "service": service, "instance": instance}),
	}
	naming := schemas.DefaultNaming()
	if err := naming.Complete(s); err != nil {
		panic(err)
	}
	return s
}

func learner(t *testing.T, cfg Config) *Learner {
	t.Helper()
	l, err := New(cfg, Setup{})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// feed orders a log by arrival and has it counted.
func feed(l *Learner, log []*schemas.Signal) {
	slices.SortStableFunc(log, func(a, b *schemas.Signal) int { return int(a.ReceivedAt - b.ReceivedAt) })
	for _, s := range log {
		l.Step(s, s.ReceivedAt)
	}
}

// background is what an estate fires in so many days without any meaning.
func background(r *rand.Rand, days int) []*schemas.Signal {
	var log []*schemas.Signal
	for range days * 40 {
		at := start.Add(r.Int64N(int64(days) * schemas.Day))
		log = append(log, alert("Alert"+string(rune('A'+r.IntN(8))), "svc-"+string(rune('a'+r.IntN(12))), "", at))
	}
	return log
}

// related is two alerts of unconnected services that come together so often.
func related(r *rand.Rand, days, times int) []*schemas.Signal {
	var log []*schemas.Signal
	for range times {
		at := start.Add(r.Int64N(int64(days) * schemas.Day))
		log = append(log, alert("DiskFull", "mail", "mail-1", at), alert("LoginSlow", "portal", "", at.Add(20*schemas.Second)))
	}
	return log
}

func pairs(l *rules.Learnt) []string {
	var out []string
	for _, p := range l.Pairs {
		out = append(out, p.A.Name+"@"+p.A.Service+" "+p.B.Name+"@"+p.B.Service)
	}
	return out
}

func TestWhatComesTogetherIsLearnt(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	l := learner(t, Default())
	feed(l, append(background(r, 30), related(r, 30, 9)...))
	got := l.Learnt()
	if want := []string{"DiskFull@mail LoginSlow@portal"}; !slices.Equal(pairs(got), want) {
		t.Fatalf("learnt %q, want %q", pairs(got), want)
	}
	p := got.Pairs[0]
	if p.N != 9 || p.Occasions != 9 || p.Scope != "default/production" || p.Points < 2500 || p.Points > 3000 {
		t.Errorf("%+v", p)
	}
	back, err := rules.ParseLearnt("learnt.yaml", got.Text)
	if err != nil {
		t.Fatalf("%v\n%s", err, got.Text)
	}
	if back.Version != got.Version || back.Pairs[0] != p || back.From != got.From || back.Alerts != got.Alerts {
		t.Errorf("read back as %+v", back)
	}
	if got.From < rules.Instant(start) || got.To <= got.From || got.Alerts < 1000 {
		t.Errorf("from %v to %v, %d alerts", got.From, got.To, got.Alerts)
	}
}

// What must not become partners, each for a reason of its own.
func TestWhatIsNotLearnt(t *testing.T) {
	for name, log := range map[string]func(*rand.Rand) []*schemas.Signal{
		"one storm": func(r *rand.Rand) (log []*schemas.Signal) {
			for i := range 200 { // thirty alerts flap for three hours
				at := start.Add(5*schemas.Day + int64(i)*schemas.Minute)
				for range 10 {
					log = append(log, alert("Down", "svc-"+string(rune('a'+r.IntN(30))), "", at.Add(r.Int64N(schemas.Minute))))
				}
			}
			return log
		},
		"frequent noise": func(r *rand.Rand) (log []*schemas.Signal) {
			for range 30 * 30 {
				log = append(log, alert("Noisy", "mail", "", start.Add(r.Int64N(30*schemas.Day))), alert("Noisy", "portal", "", start.Add(r.Int64N(30*schemas.Day))))
			}
			return log
		},
		"nightly jobs": func(r *rand.Rand) (log []*schemas.Signal) {
			for day := range int64(30) {
				at := start.Add(day*schemas.Day + 17*schemas.Hour)
				log = append(log, alert("BackupFailed", "mail", "", at.Add(r.Int64N(schemas.Minute))), alert("ReportFailed", "portal", "", at.Add(r.Int64N(schemas.Minute))))
			}
			return log
		},
		"two scopes": func(r *rand.Rand) (log []*schemas.Signal) {
			for _, s := range related(r, 30, 20) {
				if s.Name == "DiskFull" {
					s.Environment, s.Scope = "staging", "default/staging"
				}
				log = append(log, s)
			}
			return log
		},
		"one service": func(r *rand.Rand) (log []*schemas.Signal) {
			for _, s := range related(r, 30, 20) {
				log = append(log, alert(s.Name, "mail", "", s.StartsAt))
			}
			return log
		},
		"no service": func(r *rand.Rand) (log []*schemas.Signal) {
			for _, s := range related(r, 30, 20) {
				log = append(log, alert(s.Name, "", "", s.StartsAt))
			}
			return log
		},
		"repeats and instances": func(r *rand.Rand) (log []*schemas.Signal) {
			for _, s := range related(r, 30, 3) { // three times, however often told and by how many
				for i := range int64(10) {
					again := *s
					again.ReceivedAt = s.ReceivedAt.Add(i * schemas.Hour)
					other := alert(s.Name, s.Service, "i-"+string(rune('0'+i)), s.StartsAt.Add(i*schemas.Second))
					log = append(log, &again, other)
				}
			}
			return log
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, 2))
			l := learner(t, Default())
			feed(l, append(background(r, 30), log(r)...))
			if got := l.Learnt(); len(got.Pairs) > 0 {
				t.Errorf("learnt:\n%s", got.Text)
			}
		})
	}
}

// Busy spells in which everything comes with everything are not what brings two
// together.
func TestStormsAreExpected(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	var log []*schemas.Signal
	for range 25 { // storms: forty of sixty alerts each
		at := start.Add(r.Int64N(30 * schemas.Day))
		for i := range 60 {
			if r.IntN(3) > 0 {
				log = append(log, alert("Down", "svc-"+string(rune('A'+i)), "", at.Add(r.Int64N(schemas.Minute))))
			}
		}
	}
	l := learner(t, Default())
	feed(l, append(log, related(r, 30, 9)...))
	if got := pairs(l.Learnt()); !slices.Equal(got, []string{"DiskFull@mail LoginSlow@portal"}) {
		t.Errorf("learnt %q", got)
	}
}

// The same log gives the same bytes: in the same order, with repeats anywhere,
// and in any order of what arrived and began at the same moment.
func TestSameLogSameBytes(t *testing.T) {
	for seed := uint64(1); seed <= 8; seed++ {
		r := rand.New(rand.NewPCG(seed, 4))
		log := append(background(r, 20), related(r, 20, 8)...)
		for _, s := range log { // whole seconds of few values: many at the same moment
			s.StartsAt -= s.StartsAt % schemas.Time(schemas.Minute)
			s.ReceivedAt = s.StartsAt.Add(schemas.Second)
		}
		cfg := Default()
		whole := learner(t, cfg)
		feed(whole, log)
		want, counted := whole.Learnt().Text, whole.All()
		if len(whole.Learnt().Pairs) == 0 || len(counted) < 20 {
			t.Fatalf("seed %d: too little to compare: %d pairs\n%s", seed, len(counted), want)
		}

		r.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
		var repeated []*schemas.Signal
		for _, s := range log {
			repeated = append(repeated, s)
			for range r.IntN(3) {
				again := *s
				again.ReceivedAt = s.ReceivedAt.Add(r.Int64N(schemas.Day))
				repeated = append(repeated, &again)
			}
		}
		other := learner(t, cfg)
		feed(other, repeated)
		if got := other.Learnt().Text; !bytes.Equal(got, want) {
			t.Fatalf("seed %d: bytes differ:\n%s\n%s", seed, want, got)
		}
		if !slices.Equal(other.All(), counted) {
			t.Fatalf("seed %d: the figures differ", seed)
		}
		if again := other.Learnt().Text; !bytes.Equal(again, want) {
			t.Fatalf("seed %d: asking changes the answer", seed)
		}
	}
}

// Small limits lose what is rare, keep what is frequent, and stay small.
func TestLimits(t *testing.T) {
	cfg := Default()
	cfg.Types, cfg.Pairs, cfg.Open, cfg.Scopes = 400, 20, 5, 2
	run := func() *Learner {
		r := rand.New(rand.NewPCG(5, 5))
		var log []*schemas.Signal
		for i := range 3000 {
			log = append(log, alert("Once", "svc-"+string(rune(0x4e00+i)), "", start.Add(r.Int64N(30*schemas.Day))))
		}
		for i := range 5 {
			s := alert("Elsewhere", "mail", "", start.Add(int64(i)*schemas.Day))
			s.Scope = "scope-" + string(rune('a'+i))
			log = append(log, s)
		}
		l := learner(t, cfg)
		feed(l, append(log, related(r, 30, 150)...))
		return l
	}
	l := run()
	st := l.Stats()
	if len(l.types) > cfg.Types || len(l.pairs) > cfg.Pairs || st.DroppedTypes == 0 || st.DroppedPairs == 0 || st.BeyondScopes == 0 {
		t.Errorf("%d types, %d pairs, %+v", len(l.types), len(l.pairs), st)
	}
	if got := pairs(l.Learnt()); !slices.Equal(got, []string{"DiskFull@mail LoginSlow@portal"}) {
		t.Errorf("learnt %q", got)
	}
	if !bytes.Equal(l.Learnt().Text, run().Learnt().Text) {
		t.Error("the same log gives other bytes")
	}
	cfg.TextBytes = 100
	if got := run().Learnt(); len(got.Pairs) != 0 {
		t.Errorf("%d bytes for a limit of 100", len(got.Text))
	}
}

func TestConfigIsChecked(t *testing.T) {
	cfg := Default()
	cfg.Window, cfg.Lift = 0, 0.5
	_, err := New(cfg, Setup{})
	if err == nil || !strings.Contains(err.Error(), "window: 0 is not positive") || !strings.Contains(err.Error(), "lift: 0.5 is under 1") {
		t.Errorf("%v", err)
	}
}

func TestLiftByHand(t *testing.T) {
	// 12 seen where 5 are expected: log2(12.5/5.5) = 1.18, and 0.98 less at the
	// lower end; the exact lower end (gamma distribution) is 0.25.
	ratio, lower := lift(12, 5)
	if math.Abs(math.Log2(ratio)-1.184) > 0.001 || math.Abs(math.Log2(lower)-0.206) > 0.001 {
		t.Errorf("log2 of the lift %.3f, of its lower end %.3f", math.Log2(ratio), math.Log2(lower))
	}
	if p := points(11); p != 2398 {
		t.Errorf("points %d", p)
	}

	// a and b meet twice, c meets both once, over an hour.
	c := NewCounter(Default(), nil)
	add := func(name string, sec int64) {
		at := start.Add(sec * schemas.Second)
		c.Add(Type{Name: name}, "", at, at)
	}
	add("a", 0)
	add("b", 10)
	add("a", 1800)
	add("b", 1810)
	add("c", 1820)
	add("d", 3600)
	got := c.All()
	if len(got) != 3 || got[0].A.Name != "a" || got[0].B.Name != "b" || got[0].N != 2 || got[0].Occasions != 1 {
		t.Fatalf("%+v", got)
	}
	// Over time: 2·2·240 s/3600 s = 0.267. Within: of 4 pairs a and b were an end
	// of one each besides their own: 1·1/8 = 0.125.
	if e := got[0].Expected; math.Abs(e-0.2667) > 0.001 {
		t.Errorf("expected %.4f", e)
	}
}

// Two alerts on services that no topology connects are apart before and
// together after learning, and the reason names the partner.
func TestLearntPairsJoin(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	log := append(background(r, 30), related(r, 30, 9)...)
	l := learner(t, Default())
	feed(l, log)

	at := start.Add(31 * schemas.Day)
	disk, login := alert("DiskFull", "mail", "mail-1", at), alert("LoginSlow", "portal", "", at.Add(20*schemas.Second))
	stranger := alert("AlertA", "svc-a", "", at.Add(25*schemas.Second))
	decide := func(learnt *rules.Learnt) map[string]schemas.Decision {
		e := correlate.New(nil, nil)
		e.SetLearnt(learnt)
		var out correlate.Output
		for _, s := range []*schemas.Signal{disk, login, stranger} {
			e.Step(s, s.ReceivedAt, &out)
		}
		got := map[string]schemas.Decision{}
		for _, d := range out.Decisions {
			got[d.SignalID] = d
		}
		return got
	}
	before, after := decide(nil), decide(l.Learnt())
	if before[disk.ID].IncidentID == before[login.ID].IncidentID {
		t.Fatal("together before anything was learnt")
	}
	d := after[login.ID]
	if after[disk.ID].IncidentID != d.IncidentID {
		t.Errorf("apart after learning: %s", d.Reason)
	}
	if !strings.Contains(d.Reason, "has often come together with DiskFull on mail") || d.Learnt != l.Learnt().Version {
		t.Errorf("reason %q under %q", d.Reason, d.Learnt)
	}
	if after[stranger.ID].IncidentID == d.IncidentID {
		t.Error("a stranger was taken along")
	}
}

// Pairs come and go by the log; a text without a pair takes them away.
func TestActivationTakesAway(t *testing.T) {
	e := correlate.New(nil, nil)
	var out correlate.Output
	for _, text := range []string{"pairs:\n  - {a: {name: A, service: x}, b: {name: B, service: y}, points: 1}\n", ""} {
		e.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: &schemas.Activation{What: "learnt", Text: text}}, start, &out)
		l, err := rules.ParseLearnt("learnt.yaml", []byte(text))
		if err != nil || e.LearntVersion() != l.Version || (text == "") != (l.Version == "") {
			t.Errorf("%q: version %q is in force, want %q; %v", text, e.LearntVersion(), l.Version, err)
		}
	}
}
