package schemas

// AppendIncident appends in as JSON: the bytes that Marshal gives.
func AppendIncident(b []byte, in *Incident) []byte {
	o := object{b: b}
	o.open()
	o.str("id", in.ID)
	o.int("revision", in.Revision)
	o.str("scope", in.Scope)
	o.str("parent_id", in.ParentID)
	o.optStrs("children", in.Children)
	o.str("status", string(in.Status))
	o.str("severity", string(in.Severity))
	o.str("title", in.Title)
	o.strs("services", in.Services)
	o.optStrs("teams", in.Teams)
	o.roots(in.Roots)
	o.optStr("assignee", in.Assignee)
	o.optStr("severity_by", in.SeverityBy)
	o.time("started_at", in.StartedAt)
	o.time("detected_at", in.DetectedAt)
	o.time("acknowledged_at", in.AcknowledgedAt)
	o.time("mitigated_at", in.MitigatedAt)
	o.time("resolved_at", in.ResolvedAt)
	o.time("closed_at", in.ClosedAt)
	o.optTime("escalates_at", in.EscalatesAt)
	o.time("updated_at", in.UpdatedAt)
	o.int("signals", in.SignalCount)
	o.int("repeats", in.RepeatCount)
	o.int("alerts", in.AlertCount)
	o.int("active_alerts", in.ActiveAlerts)
	o.optInt("reopens", in.ReopenCount)
	o.optInt("flaps", in.FlapCount)
	o.causes(in)
	if in.Procedure != nil {
		o.procedure(in.Procedure)
	}
	o.impactRange("impact", &in.Impact)
	o.optStr("problem_id", in.ProblemID)
	o.members(in.Members)
	o.optStrs("recent_timeline", in.Timeline)
	o.optStr("limited", in.Limited)
	o.optStr("rules", in.Rules)
	o.optStr("topology", in.Topology)
	o.optStr("opening_signal_id", in.Opening)
	o.optTrue("imported", in.Imported)
	if in.Tree != nil {
		o.tree(in.Tree)
	}
	o.optInt("children_omitted", in.ChildrenOmitted)
	o.optInt("services_omitted", in.ServicesOmitted)
	o.optInt("tickets_omitted", in.TicketsOmitted)
	o.optInt("links_omitted", in.LinksOmitted)
	o.optInt("members_omitted", in.MembersOmitted)
	o.optInt("timeline_omitted", in.TimelineOmitted)
	o.close()
	return o.b
}

func (o *object) tree(t *IncidentTree) {
	o.name("tree")
	o.open()
	o.int("incidents", t.Incidents)
	o.int("open", t.Open)
	o.int("signals", t.SignalCount)
	o.int("repeats", t.RepeatCount)
	o.int("alerts", t.Alerts)
	o.int("active_alerts", t.ActiveAlerts)
	o.int("services", t.Services)
	o.close()
}

func (o *object) roots(rs []SuspectedRoot) {
	o.list("suspected_roots", rs == nil, len(rs), func(i int) {
		o.open()
		o.str("service", rs[i].Service)
		o.int("score", rs[i].Score)
		o.str("reason", rs[i].Reason)
		o.close()
	})
}

// causes appends what an incident is connected with. All of it is left out
// when empty.
func (o *object) causes(in *Incident) {
	if ts := in.Tickets; len(ts) > 0 {
		o.list("tickets", false, len(ts), func(i int) { o.ticketRef(&ts[i]) })
	}
	if cs := in.Candidates; len(cs) > 0 {
		o.list("candidate_causes", false, len(cs), func(i int) { o.candidate(&cs[i]) })
	}
	if cs := in.Also; len(cs) > 0 {
		o.list("also_changed", false, len(cs), func(i int) { o.candidate(&cs[i]) })
	}
	o.optFloat("no_change", in.NoChange)
	if ns := in.Notices; len(ns) > 0 {
		o.list("notices", false, len(ns), func(i int) { o.notice(&ns[i]) })
	}
	if ls := in.Links; len(ls) > 0 {
		o.list("links", false, len(ls), func(i int) { o.link(&ls[i]) })
	}
}

