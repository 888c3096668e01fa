package ingest

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	ical "github.com/emersion/go-ical"
	wtz "github.com/yaegashi/wtz.go"
)

// zone1601 is a VTIMEZONE as Outlook writes them.
func zone1601(id, standard, daylight, toStandard, toDaylight string) string {
	part := func(name, from, to, hour, rule string) string {
		return "BEGIN:" + name + "\r\nDTSTART:16010101T" + hour + "\r\nTZOFFSETFROM:" + from + "\r\nTZOFFSETTO:" + to + "\r\nRRULE:FREQ=YEARLY;" + rule + "\r\nEND:" + name + "\r\n"
	}
	return "BEGIN:VTIMEZONE\r\nTZID:" + id + "\r\n" + part("STANDARD", daylight, standard, toStandard[:6], toStandard[7:]) +
		part("DAYLIGHT", standard, daylight, toDaylight[:6], toDaylight[7:]) + "END:VTIMEZONE\r\n"
}

func calendarZones(t *testing.T, text string) *zones {
	t.Helper()
	cal, err := ical.NewDecoder(strings.NewReader("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n" + text + "END:VCALENDAR\r\n")).Decode()
	if err != nil {
		t.Fatal(err)
	}
	z, err := zonesOf(cal)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// A zone that a calendar defines gives what IANA's of the same rules gives.
func TestDefinedZonesAreWhatTheirRulesSay(t *testing.T) {
	rnd := rand.New(rand.NewPCG(5, 6))
	for name, c := range map[string]struct {
		text string
		from int // the rules' first year
	}{
		"Europe/Zurich":    {zone1601("Own", "+0100", "+0200", "030000 INTERVAL=1;BYDAY=-1SU;BYMONTH=10", "020000 INTERVAL=1;BYDAY=-1SU;BYMONTH=3"), 1997},
		"America/New_York": {zone1601("Own", "-0500", "-0400", "020000 BYDAY=1SU;BYMONTH=11", "020000 BYDAY=2SU;BYMONTH=3"), 2008},
		"Australia/Sydney": {zone1601("Own", "+1000", "+1100", "030000 BYDAY=1SU;BYMONTH=4", "020000 BYDAY=1SU;BYMONTH=10"), 2009},
		"Asia/Kolkata": {"BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0530\r\nTZOFFSETTO:+0530\r\n" +
			"END:STANDARD\r\nEND:VTIMEZONE\r\n", 1971},
		// One rule ends and another begins, and a date of its own: as Google writes New York.
		"America/Los_Angeles": {"BEGIN:VTIMEZONE\r\nTZID:Own\r\n" +
			"BEGIN:DAYLIGHT\r\nDTSTART:19870405T020000\r\nTZOFFSETFROM:-0800\r\nTZOFFSETTO:-0700\r\nRRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20060402T100000Z\r\nEND:DAYLIGHT\r\n" +
			"BEGIN:STANDARD\r\nDTSTART:19871025T020000\r\nTZOFFSETFROM:-0700\r\nTZOFFSETTO:-0800\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20051030T090000Z\r\nEND:STANDARD\r\n" +
			"BEGIN:STANDARD\r\nDTSTART:20061029T020000\r\nTZOFFSETFROM:-0700\r\nTZOFFSETTO:-0800\r\nRDATE:20061029T020000\r\nEND:STANDARD\r\n" +
			"BEGIN:DAYLIGHT\r\nDTSTART:20070311T020000\r\nTZOFFSETFROM:-0800\r\nTZOFFSETTO:-0700\r\nRRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\r\nEND:DAYLIGHT\r\n" +
			"BEGIN:STANDARD\r\nDTSTART:20071104T020000\r\nTZOFFSETFROM:-0700\r\nTZOFFSETTO:-0800\r\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n", 1988},
	} {
		got, err := calendarZones(t, c.text).location("Own")
		if err != nil {
			t.Fatal(name, err)
		}
		want, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		first := time.Date(c.from, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
		for range 20000 {
			at := time.Unix(first+rnd.Int64N(time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC).Unix()-first), 0)
			if a, b := at.In(got).Format(time.DateTime), at.In(want).Format(time.DateTime); a != b {
				t.Fatalf("%s at %s: %s, want %s", name, at.UTC(), a, b)
			}
		}
	}
}

func TestZonesAreKnownByTheirNames(t *testing.T) {
	z := calendarZones(t, zone1601("Customized Time Zone", "+0100", "+0200", "030000 BYDAY=-1SU;BYMONTH=10", "020000 BYDAY=-1SU;BYMONTH=3"))
	winter := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	for id, want := range map[string]string{
		"Europe/Zurich": "13:00", `"Europe/Zurich"`: "13:00", "/Europe/Zurich": "13:00", "/mozilla.org/20070129_1/Europe/Zurich": "13:00",
		"/freeassociation.sourceforge.net/Tzfile/America/Argentina/Buenos_Aires": "09:00", "tzone://Microsoft/Utc": "12:00", "UTC": "12:00", "GMT": "12:00",
		"W. Europe Standard Time": "13:00", "Romance Standard Time": "13:00", "Eastern Standard Time": "07:00", "GMT Standard Time": "12:00",
		"India Standard Time": "17:30", "Yukon Standard Time": "05:00", "Central Asia Standard Time": "18:00", "Customized Time Zone": "13:00",
		"europe/zurich": "13:00", "AMERICA/NEW_YORK": "07:00", "w. europe standard time": "13:00",
		"GMT+0200": "14:00", "UTC-05:30": "06:30", "(UTC+01:00)": "13:00",
	} {
		loc, err := z.location(id)
		if err != nil {
			t.Errorf("%s: %v", id, err)
		} else if got := winter.In(loc).Format("15:04"); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
	for _, id := range []string{"Mars/Olympus", "Local", "", "tzone://Microsoft/Custom", "(UTC+01:00) Amsterdam, Berlin", "UTC+99", "Standard Time"} {
		if loc, err := z.location(id); err == nil {
			t.Errorf("%q was taken for %s", id, loc)
		}
	}
	for windows, name := range wtz.WindowsToUnixMap {
		if loc, err := z.location(windows); err != nil || newerZones[windows] == "" && name != "Etc/GMT" && loc.String() != name {
			t.Errorf("%s: %v, %v", windows, loc, err)
		}
	}
}

func event(lines ...string) string {
	return "BEGIN:VEVENT\r\nUID:u\r\nSUMMARY:Patching\r\nX-PINKSTAR-SUPPRESS:TRUE\r\n" + strings.Join(lines, "\r\n") + "\r\nEND:VEVENT\r\n"
}

func TestAZoneIsNeverTakenForUTCInSilence(t *testing.T) {
	for text, want := range map[string]string{
		event("DTSTART;TZID=W. Europe Standard Time:20261122T220000", "DURATION:PT1H"):                        "21:00 ",
		"X-WR-TIMEZONE:Europe/Zurich\r\n" + event("DTSTART:20261122T220000", "DURATION:PT1H"):                 "21:00 ",
		"X-WR-TIMEZONE:Europe/Zurich\r\n" + event("DTSTART:20261122T220000Z", "DURATION:PT1H"):                "22:00 ",
		"X-WR-TIMEZONE:Europe/Zurich\r\n" + event("DTSTART;VALUE=DATE:20261122", "DTEND;VALUE=DATE:20261123"): "23:00 ",
		event("DTSTART:20261122T220000", "DURATION:PT1H"):                                                     "22:00 zone_missing",
		event("DTSTART;TZID=tzone://Microsoft/Utc:20261122T220000", "DURATION:PT1H"):                          "22:00 ",
		zone1601(`(UTC+01:00) Berlin, Rome`, "+0100", "+0200", "030000 BYDAY=-1SU;BYMONTH=10", "020000 BYDAY=-1SU;BYMONTH=3") +
			event("DTSTART;TZID=(UTC+01:00) Berlin, Rome:20261122T220000", "DURATION:PT1H"): "21:00 ",
		event("DTSTART;VALUE=DATE:20261122"):                        "00:00 zone_missing",
		event("DTSTART:20261122T220000Z", "DTEND:20261122T230000Z"): "22:00 ",
		"BEGIN:VTIMEZONE\r\nTZID:Old\r\nX-LIC-LOCATION:Europe/Zurich\r\nEND:VTIMEZONE\r\n" + event("DTSTART;TZID=Old:20261122T220000", "DURATION:PT1H"): "21:00 ",
		event("DTSTART;TZID=Mars/Olympus:20261122T220000", "DURATION:PT1H"):                                                                             "refused",
		event("DTSTART:20261122T220000Z", "DTEND;TZID=Mars/Olympus:20261122T230000"):                                                                    "refused",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "RRULE:FREQ=DAILY", "EXDATE;TZID=Mars/Olympus:20261123T220000"):                              "refused",
		"X-WR-TIMEZONE:Mars/Olympus\r\n" + event("DTSTART:20261122T220000Z", "DTEND:20261122T230000Z"):                                                  "refused",
		"BEGIN:VTIMEZONE\r\nTZID:Bad\r\nEND:VTIMEZONE\r\n" + event("DTSTART;TZID=Bad:20261122T220000", "DURATION:PT1H"):                                 "refused",
		zone1601("Odd", "+1", "+0200", "030000 BYMONTH=3", "020000 BYMONTH=4") + event("DTSTART;TZID=Odd:20261122T220000", "DURATION:PT1H"):             "refused",
	} {
		got, err := newTranslator().Recognise("", nil, []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"+text+"END:VCALENDAR\r\n"), receivedAt)
		said := "refused"
		if err == nil && len(got) == 1 {
			said = got[0].StartsAt.Std().Format("15:04") + " " + strings.Join(got[0].Flags, " ")
		}
		if said != want {
			t.Errorf("%s\n%s, want %s (%v)", text, said, want, err)
		}
	}
}

func TestDatesThatAreOffSaySo(t *testing.T) {
	const weekly = "DTSTART:20261122T220000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=3"
	for text, want := range map[string]string{
		event(weekly):                               "planned planned planned",
		event(weekly, "EXDATE:20261129T220000Z"):    "planned cancelled planned",
		event(weekly, "STATUS:CANCELLED"):           "cancelled cancelled cancelled",
		"METHOD:CANCEL\r\n" + event(weekly):         "cancelled cancelled cancelled",
		"METHOD:PUBLISH\r\n" + event(weekly):        "planned planned planned",
		event(weekly, "EXDATE;VALUE=DATE:20261129"): "planned cancelled cancelled planned",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "RRULE:FREQ=WEEKLY;UNTIL=20261129"):                                          "planned planned",
		"METHOD:CANCEL\r\n" + event("DTSTAMP:20261101T000000Z"):                                                                         "cancelled",
		event("STATUS:CANCELLED", "DTSTART:20261122T220000Z"):                                                                           "cancelled",
		event("STATUS:CANCELLED", "RECURRENCE-ID:20261122T220000Z"):                                                                     "cancelled",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "SUMMARY:[Canceled] Patching"):                                               "cancelled",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "SUMMARY:Canceled event: Patching"):                                          "cancelled",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "SUMMARY:Annulé : Patching"):                                                 "cancelled",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "SUMMARY:Clean up [canceled] jobs"):                                          "planned",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "SUMMARY:Canceled: Patching", "STATUS:CONFIRMED"):                            "cancelled",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "SUMMARY:Abgesagt: Patching"):                                                "cancelled",
		event("DTSTART:20261122T220000Z", "DURATION:PT1H", "SUMMARY:Cancelled jobs are cleaned up"):                                     "planned",
		event(weekly, "EXDATE:20261129T220000Z") + event("DTSTART:20261130T220000Z", "DURATION:PT1H", "RECURRENCE-ID:20261129T220000Z"): "planned planned planned",
	} {
		text = strings.Replace(text, "SUMMARY:Patching\r\n", "", strings.Count(text, "SUMMARY:")-1)
		got, err := newTranslator().Recognise("", nil, []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n"+text+"END:VCALENDAR\r\n"), receivedAt)
		var said []string
		for _, s := range got {
			if s.Change.Type != typeSet {
				said = append(said, string(s.Status))
			}
		}
		if strings.Join(said, " ") != want || err != nil {
			t.Errorf("%s\n%v, want %s (%v)", text, said, want, err)
		}
	}
}
