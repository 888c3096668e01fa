package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pinkstar/schemas"
)

// signal makes the signal an order describes.
func (r *run) signal(o *order) (*schemas.Signal, error) {
	s := &schemas.Signal{Source: "scenario", ReceivedAt: o.at}
	var err error
	switch o.verb {
	case "alert", "resolve":
		err = r.alert(o, s)
	case "ticket":
		r.ticket(o, s)
	case "maintenance", "change":
		err = r.change(o, s)
	case "impact":
		err = r.impact(o, s)
	case "command":
		err = r.command(o, s)
	default:
		err = fmt.Errorf("%q is not one of alert, resolve, again, ticket, maintenance, change, impact, command, tick, rules, topology, learnt", o.verb)
	}
	if err != nil {
		return nil, err
	}
	if err := r.common(o, s); err != nil {
		return nil, err
	}
	naming := schemas.DefaultNaming()
	if err := naming.Complete(s); err != nil {
		return nil, err
	}
	return s, nil
}

// common reads what every kind may have; what is left over are labels.
func (r *run) common(o *order, s *schemas.Signal) error {
	start, err := o.takeTime("start")
	if err != nil {
		return err
	}
	if start != 0 {
		s.StartsAt = start
	} else if s.StartsAt == 0 {
		s.StartsAt = o.at
	}
	end, err := o.takeTime("end")
	if err != nil {
		return err
	}
	if end != 0 {
		s.EndsAt = end
	}
	if v := o.take("source"); v != "" {
		s.Source = v
	}
	if v := o.take("fp"); v != "" {
		s.Fingerprint = v
	}
	if v := o.take("text"); v != "" {
		s.Summary = v
	}
	s.Runbook = o.take("runbook")
	if v := o.take("truncated"); v != "" {
		if s.Truncated, err = strconv.Atoi(v); err != nil {
			return fmt.Errorf("truncated: %q is not a number", v)
		}
	}
	if w := o.bare(); w != "" {
		return fmt.Errorf("%q: not understood here", w)
	}
	if s.Labels == nil {
		m := map[string]string{}
		for _, w := range o.args {
			m[w.name] = w.value
		}
		if s.Kind == schemas.KindAlert {
			m["alertname"] = s.Name
		}
		s.Labels = schemas.LabelsOf(m)
	} else if len(o.args) > 0 {
		return fmt.Errorf("%s=%s: not understood here", o.args[0].name, o.args[0].value)
	}
	return nil
}

func (r *run) alert(o *order, s *schemas.Signal) error {
	s.Kind, s.Status = schemas.KindAlert, schemas.StatusFiring
	if o.verb == "resolve" {
		s.Status, s.EndsAt = schemas.StatusResolved, o.at
	}
	s.Name = o.bare()
	if !strings.HasPrefix(s.Name, "@") {
		if s.Name == "" {
			return fmt.Errorf("the alert has no name")
		}
		return nil
	}
	old, err := r.signalNamed(s.Name)
	if err != nil {
		return err
	}
	s.Name, s.Labels, s.StartsAt, s.Source, s.Fingerprint = old.Name, old.Labels, old.StartsAt, old.Source, old.Fingerprint
	if o.verb == "alert" {
		s.StartsAt = o.at // the same alert, fired anew
	}
	return nil
}

func (r *run) ticket(o *order, s *schemas.Signal) {
	s.Kind = schemas.KindTicket
	s.Ticket = &schemas.Ticket{Key: o.bare(), State: o.take("state"), Reporter: o.take("reporter"), Assignee: o.take("assignee")}
	s.Name, s.Fingerprint = s.Ticket.Key, s.Ticket.Key
	s.Status = schemas.Status(o.bare())
	s.Occurrence = strconv.Itoa(o.line)
	if l := o.take("links"); l != "" {
		s.Ticket.Links = strings.Split(l, ",")
	}
}

func (r *run) change(o *order, s *schemas.Signal) error {
	s.Kind = schemas.Kind(o.verb)
	s.Name = o.bare()
	s.Fingerprint, s.Occurrence = s.Name, strconv.Itoa(o.line)
	c := &schemas.Change{By: o.take("by"), Contact: o.take("contact"), Type: o.take("type")}
	for w := o.bare(); w != ""; w = o.bare() {
		if w == "suppress" {
			c.Suppress = true
			continue
		}
		s.Status = schemas.Status(w)
	}
	if v := o.take("services"); v != "" {
		c.Services = strings.Split(v, ",")
	}
	for v := o.take("match"); v != ""; v = o.take("match") {
		c.Matchers = append(c.Matchers, v)
	}
	var err error
	s.EndsAt, err = o.takeTime("until")
	s.Change = c
	return err
}

func (r *run) impact(o *order, s *schemas.Signal) error {
	s.Kind, s.Name, s.Occurrence = schemas.KindImpact, "impact", strconv.Itoa(o.line)
	i := &schemas.Impact{Currency: o.take("currency")}
	var err error
	for _, f := range []struct {
		name string
		to   *float64
	}{{"revenue", &i.LostRevenue}, {"cost", &i.Cost}} {
		if v := o.take(f.name); v != "" {
			if *f.to, err = strconv.ParseFloat(v, 64); err != nil {
				return fmt.Errorf("%s: %q is not a number", f.name, v)
			}
		}
	}
	if i.IncidentID, err = r.incidentNamed(o.take("incident")); err != nil {
		return err
	}
	s.Impact = i
	return nil
}

func (r *run) command(o *order, s *schemas.Signal) error {
	s.Kind, s.Occurrence = schemas.KindCommand, strconv.Itoa(o.line)
	c := &schemas.Command{Action: schemas.Action(o.bare()), By: o.take("by"), To: o.take("to"), Note: o.take("note")}
	if v := o.take("step"); v != "" {
		n, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return fmt.Errorf("step: %q is not a number", v)
		}
		c.Step = n
	}
	if !slices.Contains(schemas.Actions, c.Action) {
		return fmt.Errorf("command %q is not one of %v", c.Action, schemas.Actions)
	}
	s.Name = string(c.Action)
	var err error
	if c.IncidentID, err = r.incidentNamed(o.take("incident")); err != nil {
		return err
	}
	if c.ParentID, err = r.incidentNamed(o.take("parent")); err != nil {
		return err
	}
	if v := o.take("problem"); v != "" {
		if c.ProblemID = r.problemIDs.idOf(v, "P"); c.ProblemID == "" {
			c.ProblemID = v
		}
	}
	if v := o.take("signal"); v != "" {
		old, err := r.signalNamed(v)
		if err != nil {
			return err
		}
		c.SignalID = old.ID
	}
	s.Command = c
	return nil
}

func (r *run) signalNamed(name string) (*schemas.Signal, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(name, "@"))
	if err != nil || n < 1 || n > len(r.signals) {
		return nil, fmt.Errorf("%q is not a signal of this input so far: they are @1 to @%d", name, len(r.signals))
	}
	return r.signals[n-1], nil
}

// incidentNamed turns #n into an id. Any other word is taken as an id, so that
// a scenario can ask for one that is not there.
func (r *run) incidentNamed(name string) (string, error) {
	if !strings.HasPrefix(name, "#") {
		return name, nil
	}
	id := r.incidentIDs.idOf(name, "#")
	if id == "" {
		return "", fmt.Errorf("%q is not an incident so far: there are %d", name, len(r.incidentIDs.ids))
	}
	return id, nil
}
