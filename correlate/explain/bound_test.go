package explain

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"pinkstar/correlate"
	"pinkstar/correlate/history"
	"pinkstar/schemas"
)

// wide is a past of n strangers on each of two sides, each in an incident of its own.
func wide(t *testing.T, n int) (p *past, a, b []string) {
	p = newPast(t)
	for i := range n {
		a = append(a, p.add(t, int64(i), schemas.Signal{Name: fmt.Sprintf("A%d", i), Source: "t", Service: fmt.Sprintf("left-%d", i)}))
		b = append(b, p.add(t, int64(i), schemas.Signal{Name: fmt.Sprintf("B%d", i), Source: "t", Service: fmt.Sprintf("right-%d", i)}))
	}
	return p, a, b
}

// TestOneQuestionWeighsSoMuch: whatever is asked, no more pairs are weighed than
// the bound, and what was left out is counted.
func TestOneQuestionWeighsSoMuch(t *testing.T) {
	p, a, b := wide(t, 160) // 25,600 pairs
	x := newWeigher(t.Context(), a, b)
	p.setup.Before = x.before
	if _, err := p.log.Play(t.Context(), p.setup); err != nil {
		t.Fatal(err)
	}
	if x.weighed != maxWeighings || x.left == 0 {
		t.Errorf("%d pairs were weighed, %d left out; the bound is %d", x.weighed, x.left, maxWeighings)
	}
}

// TestAQuestionEndsWithItsRequest: a caller that goes ends the work soon.
func TestAQuestionEndsWithItsRequest(t *testing.T) {
	p, a, b := wide(t, 100)
	ctx, cancel := context.WithCancel(t.Context())
	x, seen := newWeigher(ctx, a, b), 0
	p.setup.Before = func(e *correlate.Engine, r *history.Record) {
		if seen++; seen == 50 {
			cancel()
		}
		x.before(e, r)
	}
	if _, err := p.log.Play(ctx, p.setup); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if weighed := x.weighed; seen > 200 || weighed > 50*50 {
		t.Errorf("%d records and %d pairs after the caller went", seen, weighed)
	}
}
