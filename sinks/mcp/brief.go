package mcp

import (
	"pinkstar/schemas"
)

// What is told at most of one incident.
const (
	maxMembers  = 60
	maxTimeline = 60
	maxNames    = 15
)

// brief is an incident in a list.
type brief struct {
	ID             string                  `json:"id"`
	Title          string                  `json:"title"`
	Status         schemas.IncidentStatus  `json:"status"`
	Severity       schemas.Severity        `json:"severity"`
	Services       []string                `json:"services"`
	Teams          []string                `json:"teams,omitempty"`
	Assignee       string                  `json:"assignee,omitempty"`
	StartedAt      schemas.Time            `json:"started_at"`
	UpdatedAt      schemas.Time            `json:"updated_at"`
	ResolvedAt     schemas.Time            `json:"resolved_at"`
	Alerts         int64                   `json:"alerts"`
	Firing         int64                   `json:"firing_now"`
	ServicesInAll  int64                   `json:"services_in_all"`
	IncidentsInAll int64                   `json:"incidents_in_all"`
	Roots          []schemas.SuspectedRoot `json:"suspected_roots,omitempty"`
	LikelyCauses   []schemas.Candidate     `json:"likely_causes,omitempty"`
	Impact         schemas.ImpactRange     `json:"impact"`
	ProblemID      string                  `json:"problem_id,omitempty"`
	ParentID       string                  `json:"part_of,omitempty"`
}

func briefOf(inc *schemas.Incident) brief {
	b := brief{ID: inc.ID, Title: inc.Title, Status: inc.Status, Severity: inc.Severity, Services: first(inc.Services, maxNames), Teams: first(inc.Teams, maxNames),
		Assignee: inc.Assignee, StartedAt: inc.StartedAt, UpdatedAt: inc.UpdatedAt, ResolvedAt: inc.ResolvedAt, Alerts: inc.AlertCount, Firing: inc.ActiveAlerts,
		ServicesInAll: int64(len(inc.Services)) + inc.ServicesOmitted, IncidentsInAll: 1, Roots: inc.Roots, LikelyCauses: inc.Candidates, Impact: inc.Impact,
		ProblemID: inc.ProblemID, ParentID: inc.ParentID}
	if t := inc.Tree; t != nil {
		b.Alerts, b.Firing, b.ServicesInAll, b.IncidentsInAll = t.Alerts, t.ActiveAlerts, t.Services, t.Incidents
	}
	return b
}

func first[T any](list []T, n int) []T { return list[:min(len(list), n)] }

// member is what one signal says, and why it is there.
type member struct {
	SignalID    string          `json:"signal_id"`
	Kind        schemas.Kind    `json:"kind"`
	Name        string          `json:"name"`
	Service     string          `json:"service,omitempty"`
	Instance    string          `json:"instance,omitempty"`
	Status      schemas.Status  `json:"status"`
	StartsAt    schemas.Time    `json:"starts_at"`
	Summary     string          `json:"summary,omitempty"`
	Description string          `json:"description,omitempty"`
	Runbook     string          `json:"runbook,omitempty"`
	Labels      *schemas.Labels `json:"labels,omitempty"`
	Reason      string          `json:"why_here"`
}

// answer is the API's about one incident.
type answer struct {
	Incident schemas.Incident
	Children []schemas.Incident
	Members  []struct {
		member
		Why string `json:"reason"`
	}
	Timeline []schemas.TimelineEntry
	Messages []schemas.Delivery
	History  historyState
}

// detail is all that is told of one incident.
type detail struct {
	brief
	Notices   []schemas.Notice    `json:"must_be_told,omitempty"`
	Procedure *schemas.Procedure  `json:"procedure,omitempty"`
	Tickets   []schemas.TicketRef `json:"tickets,omitempty"`
	Below     []brief             `json:"incidents_below,omitempty"`
	Members   []member            `json:"members"`
	Timeline  []entry             `json:"timeline"`
	Messages  []schemas.Delivery  `json:"messages,omitempty"`
	History   historyState        `json:"history"`
	LeftOut   map[string]int      `json:"left_out,omitempty"` // how many more there are of each list
}

// entry is a line of the timeline.
type entry struct {
	At   schemas.Time `json:"at"`
	Type string       `json:"type,omitempty"`
	Text string       `json:"text"`
	By   string       `json:"by,omitempty"`
}

func (a *answer) detail() detail {
	d := detail{brief: briefOf(&a.Incident), Notices: a.Incident.Notices, Procedure: a.Incident.Procedure, Tickets: a.Incident.Tickets,
		Members: []member{}, Timeline: []entry{}, Messages: first(a.Messages, maxNames), History: a.History, LeftOut: map[string]int{}}
	for i := range first(a.Children, maxNames) {
		d.Below = append(d.Below, briefOf(&a.Children[i]))
	}
	for _, m := range first(a.Members, maxMembers) {
		m.member.Reason = m.Why
		d.Members = append(d.Members, m.member)
	}
	story := a.Timeline[max(0, len(a.Timeline)-maxTimeline):] // the newest
	for _, e := range story {
		d.Timeline = append(d.Timeline, entry{e.At, e.Type, e.Text, e.By})
	}
	for name, n := range map[string]int{"members": len(a.Members) - len(d.Members), "incidents_below": len(a.Children) - len(d.Below), "earlier_timeline": len(a.Timeline) - len(story)} {
		if n > 0 {
			d.LeftOut[name] = n
		}
	}
	return d
}