func (o *object) ticketRef(t *TicketRef) {
	o.open()
	o.str("key", t.Key)
	o.str("signal_id", t.SignalID)
	o.str("title", t.Title)
	o.str("state", t.State)
	o.optStr("url", t.URL)
	o.str("reason", t.Reason)
	o.close()
}

func (o *object) candidate(c *Candidate) {
	o.open()
	o.str("signal_id", c.SignalID)
	o.str("kind", string(c.Kind))
	o.str("title", c.Title)
	o.str("service", c.Service)
	o.optStr("team", c.Team)
	o.str("status", string(c.Status))
	o.time("started_at", c.StartedAt)
	o.time("ends_at", c.EndsAt)
	o.bool("in_progress", c.InProgress)
	o.int("score", c.Score)
	o.str("reason", c.Reason)
	o.optFloat("probability", c.Probability)
	o.close()
}

func (o *object) bool(name string, v bool) {
	if v {
		o.optTrue(name, v)
		return
	}
	o.name(name)
	o.b = append(o.b, "false"...)
}

func (o *object) optTime(name string, t Time) {
	if t != 0 {
		o.time(name, t)
	}
}

func (o *object) notice(n *Notice) {
	o.open()
	o.str("team", n.Team)
	o.optStr("contact", n.Contact)
	o.str("text", n.Text)
	o.optStr("signal_id", n.SignalID)
	o.time("at", n.At)
	o.optStr("answer", n.Answer)
	o.optStr("by", n.By)
	o.optTime("answer_at", n.AnswerAt)
	o.close()
}

func (o *object) link(l *Link) {
	o.open()
	o.str("incident_id", l.IncidentID)
	o.str("relation", l.Relation)
	o.int("score", l.Score)
	o.int("threshold", l.Threshold)
	o.str("reason", l.Reason)
	if len(l.Evidence) > 0 {
		o.evidence("evidence", l.Evidence)
	}
	o.time("at", l.At)
	o.optStr("by", l.By)
	o.close()
}

func (o *object) procedure(p *Procedure) {
	o.name("procedure")
	o.open()
	o.str("name", p.Name)
	o.optStr("owner", p.Owner)
	o.optStr("on_call", p.OnCall)
	o.optStr("emergency_channel", p.Emergency)
	o.optStr("runbook", p.Runbook)
	o.optStr("alert_runbook", p.AlertRunbook)
	o.optStr("severity", string(p.Severity))
	if ss := p.Steps; len(ss) > 0 {
		o.list("steps", false, len(ss), func(i int) {
			o.open()
			o.str("text", ss[i].Text)
			o.optStr("url", ss[i].URL)
			o.optStr("done_by", ss[i].DoneBy)
			o.time("done_at", ss[i].DoneAt)
			o.close()
		})
	}
	if es := p.Escalation; len(es) > 0 {
		o.list("escalation", false, len(es), func(i int) {
			o.open()
			o.optStrs("call", es[i].Call)
			o.optStrs("targets", es[i].Targets)
			o.float("minutes", es[i].Minutes)
			o.time("called_at", es[i].CalledAt)
			o.close()
		})
	}
	o.optTrue("mail_company", p.Company)
	o.close()
}

func (o *object) members(ms []MemberRef) {
	if len(ms) == 0 {
		return
	}
	o.list("members", false, len(ms), func(i int) {
		m := &ms[i]
		o.open()
		o.str("signal_id", m.SignalID)
		o.str("kind", string(m.Kind))
		o.str("name", m.Name)
		o.optStr("service", m.Service)
		o.optStr("instance", m.Instance)
		o.optStr("severity", string(m.Severity))
		o.str("status", string(m.Status))
		o.time("starts_at", m.StartsAt)
		o.str("reason", m.Reason)
		o.close()
	})
}
