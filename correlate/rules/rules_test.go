package rules

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

func TestEmptyFileIsTheDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "{}\n"} {
		s, err := Parse("rules.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if s.Correlation.Join != Default().Correlation.Join || s.Limits.Members != Default().Limits.Members {
			t.Errorf("%q: not the defaults", text)
		}
		if s.Version != Default().Version || len(s.Version) != 12 {
			t.Errorf("%q: version %q", text, s.Version)
		}
	}
}

func TestRenderedDefaultsParseToThemselves(t *testing.T) {
	d := Default()
	s, err := Parse("defaults", d.Text)
	if err != nil {
		t.Fatalf("%v\n%s", err, d.Text)
	}
	if s.Version != d.Version {
		t.Errorf("version %s became %s", d.Version, s.Version)
	}
	s.seal(nil)
	if string(s.Text) != string(d.Text) {
		t.Errorf("the rendered defaults mean something else")
	}
}

func TestErrorsNameLineAndRemedy(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"rules:\n  - name: a\n    macth: ['x=\"y\"']\n", "line 3"},
		{"correlation:\n  weigths: {}\n", "weigths"},
		{"rules:\n  - match: ['x=\"y\"']\n", "add \"name:\""},
		{"rules:\n  - name: a\n", "has no matchers"},
		{"rules:\n  - {name: a, match: ['x=\"y\"']}\n  - {name: a, match: ['x=\"y\"']}\n", "two rules are called \"a\""},
		{"rules:\n  - name: a\n    match: ['x~y']\n", "line 3, column 5: rules[0].match: rule \"a\": matcher"},
		{"rules:\n  - {name: a, match: ['x=\"y\"'], action: drop}\n", "group, separate, suppress"},
		{"rules:\n  - {name: a, match: ['x=\"y\"'], window: soon}\n", "not a duration"},
		{"correlation:\n  hops: 9\n", "line 2, column 9: correlation.hops: must be 0 to 3"},
		{"correlation:\n  join: 9000\n", "must not be below join"},
		{"limits:\n  alerts: 0\n", "limits.alerts: 0; it must be above 0"},
		{"impact:\n  loss: {critical: [1, 0, 0]}\n", "low, likely, high"},
		{"impact:\n  services: {web: {hours: [{days: [someday], from: 1, to: 2}]}}\n", "someday"},
		{"rules: [", "line"},
	} {
		_, err := Parse("rules.yaml", []byte(c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "rules.yaml: ") {
			t.Errorf("%q:\n got %v\nwant something with %q", c.text, err, c.want)
		}
	}
}

func TestTopology(t *testing.T) {
	text := "services:\n  web:\n    depends_on: [api, web]\n    instances: [w1]\n  mail:\n"
	topo, err := ParseTopology("topology.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if topo.Services["api"] == nil || topo.Services["mail"] == nil {
		t.Errorf("services: %v", topo.Services)
	}
	if len(topo.Warnings) != 1 || !strings.Contains(topo.Warnings[0], `"api"`) {
		t.Errorf("warnings: %v", topo.Warnings)
	}
	for _, c := range []struct{ text, want string }{
		{"services:\n  web:\n    dependson: [a]\n", "line 3"},
		{"services:\n  a: {aliases: [x]}\n  b: {aliases: [x]}\n", "alias \"x\""},
		{"services: 3\n", "line 1"},
	} {
		if _, err := ParseTopology("topology.yaml", []byte(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want something with %q", c.text, err, c.want)
		}
	}
}

func TestDurations(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "500ms": 500, "90s": 90_000, "5m": 300_000, "1h30m": 5_400_000, "7d": 7 * schemas.Day, "2w": 14 * schemas.Day} {
		d, err := ParseDuration(text)
		if err != nil || int64(d) != want {
			t.Errorf("%s: %d, %v", text, d, err)
		}
		if again, err := ParseDuration(d.String()); err != nil || again != d {
			t.Errorf("%s is rendered as %s", text, d)
		}
	}
	for _, text := range []string{"", "5", "m", "5x", "-1s", "1.5h", "99999999999w"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q was taken for %d ms", text, d)
		}
	}
}

