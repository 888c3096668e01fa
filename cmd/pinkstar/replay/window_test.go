package replay

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// calendarStory is what a calendar said, text after text, and whether alerts of
// its service are expected at some moments.
type calendarStory struct {
	name  string
	head  string
	texts []told
	want  map[string]bool // by time
}

type told struct {
	at     string
	events []string
}

const (
	thursdays = "UID:w\nDTSTART;TZID=Europe/Zurich:20261022T220000\nDTEND;TZID=Europe/Zurich:20261022T230000\nRRULE:FREQ=WEEKLY"
	once      = "UID:w\nDTSTART;TZID=Europe/Zurich:20261022T220000\nDTEND;TZID=Europe/Zurich:20261022T230000"
	feed      = "METHOD:PUBLISH\nX-WR-CALNAME:Work\n"
)

// What people do to their calendars, and makers to what people did.
func TestCalendarsThatPeopleChange(t *testing.T) {
	first, later := "2026-10-21T10:00:00Z", "2026-10-25T10:00:00Z"
	const before, after = "2026-10-29T21:30:00Z", "2026-11-05T21:30:00Z"
	for _, s := range []calendarStory{
		{name: "a series that no longer repeats, SEQUENCE left alone", texts: []told{{first, []string{thursdays}}, {later, []string{once}}},
			want: map[string]bool{"2026-10-22T20:30:00Z": true, before: false}},
		{name: "a day taken out as a date", texts: []told{{first, []string{thursdays + "\nEXDATE;VALUE=DATE:20261029"}}},
			want: map[string]bool{before: false, after: true}},
		{name: "UNTIL as a day", texts: []told{{first, []string{thursdays + ";UNTIL=20261029"}}},
			want: map[string]bool{before: true, after: false}},
		{name: "cancelled without a time", head: "METHOD:CANCEL\n", texts: []told{{first, []string{thursdays}}, {later, []string{"UID:w\nDTSTAMP:20261025T100000Z\nSEQUENCE:1"}}},
			want: map[string]bool{before: false, after: false}},
		{name: "one date cancelled without a time", texts: []told{{first, []string{thursdays}},
			{later, []string{"UID:w\nSTATUS:CANCELLED\nRECURRENCE-ID;TZID=Europe/Zurich:20261029T220000"}}},
			want: map[string]bool{before: false, after: true}},
		{name: "this and all following moved", texts: []told{{first, []string{thursdays}}, {later, []string{thursdays,
			"UID:w\nDTSTART;TZID=Europe/Zurich:20261030T220000\nDTEND;TZID=Europe/Zurich:20261030T230000\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Zurich:20261029T220000"}}},
			want: map[string]bool{before: false, "2026-10-30T21:30:00Z": true, after: false, "2026-11-06T21:30:00Z": true}},
		{name: "gone from a feed that gives its name in RFC 7986's way", head: "METHOD:PUBLISH\nNAME:Work\n", texts: []told{{first, []string{thursdays}}, {later, nil}},
			want: map[string]bool{before: false}},
		{name: "gone from a feed without METHOD", head: "X-WR-CALNAME:Work\nX-PUBLISHED-TTL:PT1H\n", texts: []told{{first, []string{thursdays}}, {later, nil}},
			want: map[string]bool{before: false}},
		{name: "gone from what may be a part", head: "X-WR-CALNAME:Work\n", texts: []told{{first, []string{thursdays}}, {later, nil}},
			want: map[string]bool{before: true}},
		{name: "a weekend first read on its Sunday", texts: []told{{"2026-11-15T10:00:00Z",
			[]string{"UID:w\nDTSTART:20241101T200000Z\nDTEND:20241104T040000Z\nRRULE:FREQ=WEEKLY"}}},
			want: map[string]bool{"2026-11-15T12:00:00Z": true, "2026-11-16T05:00:00Z": false}},
		{name: "a weekend read all through it", head: feed, texts: []told{
			{"2026-11-12T10:00:00Z", []string{"UID:w\nDTSTART:20241101T200000Z\nDTEND:20241104T040000Z\nRRULE:FREQ=WEEKLY"}},
			{"2026-11-15T10:00:00Z", []string{"UID:w\nDTSTART:20241101T200000Z\nDTEND:20241104T040000Z\nRRULE:FREQ=WEEKLY"}}},
			want: map[string]bool{"2026-11-14T12:00:00Z": true, "2026-11-15T12:00:00Z": true, "2026-11-16T05:00:00Z": false}},
		{name: "a UID with a space at its end", head: feed, texts: []told{{first, []string{"UID:w \n" + strings.TrimPrefix(thursdays, "UID:w\n")}}},
			want: map[string]bool{before: true}},
	} {
		t.Run(s.name, func(t *testing.T) { s.run(t) })
	}
}

