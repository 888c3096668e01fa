package correlate

// Flush writes every count that is still held back, without moving log time:
// how things stand at this point of the log. A replay calls it once, at the
// end; the live engine never does, since its output must not depend on where
// the log happens to stop.
func (e *Engine) Flush(out *Output) {
	e.life.Begin(out)
	e.life.FlushRedeliveries()
	for _, sc := range e.st.Order {
		for _, inc := range sc.Live {
			if inc.FlushAt != 0 && !inc.Closed {
				e.life.EmitIncident(inc)
			}
		}
	}
	e.life.EmitUrgent()
}
