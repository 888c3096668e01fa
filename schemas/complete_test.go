package schemas

import (
	"slices"
	"strings"
	"testing"
)

const now = Time(1795343600000)

func completed(t *testing.T, s Signal) Signal {
	t.Helper()
	n := DefaultNaming()
	if s.ReceivedAt == 0 {
		s.ReceivedAt = now
	}
	if err := n.Complete(&s); err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	return s
}

func labels(pairs ...string) Labels {
	m := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	return LabelsOf(m)
}

func TestNamesComeFromLabels(t *testing.T) {
	for _, c := range []struct {
		labels                                         Labels
		service, instance, host, team, scope, severity string
	}{
		{labels("alertname", "A", "app", "shop", "job", "node", "instance", "10.0.0.1:9100"), "shop", "10.0.0.1", "", "", "default/production", ""},
		{labels("alertname", "A", "service", "a", "app", "b", "env", "PRD", "priority", "P2"), "a", "", "", "", "default/production", "major"},
		{labels("alertname", "A", "job", "only", "environment", "uat", "customer", "acme"), "only", "", "", "", "acme/test", ""},
		{labels("alertname", "A", "deployment_environment_name", "Stage", "node", "n1:9100", "pod", "p-0"), "", "p-0", "n1", "", "default/staging", ""},
		{labels("alertname", "A", "env", "blue", "team", "x", "owner", "y", "severity", "page", "instance", "[::1]:80"), "", "::1", "", "x", "default/blue", "critical"},
	} {
		s := completed(t, Signal{Labels: c.labels})
		if s.Service != c.service || s.Instance != c.instance || s.Host != c.host || s.Team != c.team || s.Scope != c.scope || string(s.Severity) != c.severity {
			t.Errorf("%v: %+v", c.labels, s)
		}
	}
	s := completed(t, Signal{Name: "x", Service: "said", Labels: labels("service", "label")})
	if s.Service != "said" {
		t.Errorf("a label overrules the field: %q", s.Service)
	}
}

// A sender with a wrong clock repeats the same start, and it is one signal.
func TestTimesAreCutBackAndTheIdentityStays(t *testing.T) {
	ahead := Signal{Name: "x", Source: "s", StartsAt: now.Add(Hour)}
	a := completed(t, ahead)
	ahead.ReceivedAt = now.Add(10 * Minute)
	b := completed(t, ahead)
	if a.ID != b.ID || a.StartsAt != now || b.StartsAt != now.Add(10*Minute) || !slices.Contains(a.Flags, "starts_at_in_future") {
		t.Errorf("\n%+v\n%+v", a, b)
	}
	for flag, s := range map[string]Signal{
		"starts_at_missing":        {Name: "x"},
		"ends_at_in_future":        {Name: "x", Status: StatusResolved, StartsAt: now.Add(-Hour), EndsAt: now.Add(Hour)},
		"ends_at_before_starts_at": {Name: "x", Status: StatusResolved, StartsAt: now.Add(-Hour), EndsAt: now.Add(-Day)},
		"ends_at_missing":          {Name: "x", Status: StatusResolved, StartsAt: now.Add(-Hour)},
	} {
		s := completed(t, s)
		if !slices.Equal(s.Flags, []string{flag}) || s.StartsAt > now || s.EndsAt > now || s.EndsAt != 0 && s.EndsAt < s.StartsAt {
			t.Errorf("%s: %+v", flag, s)
		}
	}
	if s := completed(t, Signal{Name: "x", StartsAt: now.Add(Minute)}); s.StartsAt != now.Add(Minute) || s.Flags != nil {
		t.Errorf("a minute ahead is no wrong clock: %+v", s)
	}
	if s := completed(t, Signal{Name: "x", StartsAt: now, EndsAt: now.Add(5 * Minute)}); s.Status != StatusFiring || s.EndsAt != 0 {
		t.Errorf("Prometheus' end in the future is a firing alert: %+v", s)
	}
	if s := completed(t, Signal{Name: "x", StartsAt: now.Add(-Hour), EndsAt: now.Add(-Minute)}); s.Status != StatusResolved {
		t.Errorf("an end in the past is a resolved alert: %+v", s)
	}
	window := completed(t, Signal{Kind: KindMaintenance, Name: "x", StartsAt: now.Add(Day), EndsAt: now.Add(Day + Hour)})
	if window.StartsAt != now.Add(Day) || window.EndsAt != now.Add(Day+Hour) || window.Flags != nil {
		t.Errorf("windows lie ahead by nature: %+v", window)
	}
}

