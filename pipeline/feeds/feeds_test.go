package feeds

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"pinkstar/correlate/rules"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
	"pinkstar/schemas/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// memory keeps what is made durable.
type memory struct {
	mu  sync.Mutex
	got []schemas.Signal
	err error
}

func (m *memory) Produce(_ context.Context, s []schemas.Signal) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.got = append(m.got, s...)
	}
	return m.err
}

// taken returns what came since the last time, as "title status day".
func (m *memory) taken() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for _, s := range m.got {
		if s.Change.Type == "calendar_set" {
			out = append(out, fmt.Sprintf("%d left in %s", len(s.Change.Members), s.Scope))
			continue
		}
		text := s.Name + " " + string(s.Status) + " " + s.StartsAt.String()[:16]
		if s.Change.Suppress {
			text += " suppresses"
		}
		out = append(out, text)
	}
	m.got = nil
	return out
}

// page is a server whose answer can be changed.
type page struct {
	*httptest.Server
	mu       sync.Mutex
	text     string
	etag     string
	status   int
	header   map[string]string
	asked    int
	unknown  int // answers in full
	lastAuth string
}

func serve(t *testing.T) *page {
	t.Helper()
	p := &page{status: http.StatusOK}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.asked++
		p.lastAuth = r.Header.Get("Authorization")
		for k, v := range p.header {
			w.Header().Set(k, v)
		}
		if p.etag != "" {
			w.Header().Set("ETag", p.etag)
			if r.Header.Get("If-None-Match") == p.etag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
		}
		p.unknown++
		w.WriteHeader(p.status)
		_, _ = w.Write([]byte(p.text))
	}))
	t.Cleanup(p.Close)
	return p
}

func (p *page) say(status int, etag string, events ...string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.etag, p.header = status, etag, nil
	p.text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + strings.Join(events, "") + "END:VCALENDAR\r\n"
}

func event(uid string, lines ...string) string {
	return "BEGIN:VEVENT\r\nUID:" + uid + "\r\nDTSTAMP:20261101T000000Z\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\n"
}

func patching(day int) string {
	return event("patch", fmt.Sprintf("DTSTART:202612%02dT220000Z", day), fmt.Sprintf("DTEND:202612%02dT230000Z", day),
		"SUMMARY:Patching", "CATEGORIES:db", "X-PINKSTAR-SUPPRESS:TRUE")
}

var monday = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func translator() *ingest.Translator {
	return ingest.NewTranslator(schemas.DefaultNaming(), ingest.DefaultConfig().Limits)
}

func address(at string) Address {
	return Address{Name: "ops", URL: secret.New(at), AllowPrivate: true}
}

