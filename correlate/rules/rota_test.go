package rules

import (
	"strings"
	"testing"

	"pinkstar/schemas"
)

const rotas = `
rotas:
  turns:
    zone: Europe/Rome
    start: 2026-10-19 09:00
    people: [ona, raj, ren]
    overrides:
      - {from: 2026-11-22 09:00, to: 2026-11-22 21:00, people: [sam]}
  days:
    zone: America/New_York
    week:
      - {days: [mon, tue, wed, thu, fri], from: "09:00", to: "17:00", people: [ona]}
      - {days: [sat, sun], from: "00:00", to: "24:00", people: [raj]}
      - {days: [fri], from: "22:00", to: "06:00", people: [ren]}
  feed:
    zone: Europe/Rome
    calendar: shield
people:
  ona: {reach: [pager]}
`

func TestWhoseTurnItIs(t *testing.T) {
	set, err := Parse("x", []byte(rotas))
	if err != nil {
		t.Fatal(err)
	}
	shifts, err := ParseShifts("calendar: shield\nshifts: [{from: '2026-11-22T08:00:00Z', to: '2026-11-22T16:00:00Z', people: [kim]}]")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ rota, at, want string }{
		{"turns", "2026-10-19T06:59:59Z", ""}, // before the first turn
		{"turns", "2026-10-19T07:00:00Z", "ona"},
		// The clocks go back on 25 October: the handover of the 26th stays at 09:00, which is 08:00 UTC.
		{"turns", "2026-10-26T07:30:00Z", "ona"},
		{"turns", "2026-10-26T08:00:00Z", "raj"},
		{"turns", "2026-11-22T07:59:00Z", "raj"}, // the fifth week
		{"turns", "2026-11-22T08:00:00Z", "sam"},
		{"turns", "2026-11-22T20:00:00Z", "raj"},
		{"turns", "2027-03-29T06:59:00Z", "raj"}, // the clocks went forward the day before
		{"turns", "2027-03-29T07:00:00Z", "ren"},
		{"days", "2026-11-20T14:00:00Z", "ona"}, // Friday 09:00 in New York
		{"days", "2026-11-20T22:30:00Z", ""},
		{"days", "2026-11-21T03:30:00Z", "ren"},     // Friday night
		{"days", "2026-11-21T06:00:00Z", "raj,ren"}, // Saturday, and what is left of that night
		{"days", "2026-11-21T12:00:00Z", "raj"},
		{"days", "2026-11-23T04:59:00Z", "raj"},
		{"days", "2026-11-23T05:00:00Z", ""},
		// The day on which the clocks go back has 25 hours, all of them Sunday's.
		{"days", "2026-11-01T04:00:00Z", "raj"},
		{"days", "2026-11-02T04:59:00Z", "raj"},
		{"days", "2026-11-02T05:00:00Z", ""},
		{"feed", "2026-11-22T08:00:00Z", "kim"},
		{"feed", "2026-11-22T16:00:00Z", ""},
		{"jo", "2026-11-22T16:00:00Z", "jo"}, // a person
	} {
		at, err := schemas.ParseTime(c.at)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range set.OnCall(c.rota, at, map[string]*Shifts{"shield": shifts}) {
			got = append(got, p.Name)
			if (p.Name == "ona") != (len(p.Targets) == 1) {
				t.Errorf("%s is reached by %v", p.Name, p.Targets)
			}
		}
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s at %s: %v, want %q", c.rota, c.at, got, c.want)
		}
	}
}

func TestRotasThatCannotBeRead(t *testing.T) {
	for text, want := range map[string]string{
		"rotas: {a: {zone: Rome/Europe, people: [x], start: 2026-01-05 09:00}}":   "IANA",
		"rotas: {a: {zone: ../etc/passwd, people: [x], start: 2026-01-05 09:00}}": "IANA",
		"rotas: {a: {}}": "needs one of",
		"rotas: {a: {people: [x], start: 2026-01-05 09:00, calendar: c}}":                                     "needs one of",
		"rotas: {a: {people: [x]}}":                                                                           "first turn",
		"rotas: {a: {week: [{from: '9', to: '10:00', people: [x]}]}}":                                         "hours are written",
		"rotas: {a: {week: [{days: [someday], from: '09:00', to: '10:00', people: [x]}]}}":                    "someday",
		"rotas: {a: {calendar: c, overrides: [{from: 2026-01-05 09:00, to: 2026-01-05 08:00, people: [x]}]}}": "later one",
		"rotas: {a: {calendar: c}}\npeople: {a: {}}":                                                          "rename one",
		"procedures: [{name: p, match: ['a=\"b\"'], escalation: [{call: [x]}, {call: [y]}]}]":                 "never be reached",
		"procedures: [{name: p, match: ['a=\"b\"'], severity: awful}]":                                        "awful",
		"messages: {per_incident: 3}":                                                                         "at least 8",
	} {
		if _, err := Parse("x", []byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n%v; want it to say %q", text, err, want)
		}
	}
}

func TestWhenOthersAreOnDuty(t *testing.T) {
	set, err := Parse("x", []byte(rotas))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ rota, from, want string }{
		{"turns", "2026-10-19T07:00:30Z", "2026-10-26T08:00:00Z"}, // over the change of the clocks
		{"turns", "2026-11-22T07:59:59Z", "2026-11-22T08:00:00Z"}, // an override begins
		{"turns", "2026-11-22T08:00:00Z", "2026-11-22T20:00:00Z"}, // and ends
		{"days", "2026-11-20T14:00:00Z", "2026-11-20T22:00:00Z"},  // a gap is a change
		{"days", "2026-11-20T22:30:00Z", "2026-11-21T03:00:00Z"},
		{"feed", "2026-11-20T22:30:00Z", ""}, // nothing is known of it
	} {
		from, err := schemas.ParseTime(c.from)
		if err != nil {
			t.Fatal(err)
		}
		got := set.Rotas[c.rota].Change(from, from.Add(28*schemas.Day), nil)
		if text := got.String(); got != 0 && text != strings.Replace(c.want, "Z", ".000Z", 1) || got == 0 && c.want != "" {
			t.Errorf("%s from %s: %s, want %s", c.rota, c.from, text, c.want)
		}
	}
	from, _ := schemas.ParseTime("2026-10-19T07:00:30Z")
	if got := set.Rotas["turns"].Change(from, from.Add(schemas.Day), nil); got != 0 {
		t.Errorf("a change within a day: %s", got)
	}
}
