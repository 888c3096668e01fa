package ingest

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// A few bytes of a repeating rule can ask for thousands of years of dates. What
// is refused before the search is checked by its reason, so that the test does
// not depend on the machine; the time limit is only there for what else may
// turn up.
func TestHostileRulesEndSoon(t *testing.T) {
	const never, taken = "there is no such day", ""
	for rule, want := range map[string]string{
		"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30":                                never,
		"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;UNTIL=99991231T000000Z":         never,
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30":                               never,
		"FREQ=MONTHLY;BYDAY=+5MO;BYMONTH=2;BYMONTHDAY=1":                    never,
		"FREQ=DAILY;BYSETPOS=366;BYHOUR=1;BYMINUTE=1":                       never,
		"FREQ=WEEKLY;BYMONTH=13":                                            "RRULE",
		"FREQ=DAILY;COUNT=2147483647":                                       taken,
		"FREQ=DAILY;INTERVAL=0":                                             taken,
		"FREQ=DAILY;INTERVAL=-1":                                            "RRULE",
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29":                               taken,
		"FREQ=SECONDLY":                                                     "more often than daily",
		"FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30":                             "more often than daily",
		"FREQ=HOURLY":                                                       "more often than daily",
		"FREQ=YEARLY;BYHOUR=" + strings.Repeat("1,2,3,4,5,6,", 20) + "0":    "BYHOUR",
		"FREQ=YEARLY;BYYEARDAY=" + strings.Repeat("1,", 5000) + "2":         "at most 512 are taken",
		"FREQ=DAILY;BYDAY=" + strings.Repeat("MO,", 20000) + "TU;BYMONTH=2": "at most 512 are taken",
	} {
		for start, far := range map[string]bool{"20261122T100000Z": false, "20070101T000000Z": false, "00010101T000000Z": true, "99990101T000000Z": true} {
			text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:" + start +
				"\r\nDURATION:PT1H\r\nRRULE:" + rule + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
			begin := time.Now()
			_, err := newTranslator().Recognise("", nil, []byte(text), receivedAt)
			if took := time.Since(begin); took > patience {
				t.Errorf("%.60s from %s took %s", rule, start, took)
			}
			switch {
			case far && err == nil:
				t.Errorf("%.60s from %s was taken", rule, start)
			case !far && want == taken && err != nil, !far && want != taken && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%.60s from %s: got %v, want %q", rule, start, err, want)
			}
		}
	}
}

func TestRepeatingEventsAreLimited(t *testing.T) {
	event := "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261122T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=YEARLY;COUNT=1\r\nEND:VEVENT\r\n"
	for n, taken := range map[int]bool{maxRepeating: true, maxRepeating + 1: false} {
		text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + strings.Repeat(event, n) + "END:VCALENDAR\r\n"
		got, err := newTranslator().Recognise("", nil, []byte(text), receivedAt)
		if taken && (err != nil || len(got) != 2*n) || !taken && !errors.Is(err, ErrLimit) {
			t.Errorf("%d repeating events: %d signals, %v", n, len(got), err)
		}
	}
}

// Events that move the rest of a series cost as much as those with a rule: there may
// be as many, and the series is written out once for all of them.
func TestMovedSeriesAreLimited(t *testing.T) {
	series := "BEGIN:VEVENT\r\nUID:1\r\nDTSTART:20070101T100000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=DAILY\r\nEXDATE:20070102T100000Z" +
		strings.Repeat(",20070102T100000Z", 30_000) + "\r\nEND:VEVENT\r\n"
	moved := func(n int) string {
		var text strings.Builder
		for i := range n { // beyond what is written out
			day := time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i).Format(dayLayout)
			text.WriteString("BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;RANGE=THISANDFUTURE:" + day + "T100000Z\r\nDTSTART:" + day + "T110000Z\r\nDURATION:PT1H\r\nEND:VEVENT\r\n")
		}
		return text.String()
	}
	for n, taken := range map[int]bool{maxRepeating - 1: true, maxRepeating: false} {
		text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + series + moved(n) + "END:VCALENDAR\r\n"
		begin := time.Now()
		got, err := newTranslator().Recognise("", nil, []byte(text), receivedAt)
		if taken && (err != nil || len(got) < n) || !taken && !errors.Is(err, ErrLimit) {
			t.Errorf("%d events that move a series: %d signals, %v", n, len(got), err)
		}
		if took := time.Since(begin); took > patience { // written out for each, it takes longer
			t.Errorf("%d events that move a series took %s", n, took)
		}
	}
}
