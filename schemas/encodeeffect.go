package schemas

// AppendEffect appends e as JSON: the bytes that Marshal gives.
func AppendEffect(b []byte, e *Effect) []byte {
	o := object{b: b}
	o.open()
	o.str("id", e.ID)
	o.str("incident_id", e.IncidentID)
	o.int("seq", e.Seq)
	o.str("scope", e.Scope)
	o.str("kind", string(e.Kind))
	o.time("at", e.At)
	o.str("reason", e.Reason)
	o.audience(&e.To)
	o.str("severity", string(e.Severity))
	o.optInt("step", e.Step)
	o.time("answer_by", e.AnswerBy)
	o.optStr("coalesce_key", e.Coalesce)
	o.optStr("signal_id", e.SignalID)
	o.optStr("by", e.By)
	o.optStr("via", e.Via)
	if e.Ticket != nil {
		o.name("ticket")
		o.ticketRef(e.Ticket)
	}
	if e.Change != nil {
		o.name("change")
		o.candidate(e.Change)
	}
	o.optStr("ask", e.Ask)
	o.name("head")
	o.effectHead(&e.Head)
	o.optStr("rules", e.Rules)
	o.close()
	return o.b
}

func (o *object) audience(a *Audience) {
	o.name("to")
	o.open()
	o.optStrs("targets", a.Targets)
	o.optStr("team", a.Team)
	if ps := a.People; len(ps) > 0 {
		o.list("people", false, len(ps), func(i int) {
			o.open()
			o.str("name", ps[i].Name)
			o.optStrs("targets", ps[i].Targets)
			o.optStr("rota", ps[i].Rota)
			o.close()
		})
	}
	o.optTrue("company", a.Company)
	o.close()
}

func (o *object) effectHead(h *EffectHead) {
	o.open()
	o.str("title", h.Title)
	o.str("status", string(h.Status))
	o.str("severity", string(h.Severity))
	o.optStr("severity_by", h.SeverityBy)
	o.int("revision", h.Revision)
	o.optStr("parent_id", h.ParentID)
	o.optStrs("services", h.Services)
	o.optStrs("teams", h.Teams)
	if len(h.Roots) > 0 {
		o.roots(h.Roots)
	}
	o.optStrs("alert_types", h.Types)
	o.optStr("assignee", h.Assignee)
	o.time("started_at", h.StartedAt)
	o.time("detected_at", h.DetectedAt)
	o.time("acknowledged_at", h.AcknowledgedAt)
	o.time("mitigated_at", h.MitigatedAt)
	o.time("resolved_at", h.ResolvedAt)
	o.time("next_at", h.NextAt)
	o.int("signals", h.Signals)
	o.int("alerts", h.Alerts)
	o.int("active_alerts", h.ActiveAlerts)
	o.int("types", h.TypeCount)
	o.int("service_count", h.ServiceCount)
	o.int("incidents", h.Incidents)
	o.optInt("reopens", h.Reopens)
	o.int("said", h.Said)
	o.headDetail(h)
	o.close()
}

// headDetail appends what an incident is connected with.
func (o *object) headDetail(h *EffectHead) {
	if ts := h.Tickets; len(ts) > 0 {
		o.list("tickets", false, len(ts), func(i int) { o.ticketRef(&ts[i]) })
	}
	if h.Candidate != nil {
		o.name("candidate_cause")
		o.candidate(h.Candidate)
	}
	if len(h.Also) > 0 {
		o.list("also_changed", false, len(h.Also), func(i int) { o.candidate(&h.Also[i]) })
	}
	o.asked(h.Asked)
	if h.Procedure != nil {
		o.procedure(h.Procedure)
	}
	o.impactRange("impact", &h.Impact)
	o.optStr("problem_id", h.ProblemID)
	o.optStr("limited", h.Limited)
	o.optStrs("recent_timeline", h.Timeline)
}

func (o *object) asked(as []Asked) {
	if len(as) == 0 {
		return
	}
	o.list("asked", false, len(as), func(i int) {
		a := &as[i]
		o.open()
		o.str("signal_id", a.SignalID)
		o.str("title", a.Title)
		o.optStr("team", a.Team)
		o.time("at", a.At)
		o.optStr("answer", a.Answer)
		o.optStr("by", a.By)
		o.time("answer_at", a.AnswerAt)
		o.close()
	})
}
