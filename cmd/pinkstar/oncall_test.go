package main

import (
	"strings"
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
