package correlate

import "pinkstar/correlate/internal/state"

func (e *Engine) runTimer(w state.Timer) {
	if !w.Fits() {
		return
	}
	switch w.Kind {
	case state.FlushRedeliveriesDue:
		e.life.FlushRedeliveries()
	case state.ExpiryDue:
		e.life.ExpireOld()
	case state.ReviseDue:
		e.life.OnReviseDue()
	case state.FlushIncidentDue, state.WakeCost:
		e.life.EmitIncident(w.Incident)
	case state.ResolveDue:
		e.life.OnResolveDue(w.Incident)
	case state.CloseDue:
		e.life.CloseIncident(w.Incident)
	case state.QuietDue:
		e.life.OnQuiet(w.Incident)
	case state.LifetimeDue:
		e.life.OnLifetime(w.Incident)
	case state.SpeakDue:
		e.life.OnSpeakDue(w.Incident)
	case state.EscalateDue:
		e.life.OnEscalateDue(w.Incident)
	case state.WindowEndDue:
		e.intake.OnWindowEnd(w.Change)
	case state.ChangeEvictionDue:
		e.intake.EvictChange(w.Change)
	}
}
