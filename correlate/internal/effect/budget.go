package effect

import (
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// kept is how much of the budget stays for how it ends.
const kept = 2

// Spent reports whether nothing of what is new of main may be said in this period
// of its budget.
func Spent(st *state.State, main *state.Incident) bool {
	m, t := &st.Rules.Messages, &main.Talk
	if !t.Opened || st.Now.Sub(t.Since) >= int64(m.Period) {
		return false
	}
	if main.Over() && !over(t.Status) {
		return t.Count >= m.PerIncident
	}
	return t.Count >= m.PerIncident-kept
}

// allowed reports whether one more message may be said of t's incident, and
// whether it is the last but the end. A new period begins when the old one is
// over.
func allowed(st *state.State, t *state.Talk, kind schemas.EffectKind) (may, last bool) {
	m := &st.Rules.Messages
	if st.Now.Sub(t.Since) >= int64(m.Period) {
		t.Since, t.Count = st.Now, 0
	}
	switch kind {
	case schemas.EffectResolved, schemas.EffectExpired:
		return t.Count < m.PerIncident, false
	default:
		return t.Count < m.PerIncident-kept, t.Count+1 == m.PerIncident-kept
	}
}
