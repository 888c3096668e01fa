package demo

import (
	"testing"
	"time"
)

func TestClockStandsRunsAndMeetsTheWall(t *testing.T) {
	wall := storyTime
	past := wall.Add(-time.Hour)
	c := NewClock(past, func() time.Time { return wall })
	wall = wall.Add(10 * time.Second)
	if got := c.Now(); !got.Equal(past) {
		t.Fatalf("a standing clock shows %s", got)
	}
	if _, ok := c.Until(past.Add(time.Second)); ok {
		t.Error("a standing clock says it will get there")
	}
	c.RunTo(past.Add(710*time.Second), 100)
	wall = wall.Add(6 * time.Second)
	if got, want := c.Now(), past.Add(600*time.Second); !got.Equal(want) {
		t.Errorf("after 6 s at 100: %s, want %s", got, want)
	}
	if d, ok := c.Until(past.Add(700 * time.Second)); !ok || d != time.Second+time.Millisecond {
		t.Errorf("until: %s %v", d, ok)
	}
	if _, ok := c.Until(past.Add(711 * time.Second)); ok {
		t.Error("a clock that is to stop before says it will get there")
	}
	wall = wall.Add(2 * time.Second)
	if got, want := c.Now(), past.Add(710*time.Second); !got.Equal(want) {
		t.Errorf("it shows %s, and was to wait at %s", got, want)
	}
	c.Set(past) // back is not possible
	if got := c.Now(); got.Before(past.Add(710 * time.Second)) {
		t.Errorf("the clock went back to %s", got)
	}
	c.RunTo(wall.Add(24*time.Hour), 100)
	wall = wall.Add(time.Hour)
	if got := c.Now(); !got.Equal(wall) {
		t.Errorf("the clock shows %s, past the machine's %s", got, wall)
	}
	c.Catchup()
	wall = wall.Add(time.Minute)
	if got := c.Now(); !got.Equal(wall) {
		t.Errorf("after catching up: %s, want %s", got, wall)
	}
}
