package ingest

import (
	"strings"
	"testing"
	"time"
)

// A few bytes of a repeating rule can ask for millions of years of dates.
func TestHostileRulesEndSoon(t *testing.T) {
	for _, rule := range []string{
		"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;UNTIL=99991231T000000Z",
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=MONTHLY;BYDAY=+5MO;BYMONTH=2;BYMONTHDAY=1", "FREQ=WEEKLY;BYMONTH=13",
		"FREQ=YEARLY;BYWEEKNO=53;BYYEARDAY=1;BYDAY=2FR", "FREQ=DAILY;COUNT=2147483647", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=-1",
		"FREQ=DAILY;INTERVAL=2147483647", "FREQ=DAILY;BYSETPOS=366;BYHOUR=1;BYMINUTE=1", "FREQ=SECONDLY", "FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=HOURLY", "FREQ=YEARLY;BYHOUR=" + strings.Repeat("1,2,3,4,5,6,7,8,9,", 50) + "0", "FREQ=YEARLY;BYYEARDAY=" + strings.Repeat("1,", 5000) + "2",
		"FREQ=DAILY;BYDAY=" + strings.Repeat("MO,", 20000) + "TU;BYMONTH=2;BYMONTHDAY=30",
	} {
		for _, start := range []string{"20261122T100000Z", "20070101T000000Z", "00010101T000000Z", "99990101T000000Z"} {
			text := "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:" + start +
				"\r\nDURATION:PT1H\r\nRRULE:" + rule + "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
			begin := time.Now()
			got, err := newTranslator().Recognise("", nil, []byte(text), receivedAt)
			if took := time.Since(begin); took > 500*time.Millisecond {
				t.Errorf("%.60s from %s took %s (%d windows, %v)", rule, start, took, len(got), err)
			}
		}
	}
}
