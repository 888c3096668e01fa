package state

import "pinkstar/schemas"

// Timeout says whether the recoveries of a scope tell anything. Where every alert
// "recovers" the same time after its start, nobody saw it recover: it was only
// not told again, as with Alertmanager's resolve_timeout. Which span that is, if
// there is one, is found by majority vote, which keeps one candidate and what
// speaks for and against it of late.
type Timeout struct {
	Span        int64 // milliseconds from an alert's latest start to its recovery
	Same, Other int32 // recoveries after this span, and after another
}

const (
	// timeoutSlack is by how much two spans may differ: senders round.
	timeoutSlack = schemas.Second
	// timeoutMemory is of how many recoveries the counts are: beyond, they halve.
	timeoutMemory = 256
	// timeoutSure is how many recoveries after the span there must be for each
	// after another. Monitors look once a minute or so, and so many alerts that
	// truly recover do it after one of few spans.
	timeoutSure = 9
)

// Ended notes that an alert recovered a span after its latest start.
func (x *Timeout) Ended(span int64) {
	switch d := span - x.Span; {
	case -timeoutSlack <= d && d <= timeoutSlack:
		x.Same++
	case x.Same > x.Other:
		x.Other++
	default:
		*x = Timeout{Span: span, Same: 1, Other: x.Same + x.Other}
	}
	if x.Same+x.Other >= timeoutMemory {
		x.Same, x.Other = x.Same/2, x.Other/2
	}
}

// Seen reports whether at least so many recoveries, and nearly all there were,
// came after one span.
func (x *Timeout) Seen(least int) bool {
	return least > 0 && int(x.Same) >= least && x.Same >= timeoutSure*x.Other
}
