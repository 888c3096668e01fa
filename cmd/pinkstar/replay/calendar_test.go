package replay

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// appointment is an event of a calendar that people keep changing, in UTC.
type appointment struct {
	service  string
	first    time.Time
	length   time.Duration
	daily    bool
	until    time.Time
	except   map[string]bool // days
	off      bool
	removed  bool
	sequence int
}

func (a *appointment) covers(at time.Time) bool {
	if a.off || a.removed || at.Before(a.first) {
		return false
	}
	if !a.daily {
		return at.Before(a.first.Add(a.length))
	}
	start := time.Date(at.Year(), at.Month(), at.Day(), a.first.Hour(), a.first.Minute(), 0, 0, time.UTC)
	if start.After(at) || a.except[start.Format(time.DateOnly)] || !a.until.IsZero() && start.After(a.until) {
		return false
	}
	return at.Before(start.Add(a.length))
}

const stamp = "20060102T150405Z"

func (a *appointment) text(uid int) string {
	if a.removed {
		return ""
	}
	b := fmt.Sprintf("BEGIN:VEVENT\r\nUID:u%d\r\nSUMMARY:Work\r\nX-PINKSTAR-SERVICES:%s\r\nX-PINKSTAR-SUPPRESS:TRUE\r\nDTSTART:%s\r\nDTEND:%s\r\n",
		uid, a.service, a.first.Format(stamp), a.first.Add(a.length).Format(stamp))
	if a.daily {
		b += "RRULE:FREQ=DAILY"
		if !a.until.IsZero() {
			b += ";UNTIL=" + a.until.Format(stamp)
		}
		b += "\r\n"
		for day := range a.except {
			b += "EXDATE:" + strings.ReplaceAll(day, "-", "") + a.first.Format("T150405Z") + "\r\n"
		}
	}
	if a.off {
		b += "STATUS:CANCELLED\r\n"
	}
	if a.sequence > 0 {
		b += fmt.Sprintf("SEQUENCE:%d\r\n", a.sequence)
	}
	return b + "END:VEVENT\r\n"
}

// change does something to a that people do.
func (a *appointment) change(rnd *rand.Rand, today time.Time) {
	at := func() time.Time {
		return time.Date(today.Year(), today.Month(), today.Day(), 8+rnd.IntN(10), 0, 0, 0, time.UTC)
	}
	switch rnd.IntN(10) {
	case 0:
		moved := at()
		a.first = time.Date(a.first.Year(), a.first.Month(), a.first.Day(), moved.Hour(), 0, 0, 0, time.UTC)
		a.until = time.Time{}
	case 1:
		a.length = time.Duration(1+rnd.IntN(4)) * time.Hour
	case 2:
		a.except[today.AddDate(0, 0, rnd.IntN(4)).Format(time.DateOnly)] = true
	case 3:
		a.except = map[string]bool{}
	case 4:
		a.until = at().AddDate(0, 0, rnd.IntN(4)-1)
	case 5:
		a.off = !a.off
	case 6:
		a.removed = !a.removed
	case 7:
		a.service = fmt.Sprint("s", rnd.IntN(4))
	case 9:
		a.daily = !a.daily
		a.first, a.until, a.except = at(), time.Time{}, map[string]bool{}
	case 8:
		a.first, a.until, a.except = at().AddDate(0, 0, rnd.IntN(3)), time.Time{}, map[string]bool{}
	}
	if rnd.IntN(2) == 0 { // half the makers leave it at 0
		a.sequence++
	}
}

// Nothing is suppressed that the newest text of a calendar does not name at that
// time, and nothing that it names is not, however it was changed.
func TestTheNewestCalendarCounts(t *testing.T) {
	t.Run("published", func(t *testing.T) { newestCounts(t, "METHOD:PUBLISH\r\nX-WR-CALNAME:Work\r\n") })
	t.Run("events alone", func(t *testing.T) { newestCounts(t, "") }) // what vanishes says nothing here
}

