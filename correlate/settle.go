package correlate

// Settle writes every count that is still held back, without moving log time:
// how things stand at this point of the log. A replay calls it once, at the
// end; the live engine never does, since its output must not depend on where
// the log happens to stop.
func (e *Engine) Settle(out *Output) {
	e.out = out
	e.flushRepeats()
	for _, sc := range e.order {
		for _, inc := range sc.live {
			if inc.flushAt != 0 && !inc.closed {
				e.emitIncident(inc)
			}
		}
	}
	e.finish()
}
