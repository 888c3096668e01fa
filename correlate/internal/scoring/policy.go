package scoring

import (
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Policy chooses in the engine's stead, so that weights can be fitted on streams
// whose truth is known.
type Policy interface {
	// Choose is called for each new alert and ticket with the incidents that
	// were weighed, and the one the engine would choose, "" for none. It
	// returns the live incident to put the signal in, "" to open one.
	Choose(s *schemas.Signal, options []Option, own string) string
	// Link is called whenever two incidents are compared. It says whether the
	// engine may link them if it would.
	Link(incidentID, otherID string, o Option) bool
}

// Option is one incident that was weighed.
type Option struct {
	IncidentID string
	Score      int64
	Terms      []Term
}

// Term is a part of a score: so many thousandths of what the rule set says.
type Term struct {
	Points *int64 // in the rule set the engine was made with
	Share  int64
}

// term notes for the policy where points come from.
func (s *sheet) term(points *int64, share int64) {
	if s.wr.Policy != nil && share != 0 {
		s.res.terms = append(s.res.terms, Term{points, share})
	}
}

// termsAt notes which corners of a curve what it says of x comes from.
func (s *sheet) termsAt(c []rules.Corner, x int64) {
	if s.wr.Policy == nil || len(c) == 0 {
		return
	}
	i, share := corner1000(c, x)
	s.term(&c[i].Points, 1000-share)
	if share > 0 {
		s.term(&c[i+1].Points, share)
	}
}

// byPolicy lets the policy choose.
func (wr *Weigher) byPolicy(q *Query, s *schemas.Signal, options []Option, p *Placement) {
	own := ""
	if p.Incident != nil {
		own = p.Incident.Pub.ID
	}
	p.Incident, p.Second = q.scope.Incidents[wr.Policy.Choose(s, options, own)], Scored{}
}
