package state

import (
	"fmt"
	"testing"

	"pinkstar/schemas"
)

func TestUsualTellsARateAndForgetsIt(t *testing.T) {
	var u Usual
	web, db := EntityKey{EntityService, "web"}, EntityKey{EntityService, "db"}
	now := schemas.Time(1_795_000_000_000)
	for range 200 { // every ten minutes, for more than a day
		now = now.Add(10 * schemas.Minute)
		u.Reached(web, now)
	}
	if n := Expected(u.Level(web, false, now), 20*schemas.Minute); n < 1900 || n > 2850 {
		t.Errorf("%d thousandths in twenty minutes at one every ten, want 2000 to 2800", n)
	}
	if with, without := u.Level(web, false, now), u.Level(web, true, now); without >= with {
		t.Errorf("%d with its own, %d without", with, without)
	}
	if n := Expected(u.Level(db, false, now), schemas.Day); n != 0 {
		t.Errorf("%d for what never was ill", n)
	}
	if n := Expected(u.Level(web, false, now.Add(2*schemas.Day)), 20*schemas.Minute); n != 0 {
		t.Errorf("%d after two quiet days", n)
	}
}

func TestUsualIsBounded(t *testing.T) {
	var u Usual
	now := schemas.Time(1_795_000_000_000)
	for i := range 3 * tallyCap {
		u.Reached(EntityKey{EntityService, fmt.Sprint(i)}, now)
	}
	if len(u.counts.rates) != tallyCap {
		t.Fatalf("%d are counted, the cap is %d", len(u.counts.rates), tallyCap)
	}
	later := now.Add(2 * schemas.Day) // what is faint gives way
	u.Reached(EntityKey{EntityService, "new"}, later)
	if len(u.counts.rates) != 1 {
		t.Errorf("%d are counted after two days, want the new one", len(u.counts.rates))
	}
}
