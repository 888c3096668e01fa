package rules

import (
	"strings"
	"testing"

	"pinkstar/schemas"
)

func TestWhatKeepsPeopleFromBeingCalled(t *testing.T) {
	from, err := schemas.ParseTime("2026-11-22T00:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	good := `
messages: {channels: [chat], company: [mail]}
teams: {data: {channels: [chat], on_call: nights}}
people: {ona: {reach: [pager]}, raj: {reach: [pager]}}
rotas: {nights: {start: 2026-01-05 09:00, people: [ona, raj]}}
procedures: [{name: p, match: ['a="b"'], owner: data, mail_company: true, escalation: [{call: [nights], wait: 5m}, {call: [raj]}]}]
`
	for _, c := range []struct{ from, to, want string }{
		{"", "", ""},
		{"call: [raj]", "call: [boss]", `"boss", which is neither`},
		{"raj: {reach: [pager]}", "raj: {}", `"raj", who has no way`},
		{"owner: data", "owner: shop", `"shop" is not among teams`},
		{", company: [mail]", "", "names no target"},
		{"messages: {", "messages: {per_incident: 0, ", "while messages.per_incident is 0"},
		{"owner: data", "owner: data, severity: info", "below messages.from"},
		{"start: 2026-01-05 09:00, people: [ona, raj]", "week: [{from: '08:00', to: '20:00', people: [ona]}]", "from 2026-11-22 00:00 UTC to 2026-11-22 08:00 UTC"},
		{"start: 2026-01-05", "start: 2027-01-05", "nobody on duty from 2026-11-22 00:00 UTC on"},
	} {
		set, err := Parse("x", []byte(strings.Replace(good, c.from, c.to, 1)))
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join(set.Unready(from, from.Add(14*schemas.Day), nil), "\n")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("with %q: %q; want it to say %q", c.to, got, c.want)
		}
	}
}

// A calendar's shifts are judged where they are known: its gaps, and its people.
func TestACalendarIsJudgedWhereItIsKnown(t *testing.T) {
	t.Parallel()
	set, err := Parse("x", []byte("people: {ona: {reach: [pager]}, raj: {}}\nrotas: {nights: {calendar: ops, zone: Europe/Rome}}"))
	if err != nil {
		t.Fatal(err)
	}
	shifts, err := ParseShifts(`
calendar: ops
shifts:
- {from: 2026-11-22T00:00:00Z, to: 2026-11-22T12:00:00Z, people: [ona]}
- {from: 2026-11-22T14:00:00Z, to: 2026-11-24T00:00:00Z, people: [raj]}
- {from: 2026-11-25T00:00:00Z, to: 2026-11-26T00:00:00Z, people: [later]}
`)
	if err != nil {
		t.Fatal(err)
	}
	from, _ := schemas.ParseTime("2026-11-22T00:00:00Z")
	to := from.Add(schemas.Day)
	calendars := map[string]*Shifts{"ops": shifts}
	want := `rota "nights" has nobody on duty from 2026-11-22 13:00 CET to 2026-11-22 15:00 CET
rota nights calls "raj", who has no way to be reached (people.raj.reach)`
	if got := strings.Join(set.Unready(from, to, calendars), "\n"); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if got := set.Unready(from, to, nil); got != nil {
		t.Errorf("what is not known is judged: %q", got)
	}
	if got := set.Rotas["nights"].Change(from, to, shifts); got.String() != "2026-11-22T12:00:00.000Z" {
		t.Errorf("others are on duty at %s", got)
	}
}
