package scoring

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/state"
)

// Weigher weighs signals against the incidents of a state. It changes nothing
// of it. One signal at a time is weighed: its query and the evidence for it lie
// in memory that the next one uses again.
type Weigher struct {
	*state.State
	Policy  Policy // nil but in training
	scratch scratch
}

// New returns a weigher of st.
func New(st *state.State) *Weigher { return &Weigher{State: st} }

// scratch is memory reused from signal to signal.
type scratch struct {
	candidates []*state.Incident
	scored     []Scored
	full       []Full
	rules      []int32
	groups     []GroupMatch
	key        []byte
	machines   []*state.Entity
	evidence   []evidence.Item
	why        evidence.Reason
	query      Query
}
