package problem

import (
	"testing"
	"time"

	"pinkstar/schemas"
)

// A job at a fixed local hour is on a schedule, also across a change of the
// clocks; what comes at random is not.
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
		"moved by an hour in June":  {moved, true}, // a job still: it had two times, each for ten days
		"at random across a change": {random, false},
	} {
		if got := scheduleOf(c.starts, 15*schemas.Minute, 800).sure; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Jobs of every period are known though runs are missed, late or doubled; starts
// at random hours are not taken for one, however many there are.
func TestSchedulesOfEveryPeriod(t *testing.T) {
	const begin = schemas.Time(1_792_000_000_000)
	jitter := []int64{0, 3, -2, 4, 1, -3, 2, 0, -1, 3, -4, 1}
	jobs := map[string][]int64{ // hours of the runs within their turn, which is the first
		"hourly": {1, 0}, "every eight hours": {8, 0}, "every twelve hours": {12, 0}, "daily": {24, 3}, "weekly": {168, 30},
		"twice a day": {24, 2, 17}, "three times a day": {24, 1, 9, 14},
	}
	for name, job := range jobs {
		var starts []schemas.Time
		for turn, n := int64(0), 0; n < 16; turn++ {
			for i, hour := range job[1:] {
				if (turn+int64(i))%7 == 3 {
					continue // nothing was heard of it
				}
				at := begin.Add((turn*job[0]+hour)*schemas.Hour + jitter[n%len(jitter)]*schemas.Minute)
				starts = append(starts, at)
				if n++; job[0] >= 24 && n%9 == 4 {
					starts = append(starts, at.Add(40*schemas.Minute)) // and again, by hand
				}
			}
		}
		if got := scheduleOf(starts, 15*schemas.Minute, 800); !got.sure {
			t.Errorf("%s: %+v", name, got)
		}
	}
	state, sure := uint64(7), 0
	for range 200 {
		var starts []schemas.Time
		at := begin
		for range 9 {
			state = state*6364136223846793005 + 1442695040888963407
			at = at.Add(schemas.Hour + int64(state>>33)%(9*schemas.Day))
			starts = append(starts, at)
		}
		if scheduleOf(starts, 15*schemas.Minute, 800).sure {
			sure++
		}
	}
	if sure > 6 {
		t.Errorf("%d of 200 series at random are taken for schedules", sure)
	}
}
