package app

import (
	"testing"
	"time"
)

func TestSteadyClock(t *testing.T) {
	const year = 365 * 24 * time.Hour
	start := time.Date(2026, 11, 27, 3, 0, 0, 0, time.UTC)
	var up, wrong time.Duration
	told := map[bool]int{}
	c := &steadyClock{
		wall:   func() time.Time { return start.Add(up + wrong) },
		uptime: func() time.Duration { return up + 1 },
		jumped: func(_ time.Duration, followed bool) { told[followed]++ },
	}
	check := func(what string, want time.Time) {
		t.Helper()
		if got := c.Now(); got.Sub(want).Abs() > time.Millisecond {
			t.Errorf("%s: %s, want %s", what, got.UTC(), want)
		}
	}
	run := func(d time.Duration) { // somebody asks every second
		for range d / time.Second {
			up += time.Second
			c.Now()
		}
	}
	check("at first", start)
	run(time.Hour)
	wrong = year
	run(4 * time.Second)
	check("a year ahead for four seconds", start.Add(up))
	wrong = 0
	run(time.Hour)
	check("and right again", start.Add(up))
	wrong = 20 * time.Second
	check("a small step", start.Add(up+wrong))
	wrong = 8 * time.Hour // a suspended machine
	run(30 * time.Second)
	check("a jump that has not lasted", start.Add(up+20*time.Second))
	run(time.Minute)
	check("a jump that lasts", start.Add(up+wrong))
	wrong = -time.Hour
	run(2 * time.Minute)
	check("back", start.Add(up+wrong))
	if told[false] != 3 || told[true] != 2 {
		t.Errorf("told of %v jumps; want 3 not followed at first, 2 followed", told)
	}
}