func newestCounts(t *testing.T, head string) {
	o := options(t, nil, "decision")
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		var all []*appointment
		day := time.Date(2026, 11, 2, 6, 0, 0, 0, time.UTC)
		for i := range 4 {
			a := &appointment{service: fmt.Sprint("s", i), daily: i > 0, length: 2 * time.Hour, except: map[string]bool{}}
			a.first = day.Add(time.Duration(4+i) * time.Hour)
			all = append(all, a)
		}
		var in []string
		want := map[int]string{} // by line
		say := func(source string, at time.Time, payload any) {
			b, err := json.Marshal(map[string]any{"source": source, "received_at": at, "payload": payload})
			if err != nil {
				t.Fatal(err)
			}
			in = append(in, string(b))
		}
		probes := 0
		for range 8 {
			text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + head
			for i, a := range all {
				text += a.text(i)
			}
			say("ics", day, text+"END:VCALENDAR\r\n")
			for at := day.Add(time.Hour); at.Before(day.Add(18 * time.Hour)); at = at.Add(time.Duration(20+rnd.IntN(120)) * time.Minute) {
				service := fmt.Sprint("s", rnd.IntN(4))
				probes++
				signal := map[string]any{"name": fmt.Sprint("Probe", probes), "source": "probe", "service": service, "starts_at": at, "status": "firing"}
				say("signals", at, signal)
				want[len(in)] = "placed"
				for _, a := range all {
					if a.service == service && a.covers(at) {
						want[len(in)] = "suppressed"
					}
				}
				say("signals", at.Add(10*time.Second), map[string]any{"name": fmt.Sprint("Probe", probes), "source": "probe", "service": service,
					"starts_at": at, "ends_at": at.Add(3 * time.Minute), "status": "resolved"})
			}
			day = day.AddDate(0, 0, 1)
			for range 1 + rnd.IntN(3) {
				a := all[rnd.IntN(len(all))]
				a.change(rnd, day)
				a.removed = a.removed && head != ""
			}
		}
		lines, _ := play(t, strings.Join(in, "\n"), o)
		checked := 0
		for _, l := range lines {
			if w := want[l.Line]; w != "" && l.Type == "decision" {
				if checked++; l.Decision != w {
					t.Fatalf("seed %d line %d: %s, want %s (%s)\n%s", seed, l.Line, l.Decision, w, l.Reason, in[l.Line-1])
				}
			}
		}
		if checked != len(want) || checked == 0 {
			t.Fatalf("seed %d: %d of %d decisions", seed, checked, len(want))
		}
	}
}

// A silence sees an alert as its sender sent it: nothing derived, nothing filled in.
func TestASilenceSeesLabelsAsSent(t *testing.T) {
	silence := func(matcher string) string {
		return `{"source":"silences","received_at":"2026-11-22T10:00:01Z","payload":{"id":"s","status":{"state":"active"},"updatedAt":"2026-11-22T10:00:00Z",` +
			`"startsAt":"2026-11-22T10:00:00Z","endsAt":"2026-11-22T12:00:00Z","matchers":[` + matcher + `]}}`
	}
	const fires = `{"source":"alertmanager","received_at":"2026-11-22T10:30:00Z","payload":{"version":"4","receiver":"x","alerts":[{"status":"firing",` +
		`"labels":{"alertname":"X","node":"n1","severity":"page"},"startsAt":"2026-11-22T10:30:00Z"}]}}`
	for matcher, want := range map[string]string{
		`{"name":"node","value":"n1"}`: "suppressed", `{"name":"host","value":"n1"}`: "placed", `{"name":"severity","value":"page"}`: "suppressed",
		`{"name":"severity","value":"critical"}`:                                       "placed",
		`{"name":"alertname","value":"X"},{"name":"environment","value":""}`:           "suppressed",
		`{"name":"alertname","value":"X"},{"name":"environment","value":"production"}`: "placed",
	} {
		lines, _ := play(t, silence(matcher)+"\n"+fires, options(t, nil, "decision"))
		if l := lines[len(lines)-1]; l.Decision != want {
			t.Errorf("%s: %s, want %s (%s)", matcher, l.Decision, want, l.Reason)
		}
	}
}
