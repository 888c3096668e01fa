package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

func TestOncallSaysWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	rota := file(t, "rules.yaml", `
people: {ona: {reach: [pager-ona]}}
rotas:
  data: {zone: Europe/Rome, start: 2026-01-05 09:00, people: [ona, raj]}
  shop: {week: [{days: [mon], from: "09:00", to: "10:00", people: [ren]}]}
`)
	oncall := func(args string) (int, string, string) {
		o := command(t, "", append([]string{"oncall", "--rules", rota}, strings.Fields(args)...)...)
		return o.code, o.out, o.err
	}
	for args, want := range map[string]string{
		"--at 2026-01-12T08:00:00Z":                    "data  raj      until 2026-01-19 09:00 CET  none",
		"--at 2026-01-12T07:59:00Z":                    "data  ona      until 2026-01-12 09:00 CET  pager-ona",
		"--rota shop --at 2026-01-12T07:59:00Z":        "shop  nobody",
		"--rota shop --at 2026-01-12T09:30:00Z --json": `"name": "ren"`,
	} {
		if code, got, errs := oncall(args); code != 0 || !strings.Contains(got, want) {
			t.Errorf("%s: %d %s\n%s\nwant %q", args, code, errs, got, want)
		}
	}
	for args, want := range map[string]string{"--at noon": "--at", "--rota none": "there are: data, shop"} {
		if code, _, errs := oncall(args); code != 2 || !strings.Contains(errs, want) {
			t.Errorf("%s: %d %s, want it to say %q", args, code, errs, want)
		}
	}
}

// A rota whose calendar nothing fetches would call nobody.
func TestARotaWithoutItsFeedIsSaid(t *testing.T) {
	t.Parallel()
	const settings = "rules:\n  people: {ona: {reach: [pager]}}\n  rotas: {data: {calendar: nights}}\n"
	for feed, says := range map[string]bool{
		"": true, "feeds: {calendars: [{name: nights, url: 'https://cal.example/a.ics'}]}\n": true,
		"feeds: {calendars: [{name: nights, shifts: true, url: 'https://cal.example/a.ics'}]}\n": false,
	} {
		got := command(t, "", "config", "check", "--config", file(t, "pinkstar.yaml", settings+feed))
		if said := strings.Contains(got.out, `rota "data" has the calendar "nights"`); got.code != exitOK || said != says {
			t.Errorf("%q: %+v", feed, got)
		}
	}
}

// The calendar of a rota is read, and what it says is judged: gaps, and people whom
// nobody can reach. One that is away is said, and stops nothing.
func TestOncallReadsCalendars(t *testing.T) {
	t.Parallel()
	var away atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() || r.Header.Get("Authorization") != "Bearer k" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		_, _ = w.Write([]byte(strings.ReplaceAll(`BEGIN:VCALENDAR
VERSION:2.0
PRODID:x
BEGIN:VEVENT
UID:nights
DTSTAMP:20260101T000000Z
DTSTART;TZID=Europe/Rome:20260105T200000
DTEND;TZID=Europe/Rome:20260106T200000
RRULE:FREQ=DAILY
EXDATE;TZID=Europe/Rome:20260108T200000
SUMMARY:ona
END:VEVENT
BEGIN:VEVENT
UID:nights
DTSTAMP:20260101T000000Z
RECURRENCE-ID;TZID=Europe/Rome:20260106T200000
DTSTART;TZID=Europe/Rome:20260106T200000
DTEND;TZID=Europe/Rome:20260107T200000
SUMMARY:raj
END:VEVENT
END:VCALENDAR
`, "\n", "\r\n")))
	}))
	t.Cleanup(srv.Close)
	settings := file(t, "pinkstar.yaml", `
rules:
  people: {ona: {reach: [pager-ona]}, raj: {}}
  rotas: {data: {calendar: nights, zone: Europe/Rome}, shop: {start: 2026-01-05 09:00, people: [ona]}}
feeds: {calendars: [{name: nights, shifts: true, allow_private: true, bearer: k, url: '`+srv.URL+`'}]}
`)
	oncall := func(args string) outcome {
		return command(t, "", append([]string{"oncall", "--config", settings}, strings.Fields(args)...)...)
	}
	got := oncall("--at 2026-01-06T18:59:00Z")
	for _, want := range []string{
		"data  ona      until 2026-01-06 20:00 CET  pager-ona",
		"Not ready, in the 28 days from then:",
		`rota "data" has nobody on duty from 2026-01-08 20:00 CET to 2026-01-09 20:00 CET`,
		`rota data calls "raj", who has no way to be reached (people.raj.reach)`,
	} {
		if got.code != exitOK || got.err != "" || !strings.Contains(got.out, want) {
			t.Errorf("%+v\nwant %q", got, want)
		}
	}
	if got := oncall("--at 2026-01-06T19:00:00Z --rota data"); !strings.Contains(got.out, "data  raj      until 2026-01-07 20:00 CET  none") {
		t.Errorf("%+v", got)
	}
	if got := oncall("--at 2026-01-08T19:00:00Z --rota data --json"); !strings.Contains(got.out, `"people": []`) || strings.Contains(got.out, "calendar") ||
		!strings.Contains(got.err, "not ready: rota \"data\" has nobody on duty from 2026-01-08 20:00 CET") {
		t.Errorf("%+v", got)
	}
	if got := oncall("--rota shop"); got.code != exitOK || strings.Contains(got.out, "Not ready") {
		t.Errorf("%+v", got)
	}
	away.Store(true)
	if got := oncall(""); got.code != exitOK || !strings.Contains(got.out, "by the calendar nights, which is not read here") ||
		!strings.Contains(got.err, "the calendar nights can't be read: it answers 403") || strings.Contains(got.out+got.err, srv.URL) {
		t.Errorf("%+v", got)
	}
}
