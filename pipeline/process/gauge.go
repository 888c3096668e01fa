package process

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// heldEvery is how often what the engines hold is counted anew: counting costs
// a walk over the scopes.
const heldEvery = time.Second

// newEngineHeld is what the engines of this process hold, by kind. Limits are set on
// the same things (limits in the rules), each for one partition.
func newEngineHeld(labels prometheus.Labels) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinkstar_engine_held",
		Help:        "What the engines of this process hold, by kind: alerts (the latest episode of each that its incident still keeps), incidents, known_signals, scopes, timers.",
		ConstLabels: labels}, []string{"kind"})
}

// gauge tells what the engines hold. Partitions come and go, so all are summed
// up. It runs where no engine is at work.
func (c *Correlator) gauge(now time.Time) {
	if now.Sub(c.gauged) < heldEvery {
		return
	}
	c.gauged = now
	var alerts, incidents, known, scopes, timers int
	for _, p := range c.owned() {
		s := p.eng.Stats()
		alerts, incidents, known = alerts+s.Alerts, incidents+s.Incidents, known+s.KnownSignals
		scopes, timers = scopes+s.Scopes, timers+s.Wakes
	}
	for kind, n := range map[string]int{"alerts": alerts, "incidents": incidents, "known_signals": known, "scopes": scopes, "timers": timers} {
		c.met.engine.WithLabelValues(kind).Set(float64(n))
	}
}