// run tells the texts and, at each time of want, of an alert.
func (s calendarStory) run(t *testing.T) {
	t.Helper()
	var in []string
	at := map[int]string{}
	say := func(source, when string, payload any) {
		b, err := json.Marshal(map[string]any{"source": source, "received_at": when, "payload": payload})
		if err != nil {
			t.Fatal(err)
		}
		in = append(in, string(b))
	}
	probe := func(when string) {
		from, err := time.Parse(time.RFC3339, when)
		if err != nil {
			t.Fatal(err)
		}
		signal := map[string]any{"name": "Probe " + when, "source": "probe", "service": "shop", "starts_at": when, "status": "firing"}
		say("signals", when, signal)
		at[len(in)] = when
		signal["status"], signal["ends_at"] = "resolved", from.Add(time.Minute)
		say("signals", from.Add(2*time.Minute).Format(time.RFC3339), signal)
	}
	asked := map[string]bool{}
	ask := func(until string) { // in order of time
		for day := time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC); day.Year() == 2026; day = day.Add(30 * time.Minute) {
			if when := day.Format(time.RFC3339); when < until && !asked[when] {
				if _, is := s.want[when]; is {
					asked[when] = true
					probe(when)
				}
			}
		}
	}
	for i, text := range s.texts {
		ask(text.at)
		head := s.head
		if i == 0 && strings.Contains(head, "CANCEL") {
			head = ""
		}
		ics := "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n" + head
		for _, e := range text.events {
			ics += "BEGIN:VEVENT\nSUMMARY:Work\nX-PINKSTAR-SERVICES:shop\nX-PINKSTAR-SUPPRESS:TRUE\n" + e + "\nEND:VEVENT\n"
		}
		say("ics", text.at, strings.ReplaceAll(ics+"END:VCALENDAR\n", "\n", "\r\n"))
	}
	ask("2027")
	lines, _ := play(t, strings.Join(in, "\n"), options(t, nil, "decision"))
	checked := 0
	for _, l := range lines {
		when, is := at[l.Line]
		if !is || l.Type != "decision" {
			continue
		}
		checked++
		if want := map[bool]string{true: "suppressed", false: "placed"}[s.want[when]]; l.Decision != want {
			t.Errorf("at %s: %s, want %s (%s)", when, l.Decision, want, l.Reason)
		}
	}
	if checked != len(s.want) {
		t.Error(fmt.Sprint(checked, " of ", len(s.want), " moments"))
	}
}