func TestIdentityTellsApartWhatDiffers(t *testing.T) {
	base := Signal{Name: "x", Source: "s", Fingerprint: "f", StartsAt: now.Add(-Hour), Labels: labels("env", "prod")}
	id := completed(t, base).ID
	if again := base; completed(t, again).ID != id {
		t.Error("the same signal has two ids")
	}
	repeat := base
	repeat.ReceivedAt, repeat.Summary, repeat.Severity = now.Add(Hour), "other", "critical"
	if completed(t, repeat).ID != id {
		t.Error("a repeat has another id")
	}
	for what, change := range map[string]func(*Signal){
		"source":      func(s *Signal) { s.Source = "t" },
		"fingerprint": func(s *Signal) { s.Fingerprint = "g" },
		"start":       func(s *Signal) { s.StartsAt++ },
		"status":      func(s *Signal) { s.Status = StatusResolved },
		"occurrence":  func(s *Signal) { s.Occurrence = "2" },
		"scope":       func(s *Signal) { s.Tenant = "acme" },
		"kind":        func(s *Signal) { s.Kind, s.Ticket = KindTicket, &Ticket{Key: "A-1"} },
		"borders":     func(s *Signal) { s.Source, s.Fingerprint = "sf", "" },
	} {
		s := base
		change(&s)
		if completed(t, s).ID == id {
			t.Errorf("another %s, the same id", what)
		}
	}
	command := func(c Command) string { return completed(t, Signal{Kind: KindCommand, StartsAt: now, Command: &c}).ID }
	if command(Command{Action: ActionNote, IncidentID: "INC-1"}) == command(Command{Action: ActionNote, IncidentID: "INC-2"}) {
		t.Error("two orders in the same millisecond are one")
	}
	bare := func(s Signal) string { s.Name, s.StartsAt = "x", now; return completed(t, s).ID }
	if bare(Signal{Service: "a"}) == bare(Signal{Service: "b"}) || bare(Signal{Instance: "a"}) == bare(Signal{Host: "a"}) {
		t.Error("without labels the entity must tell signals apart")
	}
}