func calendarAt(t *testing.T, c Calendar) (*maintenance, *memory) {
	t.Helper()
	cfg, m := DefaultConfig(), &memory{}
	cfg.Calendars = []Calendar{c}
	f, err := New(cfg, Deps{Translator: translator(), Producer: m, Now: func() time.Time { return monday }, Log: zerolog.Nop(), Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	return f.feeds[0].looker.(*maintenance), m
}

func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%s:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// Only what is other than it was is told; what is gone is told as gone; a feed
// that is away or broken changes nothing.
func TestACalendarIsToldWhenItSaysSomethingNew(t *testing.T) {
	t.Parallel()
	p := serve(t)
	c, m := calendarAt(t, Calendar{Address: address(p.URL)})
	look := func() error {
		t.Helper()
		_, err := c.look(t.Context(), monday)
		return err
	}
	p.say(200, `"1"`, patching(1), event("swap", "DTSTART:20261203T100000Z", "DTEND:20261203T110000Z", "SUMMARY:Swap", "CATEGORIES:core"))
	if err := look(); err != nil {
		t.Fatal(err)
	}
	expect(t, "first", m.taken(), "Patching planned 2026-12-01T22:00", "Swap planned 2026-12-03T10:00", "2 left in default/production")
	if err := look(); err != nil {
		t.Fatal(err)
	}
	expect(t, "the same", m.taken())
	if p.asked != 2 || p.unknown != 1 {
		t.Errorf("asked %d times, %d times answered in full", p.asked, p.unknown)
	}
	p.say(200, `"2"`, patching(2), event("swap", "DTSTART:20261203T100000Z", "DTEND:20261203T110000Z", "SUMMARY:Swap", "CATEGORIES:core"))
	if err := look(); err != nil {
		t.Fatal(err)
	}
	expect(t, "moved", m.taken(), "Patching planned 2026-12-02T22:00", "2 left in default/production")
	for status, says := range map[int]string{500: "500", 404: "404", 302: "leads elsewhere"} {
		p.say(status, "")
		if err := look(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%d: %v", status, err)
		}
	}
	p.say(200, "")
	p.text = p.text[:20]
	if err := look(); err == nil {
		t.Error("half a calendar was taken")
	}
	p.text = "<html>sign in</html>"
	if err := look(); err == nil {
		t.Error("a page was taken for a calendar")
	}
	expect(t, "away and broken", m.taken())
	p.say(200, `"3"`, patching(2))
	m.err = errors.New("no brokers")
	if err := look(); err == nil || !strings.Contains(err.Error(), "brokers") {
		t.Error(err)
	}
	m.err = nil
	if err := look(); err != nil {
		t.Fatal(err)
	}
	expect(t, "one has gone, told once the brokers take it", m.taken(), "1 left in default/production")
}

// Days pass: the dates of a repeating event that are near are told though the text
// is the same.
func TestARepeatingEventIsToldAheadAsDaysPass(t *testing.T) {
	t.Parallel()
	p := serve(t)
	c, m := calendarAt(t, Calendar{Address: address(p.URL), Suppress: ingest.SuppressMarked})
	p.say(200, `"1"`, event("w", "DTSTART;TZID=Europe/Rome:20261116T020000", "DTEND;TZID=Europe/Rome:20261116T040000", "RRULE:FREQ=WEEKLY",
		"SUMMARY:Backup", "CATEGORIES:db", "X-PINKSTAR-SUPPRESS:TRUE"))
	if _, err := c.look(t.Context(), monday); err != nil {
		t.Fatal(err)
	}
	first := m.taken()
	if len(first) < 4 || first[0] != "Backup planned 2026-11-30T01:00 suppresses" {
		t.Fatalf("%q", first)
	}
	if _, err := c.look(t.Context(), monday.AddDate(0, 0, 7)); err != nil {
		t.Fatal(err)
	}
	if second := m.taken(); len(second) == 0 || len(second) > 4 || !strings.HasPrefix(second[0], "Backup planned") || second[0] <= first[len(first)-3] {
		t.Errorf("%q, after %q", second, first)
	}
}

// Nobody who may write into a calendar hides a fault, unless the settings say so.
func TestAFeedSuppressesOnlyWhereTheSettingsSaySo(t *testing.T) {
	t.Parallel()
	for mode, want := range map[ingest.Suppression][]string{
		ingest.SuppressNone:   {"Patching planned 2026-12-01T22:00", "Swap planned 2026-12-03T10:00"},
		ingest.SuppressMarked: {"Patching planned 2026-12-01T22:00 suppresses", "Swap planned 2026-12-03T10:00"},
		ingest.SuppressAll:    {"Patching planned 2026-12-01T22:00 suppresses", "Swap planned 2026-12-03T10:00 suppresses"},
	} {
		p := serve(t)
		a := address(p.URL)
		a.Environment = "staging"
		c, m := calendarAt(t, Calendar{Address: a, Suppress: mode})
		p.say(200, "", patching(1), event("swap", "DTSTART:20261203T100000Z", "DTEND:20261203T110000Z", "SUMMARY:Swap", "CATEGORIES:core"))
		if _, err := c.look(t.Context(), monday); err != nil {
			t.Fatal(err)
		}
		expect(t, string(mode), m.taken(), append(want, "2 left in default/staging")...)
	}
}

func TestWhatAnAddressIsAskedWith(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.say(200, "")
	a := address(p.URL + "/secret-key/calendar.ics")
	a.Bearer = secret.New("hush-hush")
	c, _ := calendarAt(t, Calendar{Address: a})
	if _, err := c.look(t.Context(), monday); err != nil || p.lastAuth != "Bearer hush-hush" {
		t.Errorf("%v, %q", err, p.lastAuth)
	}
	c.maxBytes = 10
	c.forget()
	if _, err := c.look(t.Context(), monday); err == nil || !strings.Contains(err.Error(), "max_bytes") {
		t.Error(err)
	}
	p.Close()
	if _, err := c.look(t.Context(), monday); err == nil || strings.Contains(err.Error(), "secret-key") {
		t.Errorf("%v", err)
	}
	private := address(p.URL)
	private.AllowPrivate = false
	c, _ = calendarAt(t, Calendar{Address: private})
	if _, err := c.look(t.Context(), monday); err == nil || !strings.Contains(err.Error(), "allow_private") {
		t.Error(err)
	}
}

func TestPausesGrowAndObey(t *testing.T) {
	t.Parallel()
	every := 5 * time.Minute
	for n, want := range map[int]time.Duration{1: every, 2: 2 * every, 3: 4 * every, 9: time.Hour, 99: time.Hour} {
		if got := pauseAfter(errors.New("x"), n, every); got != want {
			t.Errorf("after %d failures: %s; want %s", n, got, want)
		}
	}
	if got := pauseAfter(laterError{errors.New("x"), 20 * time.Minute}, 1, every); got != 20*time.Minute {
		t.Error(got)
	}
	p := serve(t)
	p.say(503, "")
	p.header = map[string]string{"Retry-After": "1200"}
	c, _ := calendarAt(t, Calendar{Address: address(p.URL)})
	_, err := c.look(t.Context(), monday)
	if got := pauseAfter(err, 1, every); got != 20*time.Minute {
		t.Errorf("%v: %s", err, got)
	}
}

// Shifts: by attendees, titles, PagerDuty's titles; exceptions and single dates
// that are moved; across the change of clocks; who declined is not on duty.
func TestShiftsSayWhoIsOnDuty(t *testing.T) {
	t.Parallel()
	p := serve(t)
	var got []schemas.Activation
	cfg := DefaultConfig()
	cfg.Calendars = []Calendar{{Address: address(p.URL), Shifts: true}}
	f, err := New(cfg, Deps{Translator: translator(), Now: func() time.Time { return monday }, Log: zerolog.Nop(), Registerer: prometheus.NewRegistry(),
		Shifts: func(a schemas.Activation) { got = append(got, a) }})
	if err != nil {
		t.Fatal(err)
	}
	look := func(at time.Time) error {
		_, err := f.feeds[0].look(t.Context(), at)
		return err
	}
	p.say(200, `"1"`,
		event("a", "DTSTART;TZID=W. Europe Standard Time:20261130T090000", "DTEND;TZID=W. Europe Standard Time:20261130T170000",
			"RRULE:FREQ=DAILY;COUNT=3", "EXDATE;TZID=W. Europe Standard Time:20261201T090000", "SUMMARY:Shift",
			"ATTENDEE;CN=Ona;PARTSTAT=ACCEPTED:MAILTO:Ona@Example.com", "ATTENDEE;PARTSTAT=DECLINED:mailto:raj@example.com"),
		event("a", "RECURRENCE-ID;TZID=W. Europe Standard Time:20261202T090000", "DTSTART;TZID=W. Europe Standard Time:20261202T100000",
			"DTEND;TZID=W. Europe Standard Time:20261202T170000", "SUMMARY:Raj, Kim"),
		event("b", "DTSTART:20261130T170000Z", "DTEND:20261201T080000Z", "SUMMARY:On Call - Ren Ito - Nights"),
		event("off", "DTSTART:20261130T170000Z", "DTEND:20261201T080000Z", "SUMMARY:Nobody", "STATUS:CANCELLED"))
	if err := look(monday); err != nil {
		t.Fatal(err)
	}
	if err := look(monday.Add(time.Hour)); err != nil || len(got) != 1 {
		t.Fatalf("%v: told %d times", err, len(got))
	}
	text, err := rules.ParseShifts(got[0].Text)
	if err != nil || got[0].Key() != "shifts/ops" || got[0].Version != rules.VersionOf([]byte(got[0].Text)) {
		t.Fatalf("%v %+v", err, got[0])
	}
	set, err := rules.Parse("rules", []byte("rotas: {r: {calendar: ops, zone: Europe/Berlin}}"))
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-11-30T08:00:00Z": "ona@example.com", "2026-11-30T07:59:00Z": "", "2026-11-30T15:59:59Z": "ona@example.com",
		"2026-12-01T09:00:00Z": "", "2026-12-02T08:30:00Z": "", "2026-12-02T09:00:00Z": "Raj Kim", "2026-11-30T20:00:00Z": "Ren Ito",
	} {
		t0, err := schemas.ParseTime(at)
		if err != nil {
			t.Fatal(err)
		}
		people, _ := set.Rotas["r"].OnDuty(t0, text)
		if strings.Join(people, " ") != want {
			t.Errorf("at %s: %q; want %q", at, people, want)
		}
	}
	p.say(200, `"2"`, event("x", "DTSTART;TZID=No/Such:20261130T090000", "DTEND:20261130T170000Z", "SUMMARY:Ona"))
	if err := look(monday); err == nil || len(got) != 1 {
		t.Errorf("a rota with what can't be read: %v, told %d times", err, len(got))
	}
}

// Run says what is wrong, and no longer when it is right again.
func TestWhatIsWrongWithAFeedIsSaid(t *testing.T) {
	t.Parallel()
	p := serve(t)
	p.say(500, "")
	cfg := DefaultConfig()
	cfg.Every = 10 * time.Millisecond
	cfg.Calendars = []Calendar{{Address: address(p.URL)}}
	m, reg := &memory{}, prometheus.NewRegistry()
	f, err := New(cfg, Deps{Translator: translator(), Producer: m, Now: func() time.Time { return monday }, Log: zerolog.Nop(), Registerer: reg})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx) }()
	until := func(what string, ok func() bool) {
		t.Helper()
		for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("never %s: %v", what, f.Ailing())
			}
		}
	}
	until("ailing", func() bool {
		err := f.Ailing()
		return err != nil && strings.Contains(err.Error(), "calendar ops, since 2026-11-30T12:00:00Z: it answers 500")
	})
	p.say(200, "", patching(1))
	until("well", func() bool { return f.Ailing() == nil })
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	got, err := reg.Gather()
	if err != nil || len(got) != 3 {
		t.Errorf("%v: %d families", err, len(got))
	}
	if len(m.taken()) != 2 {
		t.Error("not told")
	}
}

func TestSettingsThatAreWrong(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"calendars: [{name: a}]":                                      "calendars[0].url",
		"calendars: [{name: 'a b', url: x}]":                          "calendars[0].name",
		"calendars: [{name: a, url: x}, {name: a, url: y}]":           "there twice",
		"calendars: [{name: a, url: x, suppress: yes}]":               "suppress",
		"calendars: [{name: a, url: x, shifts: true, suppress: all}]": "shifts suppress nothing",
		"calendars: [{name: a, url: x, user: u}]":                     "password",
		"alertmanagers: [{name: a, url: x, every: 1ms}]":              "every",
		"max_bytes: 3": "max_bytes",
	} {
		cfg := DefaultConfig()
		if err := yaml.Unmarshal([]byte(text), &cfg); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", text, err, says)
		}
	}
	cfg := DefaultConfig()
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
}
