package scoring

import "pinkstar/correlate/internal/state"

// lull is how many times slower alerts join inc, which looks like p, than they did
// on average, in thousandths: after sixty in one minute and two quiet ones, what
// comes is rather something new, and so is what follows a straggler; after two
// alerts it says nothing.
func lull(inc *state.Incident, p *state.Pace) int64 {
	const window = state.IncidentHalfLife * 1443 / 1000 // what a steady pace's level is of
	if p.Alerts < 2 {
		return 0
	}
	main := inc.Main()
	last, first := max(inc.LastStart, main.LastStart), min(inc.Pub.StartedAt, main.Pub.StartedAt)
	usual := int64(p.Alerts) * state.RateUnit * window / max(last.Sub(first), window)
	return usual * state.RateUnit / (p.Level + state.RateUnit/2)
}
