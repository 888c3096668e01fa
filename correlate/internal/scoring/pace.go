package scoring

import (
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// lullCap bounds what lull counts.
const lullCap = 1000 * state.RateUnit

// lull is how many alerts would have joined inc, which looks like p, since its
// latest start, had they come as fast as they did until then, in thousandths: a
// minute of silence after a hundred alerts in two minutes says that it is over,
// and after three it says little. After one alert nothing is known.
func lull(at schemas.Time, inc *state.Incident, p *state.Pace) int64 {
	if p.Alerts < 2 {
		return 0
	}
	main := inc.Main()
	last, first := max(inc.LastStart, main.LastStart), min(inc.Pub.StartedAt, main.Pub.StartedAt)
	missed := min(max(at.Sub(last), 0), schemas.Hour) * int64(p.Alerts) * state.RateUnit / max(last.Sub(first), state.IncidentHalfLife)
	return min(missed, lullCap)
}