// A window's own labels narrow what it suppresses: not the other cluster, nor the
// other instance of its service, but what says nothing of them. Without a service
// it is for what has them all.
func TestAWindowsOwnLabelsNarrowIt(t *testing.T) {
	const at = `"received_at":"2026-11-22T10:%02d:00Z"`
	window := func(about string) string {
		return fmt.Sprintf(`{"source":"signals",`+at+`,"payload":{"kind":"maintenance","source":"t","name":"Work","fingerprint":"w","starts_at":"2026-11-22T10:00:00Z",`+
			`"ends_at":"2026-11-22T12:00:00Z","change":{"suppress":true},%s}}`, 1, about)
	}
	fires := func(about string) string {
		return fmt.Sprintf(`{"source":"signals",`+at+`,"payload":{"source":"t","name":"Slow",%s}}`, 5, about)
	}
	for _, c := range []struct{ window, alert, want string }{
		{`"service":"db","labels":{"cluster":"eu"}`, `"labels":{"service":"db","cluster":"eu"}`, "suppressed"},
		{`"service":"db","labels":{"cluster":"eu"}`, `"labels":{"service":"db","cluster":"us"}`, "placed"},
		{`"service":"db","labels":{"cluster":"eu"}`, `"labels":{"service":"db"}`, "suppressed"},
		{`"service":"db","labels":{"cluster":"eu"}`, `"labels":{"service":"web","cluster":"eu"}`, "placed"},
		{`"labels":{"service":"db","instance":"db-1:9100"}`, `"labels":{"service":"db","instance":"db-2:9100"}`, "placed"},
		{`"labels":{"service":"db","instance":"db-1:9100"}`, `"labels":{"service":"db","instance":"db-1:9187"}`, "suppressed"},
		{`"labels":{"service":"db","team":"dba","severity":"info"}`, `"labels":{"service":"db","team":"web","severity":"critical"}`, "suppressed"},
		{`"labels":{"cluster":"eu.1"}`, `"labels":{"service":"web","cluster":"eu.1"}`, "suppressed"},
		{`"labels":{"cluster":"eu.1"}`, `"labels":{"service":"web","cluster":"eux1"}`, "placed"},
		{`"labels":{"cluster":"eu.1"}`, `"labels":{"service":"web"}`, "placed"},
		{`"service":"db","labels":{"zone of work":"a|b"}`, `"labels":{"service":"db","zone of work":"a"}`, "placed"},
	} {
		lines, _ := play(t, window(c.window)+"\n"+fires(c.alert), options(t, nil, "decision"))
		if l := lines[len(lines)-1]; len(lines) != 2 || l.Decision != c.want {
			t.Errorf("window %s, alert %s: %s, want %s (%s)", c.window, c.alert, l.Decision, c.want, l.Reason)
		}
	}
}

// A silence that names no environment holds in all that the configuration names;
// one that names its own holds there.
func TestASilenceHoldsInEveryEnvironment(t *testing.T) {
	silence := func(matchers string) string {
		return `{"source":"silences","received_at":"2026-11-22T10:00:01Z","payload":{"id":"s","status":{"state":"active"},"updatedAt":"2026-11-22T10:00:00Z",` +
			`"startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T12:00:00Z","matchers":[{"name":"alertname","value":"X"}` + matchers + `]}}`
	}
	fires := func(env string) string {
		return `{"source":"alertmanager","received_at":"2026-11-22T10:30:00Z","payload":{"version":"4","receiver":"x","alerts":[{"status":"firing",` +
			`"labels":{"alertname":"X"` + env + `},"startsAt":"2026-11-22T10:30:00Z"}]}}`
	}
	o := options(t, nil, "decision")
	o.Naming.Environments = []string{"prod", "staging", "dev"}
	for _, c := range []struct{ matchers, env, want string }{
		{"", "", "suppressed"},
		{"", `,"env":"stage"`, "suppressed"},
		{"", `,"environment":"development"`, "suppressed"},
		{"", `,"env":"lab"`, "placed"},
		{`,{"name":"env","value":"staging"}`, `,"env":"staging"`, "suppressed"},
		{`,{"name":"env","value":"staging"}`, "", "placed"},
		{`,{"name":"env","value":"dev|staging","isRegex":true}`, `,"env":"dev"`, "suppressed"},
		{`,{"name":"env","value":"dev|staging","isRegex":true}`, `,"env":"prod"`, "placed"},
	} {
		lines, _ := play(t, silence(c.matchers)+"\n"+fires(c.env), o)
		if l := lines[len(lines)-1]; l.Decision != c.want {
			t.Errorf("silence with %s, alert with %s: %s, want %s (%s)", c.matchers, c.env, l.Decision, c.want, l.Reason)
		}
	}
}