// The index must find exactly what trying every rule finds.
func TestMatchingIsTheSameAsTryingAll(t *testing.T) {
	s, err := Parse("rules", []byte(`
rules:
  - {name: a, match: ['alertname="Down"']}
  - {name: b, match: ['service=~"a.*"']}
  - {name: c, match: ['team="x"', 'severity!="info"']}
  - {name: d, match: ['severity="critical"', 'alertname="Down"']}
  - {name: e, match: ['missing=""']}
  - {name: f, match: ['kind="alert"']}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, sig := range []*schemas.Signal{
		{Kind: schemas.KindAlert, Name: "Down", Service: "api", Severity: "critical"},
		{Kind: schemas.KindAlert, Name: "Up", Service: "web", Labels: schemas.Labels{{Name: "team", Value: "x"}}},
		{Kind: schemas.KindTicket, Name: "OPS-1", Labels: schemas.Labels{{Name: "missing", Value: "no"}}},
	} {
		var all []int32
		for i := range s.Rules {
			if matches(s.Rules[i].matchers, sig) {
				all = append(all, int32(i))
			}
		}
		if got := s.Matching(sig, nil); !slices.Equal(got, all) {
			t.Errorf("%s: %v, want %v", sig.Name, got, all)
		}
	}
}

func TestRevenueByHour(t *testing.T) {
	m := &Impact{Services: map[string]Revenue{"web": {PerMinute: 1, Hours: []RevenueHours{
		{From: 8, To: 18, PerMinute: 5}, {Days: []string{"mon"}, From: 9, To: 10, PerMinute: 9}}}}}
	sunday := schemas.TimeOf(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	for hour, want := range map[int]float64{0: 1, 8: 5, 17: 5, 18: 1, 24 + 9: 9, 24 + 10: 5} {
		if got, ok := m.PerMinute("web", sunday.Add(int64(hour)*schemas.Hour)); !ok || got != want {
			t.Errorf("hour %d: %v, want %v", hour, got, want)
		}
	}
	if _, ok := m.PerMinute("mail", sunday); ok {
		t.Error("mail has a price")
	}
}

// Hours are those of where the customers are, on both sides of a change of clocks,
// and a night belongs to the day on which it begins.
func TestRevenueByLocalHour(t *testing.T) {
	set, err := Parse("f", []byte(`impact:
  zone: Europe/Rome
  services:
    web: {per_minute: 1, hours: [{days: [fri], from: 22, to: 2, per_minute: 7}]}
    shop: {per_minute: 1, zone: America/New_York, hours: [{from: 9, to: 17, per_minute: 3}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		service, at string
		want        float64
	}{
		{"web", "2026-07-03T19:59:00Z", 1}, {"web", "2026-07-03T20:00:00Z", 7}, {"web", "2026-07-03T23:59:00Z", 7}, {"web", "2026-07-04T00:00:00Z", 1},
		{"web", "2026-07-03T00:30:00Z", 1},                                     // the night of Thursday
		{"web", "2026-11-06T20:59:00Z", 1}, {"web", "2026-11-07T00:59:00Z", 7}, // winter
		{"shop", "2026-11-06T13:59:00Z", 1}, {"shop", "2026-11-06T14:00:00Z", 3}, {"shop", "2026-11-06T22:00:00Z", 1},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := set.Impact.PerMinute(c.service, schemas.TimeOf(at)); got != c.want {
			t.Errorf("%s at %s: %v, want %v", c.service, c.at, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("rules:\n  - {name: a, match: ['x=\"y\"'], by: [z], window: 5m}\n"))
	f.Add([]byte("services:\n  a: {depends_on: [b], instances: [i]}\n"))
	f.Add([]byte("pairs: [{a: {name: x}, b: {name: y}, points: 3}]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		if s, err := Parse("f", text); err == nil {
			s.Matching(&schemas.Signal{Name: "x"}, nil)
		}
		_, _ = ParseTopology("f", text)
		_, _ = ParseLearnt("f", text)
	})
}

// Label names may be any UTF-8, quoted or not, as with Alertmanager since 0.27;
// what only its older parser takes goes on being taken.
func TestMatchersAsAlertmanagerReadsThem(t *testing.T) {
	s := &schemas.Signal{Labels: schemas.LabelsOf(map[string]string{"service.name": "rails", "Größe": "1", "my label": "x", "a": "b c"})}
	for text, want := range map[string]bool{
		`service.name="rails"`: true, `"service.name"="rails"`: true, `{"service.name"="rails"}`: true, `{service.name=~"r.*",Größe!="2"}`: true,
		`"my label"="x"`: true, `Größe=1`: true, `a="b c"`: true, `a=b c`: true, `service.name="other"`: false, `"my label"!=x`: false,
	} {
		m, err := ParseMatchers([]string{text})
		if err != nil || m.Match(s) != want {
			t.Errorf("%s: %v, %v", text, m.Match(s), err)
		}
	}
	for _, text := range []string{`=x`, `"a"`, `a="b`, `a=~"("`, `my label="x"`} {
		if m, err := ParseMatchers([]string{text}); err == nil {
			t.Errorf("%s was taken: %v", text, m)
		}
	}
}
