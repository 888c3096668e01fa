package state

import (
	"testing"

	"pinkstar/schemas"
)

func TestTimeoutsAreSeenByTheirOneSpan(t *testing.T) {
	const five, least = 5 * schemas.Minute, 16
	after := func(spans ...int64) (x Timeout) {
		for i := range 200 {
			x.Ended(spans[i%len(spans)])
		}
		return x
	}
	for name, c := range map[string]struct {
		x    Timeout
		want bool
	}{
		"all the same":                  {after(five), true},
		"rounded":                       {after(five, five+900, five-900), true},
		"one of twenty is another":      {after(append(repeated(five, 19), schemas.Minute)...), true},
		"one of five is another":        {after(five, five, five, five, schemas.Minute), false},
		"measured, by whole minutes":    {after(schemas.Minute, 2*schemas.Minute, schemas.Minute, 3*schemas.Minute), false},
		"measured":                      {after(71*schemas.Second, 3*schemas.Minute, 14*schemas.Minute, 40*schemas.Second, 20*schemas.Minute), false},
		"nothing recovered yet":         {Timeout{}, false},
		"too few, though all the same":  {Timeout{Span: five, Same: least - 1}, false},
		"what comes at once says a lot": {after(0), true},
	} {
		if got := c.x.Seen(least); got != c.want {
			t.Errorf("%s: seen %t: %+v", name, got, c.x)
		}
	}
}

func repeated(x int64, n int) (out []int64) {
	for range n {
		out = append(out, x)
	}
	return out
}

// A sender whose timeout is set anew, or that begins to tell recoveries, is read
// as what it is before long.
func TestTimeoutsAreForgotten(t *testing.T) {
	var x Timeout
	for range 10_000 {
		x.Ended(5 * schemas.Minute)
	}
	for i := range int64(300) {
		x.Ended(i * 17 * schemas.Second)
	}
	if x.Seen(16) {
		t.Errorf("300 recoveries after spans of all sorts, and still: %+v", x)
	}
	for range 2000 {
		x.Ended(10 * schemas.Minute)
	}
	if !x.Seen(16) || x.Span != 10*schemas.Minute {
		t.Errorf("2000 recoveries after ten minutes: %+v", x)
	}
	x = Timeout{}
	for range 16 {
		x.Ended(5 * schemas.Minute)
	}
	if x.Seen(0) {
		t.Error("0 means never")
	}
}