func TestIncompleteSignalsNameTheField(t *testing.T) {
	n := DefaultNaming()
	for want, s := range map[string]Signal{
		"received_at:":         {Name: "x"},
		"name:":                {ReceivedAt: now},
		"kind:":                {Name: "x", ReceivedAt: now, Kind: "tick"},
		"status:":              {Name: "x", ReceivedAt: now, Status: "perhaps"},
		"ticket.key:":          {Name: "x", ReceivedAt: now, Kind: KindTicket},
		"command.action:":      {Name: "x", ReceivedAt: now, Kind: KindCommand, Command: &Command{Action: "explode"}},
		"impact: missing":      {Name: "x", ReceivedAt: now, Kind: KindImpact},
		`status: "finished" i`: {Name: "x", ReceivedAt: now, Kind: KindTicket, Ticket: &Ticket{Key: "k"}, Status: StatusFinished},
	} {
		if err := n.Complete(&s); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestStatusesInOtherWords(t *testing.T) {
	for _, c := range []struct {
		kind   Kind
		status string
		want   Status
	}{
		{KindAlert, "Firing", StatusFiring}, {KindAlert, "OK", StatusResolved}, {KindTicket, "New", StatusOpen},
		{KindTicket, "In Progress", StatusUpdated}, {KindTicket, "on-hold", StatusUpdated}, {KindTicket, "resolved", StatusClosed},
		{KindTicket, "CLOSED", StatusClosed}, {KindChange, "Started", StatusStarted},
	} {
		s := Signal{Kind: c.kind, Name: "x", Status: Status(c.status), Ticket: &Ticket{Key: "k"}}
		if got := completed(t, s); got.Status != c.want {
			t.Errorf("%s %q: got %q, want %q", c.kind, c.status, got.Status, c.want)
		} else if s.Status = c.want; completed(t, s).ID != got.ID {
			t.Errorf("%s %q: another word makes another signal", c.kind, c.status)
		}
	}
}

func TestStripPort(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "a": "a", "a:9100": "a", "a:": "a:", "a:b": "a:b", "10.0.0.1:80": "10.0.0.1", "::1": "::1", "fe80::1:80": "fe80::1:80",
		"[::1]:80": "::1", "[::1]": "[::1]", ":80": "",
	} {
		if got := StripPort(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestSpacesAroundNamesAreNoPartOfThem(t *testing.T) {
	n := DefaultNaming()
	a := Signal{Name: "A ", Fingerprint: "web/disk\t", Service: " web", ReceivedAt: 1795343520123, Environment: "production ", Labels: LabelsOf(map[string]string{"x": "y "})}
	b := Signal{Name: "A", Labels: LabelsOf(map[string]string{"env": "prod ", "service": "web\t", "x": "y "}), ReceivedAt: 1795343520123}
	for _, s := range []*Signal{&a, &b} {
		if err := n.Complete(s); err != nil {
			t.Fatal(err)
		}
		if strings.TrimSpace(s.Fingerprint) != s.Fingerprint || s.Scope != "default/production" || s.Service != "web" || s.Name != "A" || s.Labels.Get("x") != "y " {
			t.Errorf("%+v", s)
		}
	}
	n.Scope = []string{"region"}
	c := Signal{Name: "A", ReceivedAt: 1, Labels: Labels{{"region", "eu "}}}
	if err := n.Complete(&c); err != nil || c.Scope != "eu" {
		t.Errorf("%q, %v", c.Scope, err)
	}
}

func TestTimesThatCannotBe(t *testing.T) {
	const received = Time(1795343520123) // 2026
	parse := func(s string) Time {
		v, err := ParseTime(s)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		kind         Kind
		starts, ends string
		wantS, wantE Time
		flag         string
	}{
		{KindAlert, "1601-01-01T00:00:00Z", "", received, 0, "starts_at_out_of_range"},
		{KindAlert, "0002-01-01T00:00:00Z", "", received, 0, "starts_at_out_of_range"},
		{KindAlert, "1999-01-01T00:00:00Z", "", received, 0, "starts_at_out_of_range"},
		{KindAlert, "2019-01-01T00:00:00Z", "", parse("2019-01-01T00:00:00Z"), 0, ""},
		{KindTicket, "1999-01-01T00:00:00Z", "", parse("1999-01-01T00:00:00Z"), 0, ""},
		{KindTicket, "1601-01-01T00:00:00Z", "", received, 0, "starts_at_out_of_range"},
		{KindMaintenance, "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", parse("2026-01-01T00:00:00Z"), maxEdge, "ends_at_out_of_range"},
		{KindMaintenance, "2026-01-01T00:00:00Z", "2261-12-31T23:59:59.999Z", parse("2026-01-01T00:00:00Z"), maxEdge, ""},
		{KindMaintenance, "1999-01-01T00:00:00Z", "2030-01-01T00:00:00Z", parse("1999-01-01T00:00:00Z"), parse("2030-01-01T00:00:00Z"), ""},
		{KindMaintenance, "5000-01-01T00:00:00Z", "6000-01-01T00:00:00Z", maxEdge, maxEdge, "starts_at_out_of_range"},
	} {
		s := Signal{Kind: c.kind, Name: "x", StartsAt: parse(c.starts), ReceivedAt: received, Ticket: &Ticket{Key: "x"}}
		if c.ends != "" {
			s.EndsAt = parse(c.ends)
		}
		n := DefaultNaming()
		if err := n.Complete(&s); err != nil {
			t.Fatal(err)
		}
		if s.StartsAt != c.wantS || s.EndsAt != c.wantE || strings.Contains(strings.Join(s.Flags, " "), "out_of_range") != (c.flag != "") ||
			c.flag != "" && !slices.Contains(s.Flags, c.flag) {
			t.Errorf("%s from %s to %q: %s to %s %v", c.kind, c.starts, c.ends, s.StartsAt, s.EndsAt, s.Flags)
		}
	}
}
