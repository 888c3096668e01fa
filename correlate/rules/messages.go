package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pinkstar/schemas"
)

// Messages says what people hear of incidents, and how often. All of it runs on
// log time. Where a target is named, it is one of the settings' notify section,
// or its name, a colon and an address that it understands: "slack:#shield".
type Messages struct {
	// PerIncident is the most that is said of one incident within Period; 0: nobody
	// hears of anything. What comes last of it is kept for pages and for the end.
	PerIncident int      `yaml:"per_incident"`
	Period      Duration `yaml:"period"`
	// Wait is how long after its opening an incident is first told of, so that
	// one message says what a moment brought; Interval how long after a message the
	// next one of that incident comes. A page waits for neither.
	Wait     Duration `yaml:"wait"`
	Interval Duration `yaml:"interval"`
	// From is the least severity that is told of. An incident whose alerts name
	// none is told of: nobody said that it is harmless. One of tickets alone must
	// reach it.
	From schemas.Severity `yaml:"from"`
	// JustChanged: for so long after a change took place its team is asked to undo
	// it when something fires where it took place or one step downstream. Of
	// maintenance it is asked while that lasts. 0: of maintenance only.
	JustChanged Duration `yaml:"just_changed"`
	// Channels are the targets of every incident; Company is where everybody is
	// told of one whose procedure says so.
	Channels []string `yaml:"channels,omitempty"`
	Company  []string `yaml:"company,omitempty"`
}

// Team says how a team is reached.
type Team struct {
	Channels []string `yaml:"channels,omitempty"` // targets, see Messages
	OnCall   string   `yaml:"on_call,omitempty"`  // rota or person
}

// Contact says how a person is reached: targets, the most urgent first.
type Contact struct {
	Reach []string `yaml:"reach,omitempty"`
}

// ProcedureStep is one step of a runbook.
type ProcedureStep struct {
	Text string `yaml:"text"`
	URL  string `yaml:"url,omitempty"`
}

// EscalationStep is whom to call, and how long to wait for an answer.
type EscalationStep struct {
	Call     []string `yaml:"call,omitempty"`     // people, and rotas whose turn it is
	Channels []string `yaml:"channels,omitempty"` // targets that hear of it besides
	Wait     Duration `yaml:"wait,omitempty"`     // until the next step; 0 at the last
}

func (m *Messages) check(d *document) {
	const at = "messages"
	if m.PerIncident < 0 || m.PerIncident > 0 && m.PerIncident < LeastMessages {
		d.bad(at+".per_incident", "must be 0 (nothing is said) or at least %d, not %d", LeastMessages, m.PerIncident)
	}
	if m.Period < 1 {
		d.bad(at+".period", "%s; it must be above 0", m.Period)
	}
	if m.Interval < 1 {
		d.bad(at+".interval", "%s; it must be above 0", m.Interval)
	}
	if m.JustChanged < 0 {
		d.bad(at+".just_changed", "%s; it must not be below 0", m.JustChanged)
	}
	if m.From != "" && m.From.Rank() == 0 {
		d.bad(at+".from", "%q is not one of critical, major, warning, info", m.From)
	}
	checkTargets(d, at+".channels", m.Channels)
	checkTargets(d, at+".company", m.Company)
}

// LeastMessages is the smallest budget with which an incident can be told of,
// escalated and ended.
const LeastMessages = 8

func checkTargets(d *document, path string, targets []string) {
	for i, t := range targets {
		if strings.TrimSpace(t) == "" {
			d.bad(fmt.Sprintf("%s[%d]", path, i), "an empty target")
		}
	}
}

func (s *Set) checkPeople(d *document) {
	for _, name := range slices.Sorted(maps.Keys(s.Teams)) {
		if s.Teams[name] == nil { // "name:" with nothing below it
			s.Teams[name] = &Team{}
		}
		checkTargets(d, "teams."+name+".channels", s.Teams[name].Channels)
	}
	for _, name := range slices.Sorted(maps.Keys(s.People)) {
		if s.People[name] == nil {
			s.People[name] = &Contact{}
		}
		checkTargets(d, "people."+name+".reach", s.People[name].Reach)
	}
}

// maxSteps bounds a procedure's steps and its escalation: they travel with the
// incident.
const maxSteps = 50

func (p *Procedure) check(d *document, path string) {
	if p.Severity != "" && p.Severity.Rank() == 0 {
		d.bad(path+".severity", "procedure %q: %q is not one of critical, major, warning, info", p.Name, p.Severity)
	}
	if len(p.Steps) > maxSteps || len(p.Escalation) > maxSteps {
		d.bad(path, "procedure %q has more than %d steps", p.Name, maxSteps)
	}
	for i := range p.Steps {
		if p.Steps[i].Text == "" {
			d.bad(fmt.Sprintf("%s.steps[%d]", path, i), "procedure %q: a step without \"text:\"", p.Name)
		}
	}
	for i := range p.Escalation {
		e, at := &p.Escalation[i], fmt.Sprintf("%s.escalation[%d]", path, i)
		if len(e.Call)+len(e.Channels) == 0 {
			d.bad(at, "procedure %q: a step that calls nobody and tells no channel", p.Name)
		}
		if e.Wait < 1 && i+1 < len(p.Escalation) {
			d.bad(at, "procedure %q: the next step can never be reached: say how long to \"wait:\" for an answer", p.Name)
		}
		checkTargets(d, at+".call", e.Call)
		checkTargets(d, at+".channels", e.Channels)
	}
}

// steps returns whom p calls, in order. Where it only says who is on call, that
// is the one step.
func (p *Procedure) steps() []EscalationStep {
	if len(p.Escalation) == 0 && p.OnCall != "" {
		return []EscalationStep{{Call: []string{p.OnCall}}}
	}
	return p.Escalation
}

// Published returns p as an incident carries it.
func (p *Procedure) Published() schemas.Procedure {
	out := schemas.Procedure{Name: p.Name, Owner: p.Owner, OnCall: p.OnCall, Emergency: p.Emergency, Runbook: p.Runbook,
		Severity: p.Severity, Company: p.MailCompany}
	for _, s := range p.Steps {
		out.Steps = append(out.Steps, schemas.ProcedureStep{Text: s.Text, URL: s.URL})
	}
	for _, e := range p.steps() {
		out.Escalation = append(out.Escalation, schemas.EscalationStep{Call: e.Call, Targets: e.Channels,
			Minutes: float64(e.Wait) / float64(schemas.Minute)})
	}
	return out
}
