package state

import (
	"fmt"
	"testing"

	"pinkstar/schemas"
)

// A service is expected to be changed again as often as it was, or, where nothing is
// known of it, as the others of its scope are.
func TestHowOftenServicesAreChangedIsLearnt(t *testing.T) {
	t.Parallel()
	const services, usually = 20, schemas.Day
	var r Routine
	at := schemas.Time(1_700_000_000_000)
	r.Known(at)
	if got := r.Every("any", services, usually, at); got != usually {
		t.Errorf("before anything is known a change comes every %d ms, want as assumed, %d", got, usually)
	}
	for hour := range 14 * 24 { // busy: every two hours; the others every two days
		at = at.Add(schemas.Hour)
		if hour%2 == 0 {
			r.Happened([]string{"busy"}, at)
		}
		if hour%48 == 0 {
			r.Happened([]string{"calm", "other"}, at)
		}
	}
	within := func(service string, low, high int64) {
		if got := r.Every(service, services, usually, at); got < low || got > high {
			t.Errorf("a change of %s every %.1f h, want %d to %d", service, float64(got)/float64(schemas.Hour), low/schemas.Hour, high/schemas.Hour)
		}
	}
	within("busy", 90*schemas.Minute, 3*schemas.Hour)
	within("calm", schemas.Day, 4*schemas.Day)
	within("never", 4*schemas.Day, 20*schemas.Day)
}

// However many services there are, memory is bounded, and what has faded makes room.
func TestRoutineIsBounded(t *testing.T) {
	t.Parallel()
	var r Routine
	at := schemas.Time(1_700_000_000_000)
	for i := range 3 * tallyCap {
		r.Happened([]string{fmt.Sprint("s", i)}, at)
	}
	if len(r.on.rates) != tallyCap {
		t.Errorf("%d services are counted, want %d", len(r.on.rates), tallyCap)
	}
	at = at.Add(60 * schemas.Day)
	r.Happened([]string{"new"}, at)
	if len(r.on.rates) != 1 || r.on.level("new", at, routineHalfLife) == 0 {
		t.Errorf("%d services are counted after two quiet months", len(r.on.rates))
	}
}
