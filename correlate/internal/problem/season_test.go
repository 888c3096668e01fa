package problem

import (
	"testing"
	"time"

	"pinkstar/schemas"
)

// A job at a fixed local hour is on a schedule, also across a change of the
// clocks; one that moves by an hour at another time, or at random, is not.
func TestSchedulesByLocalClocks(t *testing.T) {
	series := func(zone string, from string, days, n int) []schemas.Time {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		at, err := time.ParseInLocation("2006-01-02 15:04", from, loc)
		if err != nil {
			t.Fatal(err)
		}
		var out []schemas.Time
		for i := range n {
			out = append(out, schemas.TimeOf(at.AddDate(0, 0, i*days)))
		}
		return out
	}
	moved := series("UTC", "2026-06-01 03:30", 1, 20)
	for i := 10; i < 20; i++ {
		moved[i] = moved[i].Add(schemas.Hour)
	}
	random := []schemas.Time{}
	for i, m := range []int64{0, 400, 90, 1200, 777, 310, 1010, 650} {
		random = append(random, schemas.Time(1_792_000_000_000+int64(i)*2*schemas.Day+m*schemas.Minute))
	}
	for name, c := range map[string]struct {
		starts []schemas.Time
		want   bool
	}{
		"nightly in Zurich, autumn": {series("Europe/Zurich", "2026-10-14 03:30", 1, 20), true},
		"nightly in Zurich, spring": {series("Europe/Zurich", "2026-03-20 04:30", 1, 20), true},
		"weekly in New York":        {series("America/New_York", "2026-10-11 22:00", 7, 6), true},
		"weekly in Sydney":          {series("Australia/Sydney", "2026-09-20 06:00", 7, 5), true},
		"an hour later in June":     {moved, false},
		"at random across a change": {random, false},
	} {
		if got := seasonal(c.starts, 15*schemas.Minute, 800) != ""; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
