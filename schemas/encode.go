package schemas

import "strconv"

// object appends the members of one JSON object, field by field. The empty
// ones are left out where the Go type says omitempty.
type object struct {
	b     []byte
	first bool
}

func (o *object) open() { o.b, o.first = append(o.b, '{'), true }

func (o *object) close() { o.b, o.first = append(o.b, '}'), false }

// name appends "name": with name in plain ASCII.
func (o *object) name(name string) {
	if !o.first {
		o.b = append(o.b, ',')
	}
	o.first = false
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) str(name, v string) {
	o.name(name)
	o.b = AppendString(o.b, v)
}

func (o *object) optStr(name, v string) {
	if v != "" {
		o.str(name, v)
	}
}

func (o *object) time(name string, t Time) {
	o.name(name)
	o.b = t.AppendJSON(o.b)
}

func (o *object) optLabels(name string, ls Labels) {
	if len(ls) > 0 {
		o.name(name)
		o.b = ls.AppendJSON(o.b)
	}
}

func (o *object) optStrs(name string, vs []string) {
	if len(vs) == 0 {
		return
	}
	o.name(name)
	o.b = append(o.b, '[')
	for i, v := range vs {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = AppendString(o.b, v)
	}
	o.b = append(o.b, ']')
}

func (o *object) optInt(name string, n int64) {
	if n != 0 {
		o.name(name)
		o.b = strconv.AppendInt(o.b, n, 10)
	}
}

func (o *object) optFloat(name string, f float64) {
	if f != 0 {
		o.name(name)
		o.b = appendFloat(o.b, f)
	}
}

func (o *object) optTrue(name string, v bool) {
	if v {
		o.name(name)
		o.b = append(o.b, "true"...)
	}
}

// AppendSignal appends s as JSON: the bytes that Marshal gives.
func AppendSignal(b []byte, s *Signal) []byte {
	o := object{b: b}
	o.open()
	o.str("id", s.ID)
	o.str("kind", string(s.Kind))
	o.str("source", s.Source)
	o.str("fingerprint", s.Fingerprint)
	o.str("status", string(s.Status))
	o.optStr("occurrence", s.Occurrence)
	o.optStr("tenant", s.Tenant)
	o.optStr("environment", s.Environment)
	o.str("scope", s.Scope)
	o.str("name", s.Name)
	o.optStr("severity", string(s.Severity))
	o.optStr("service", s.Service)
	o.optStr("instance", s.Instance)
	o.optStr("host", s.Host)
	o.optStr("team", s.Team)
	o.time("starts_at", s.StartsAt)
	o.time("ends_at", s.EndsAt)
	o.time("received_at", s.ReceivedAt)
	o.optStr("summary", s.Summary)
	o.optStr("description", s.Description)
	o.optLabels("labels", s.Labels)
	o.optLabels("annotations", s.Annotations)
	o.optStr("url", s.URL)
	o.optStr("runbook", s.Runbook)
	o.optStr("group_key", s.GroupKey)
	o.optInt("truncated", int64(s.Truncated))
	o.optStrs("flags", s.Flags)
	o.optTrue("imported", s.Imported)
	o.parts(s)
	o.close()
	return o.b
}

// parts appends what only some kinds have.
func (o *object) parts(s *Signal) {
	if s.Ticket != nil {
		o.name("ticket")
		o.ticket(s.Ticket)
	}
	if s.Change != nil {
		o.name("change")
		o.change(s.Change)
	}
	if s.Impact != nil {
		o.name("impact")
		o.impact(s.Impact)
	}
	if s.Command != nil {
		o.name("command")
		o.command(s.Command)
	}
	if s.Activation != nil {
		o.name("activation")
		o.open()
		o.str("what", s.Activation.What)
		o.optStr("name", s.Activation.Name)
		o.str("version", s.Activation.Version)
		o.str("text", s.Activation.Text)
		o.close()
	}
}

func (o *object) ticket(t *Ticket) {
	o.open()
	o.str("key", t.Key)
	o.optStr("project", t.Project)
	o.optStr("type", t.Type)
	o.optStr("state", t.State)
	o.optStr("assignee", t.Assignee)
	o.optStr("reporter", t.Reporter)
	o.optStr("priority", t.Priority)
	o.optStrs("links", t.Links)
	o.close()
}

func (o *object) change(c *Change) {
	o.open()
	o.optStrs("services", c.Services)
	o.optStr("type", c.Type)
	o.optStr("version", c.Version)
	o.optStr("by", c.By)
	o.optStr("contact", c.Contact)
	o.optTrue("suppress", c.Suppress)
	o.optStrs("matchers", c.Matchers)
	o.optStrs("sets", c.Sets)
	o.optStrs("complete", c.Complete)
	o.optStrs("members", c.Members)
	o.close()
}

func (o *object) impact(i *Impact) {
	o.open()
	o.optStr("incident_id", i.IncidentID)
	o.optFloat("lost_revenue", i.LostRevenue)
	o.optFloat("cost", i.Cost)
	o.optStr("currency", i.Currency)
	o.optInt("users", i.Users)
	o.optStr("note", i.Note)
	o.optStr("figure", i.Figure)
	o.optFloat("value", i.Value)
	o.close()
}

func (o *object) command(c *Command) {
	o.open()
	o.str("action", string(c.Action))
	o.str("by", c.By)
	o.optStr("incident_id", c.IncidentID)
	o.optStr("parent_id", c.ParentID)
	o.optStr("signal_id", c.SignalID)
	o.optStr("problem_id", c.ProblemID)
	o.optStr("to", c.To)
	o.optStr("note", c.Note)
	o.optInt("step", c.Step)
	o.optStr("action_id", c.ActionID)
	o.optTime("due_at", c.DueAt)
	o.close()
}

func commandJSON(c *Command) []byte {
	var o object
	o.command(c)
	return o.b
}

func impactJSON(i *Impact) []byte {
	var o object
	o.impact(i)
	return o.b
}
