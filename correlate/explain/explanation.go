package explain

import (
	"fmt"
	"slices"

	"pinkstar/schemas"
)

// Source is what has been decided: a run of a log, or what was stored of the
// live engine.
type Source interface {
	// Decision returns the latest decision about a signal, nil for none.
	Decision(signalID string) *schemas.Decision
	// Signal returns the signal itself, nil when it is not at hand.
	Signal(signalID string) *schemas.Signal
	// Incident returns the latest state of an incident, nil for none.
	Incident(id string) *schemas.Incident
	// Members returns the signals placed in an incident directly, in order.
	Members(incidentID string) []string
}

// Explanation is the answer to one question.
type Explanation struct {
	Kind     string       `json:"kind"` // signal or incident
	ID       string       `json:"id"`
	Signal   *Step        `json:"signal,omitempty"`   // the signal asked about
	Incident *IncidentRef `json:"incident,omitempty"` // the incident, or the one the signal is in
	// Path leads from the opening signal of the incident to the signal.
	Path []Step `json:"path,omitempty"`
	// Members are the links of the whole incident, as a tree, in order.
	Members []Step         `json:"members,omitempty"`
	More    int            `json:"more_members,omitempty"` // that are not listed
	Links   []schemas.Link `json:"links,omitempty"`        // to other incidents
	WhyNot  *WhyNot        `json:"why_not,omitempty"`
	WhatIf  *WhatIf        `json:"what_if,omitempty"`
}

// IncidentRef names an incident.
type IncidentRef struct {
	ID       string                  `json:"id"`
	ParentID string                  `json:"parent_id"`
	Title    string                  `json:"title"`
	Status   schemas.IncidentStatus  `json:"status"`
	Services []string                `json:"services"`
	Started  schemas.Time            `json:"started_at"`
	Signals  int64                   `json:"signals"`
	Roots    []schemas.SuspectedRoot `json:"suspected_roots,omitempty"`
	Rules    string                  `json:"rules,omitempty"`
	Topology string                  `json:"topology,omitempty"`
}

// Step is one link of the forest: a signal and why it is where it is.
type Step struct {
	SignalID   string             `json:"signal_id"`
	Depth      int                `json:"depth"`
	Kind       schemas.Kind       `json:"kind"`
	Name       string             `json:"name"`
	Service    string             `json:"service,omitempty"`
	Severity   schemas.Severity   `json:"severity,omitempty"`
	StartsAt   schemas.Time       `json:"starts_at"`
	At         schemas.Time       `json:"at"`
	Decision   schemas.Verdict    `json:"decision"`
	IncidentID string             `json:"incident_id"`
	Opened     bool               `json:"opened,omitempty"` // it opened the incident
	AnchorID   string             `json:"anchor_id,omitempty"`
	Reason     string             `json:"reason"`
	Score      int64              `json:"score,omitempty"`
	Threshold  int64              `json:"threshold,omitempty"`
	Evidence   []schemas.Evidence `json:"evidence,omitempty"`
	RunnerUp   *schemas.RunnerUp  `json:"runner_up,omitempty"`
	Margin     int64              `json:"margin,omitempty"` // over the runner-up, or over the threshold when that is closer
	Repeats    int64              `json:"repeats,omitempty"`
	Rules      string             `json:"rules,omitempty"`
	Topology   string             `json:"topology,omitempty"`
	Learnt     string             `json:"learnt,omitempty"`
}

// maxMembers bounds how many members an explanation lists.
const maxMembers = 500

// Of explains a signal or an incident. It returns nil when src knows neither.
func Of(src Source, id string) *Explanation {
	if d := src.Decision(id); d != nil {
		return ofSignal(src, d)
	}
	if inc := src.Incident(id); inc != nil {
		return ofIncident(src, inc)
	}
	return nil
}

func ofSignal(src Source, d *schemas.Decision) *Explanation {
	x := &Explanation{Kind: "signal", ID: d.SignalID}
	s := stepOf(src, d)
	x.Signal = &s
	if inc := src.Incident(d.IncidentID); inc != nil {
		x.Incident = refOf(inc)
		x.Path = path(src, d, inc)
		x.Links = upward(src, inc)
	}
	return x
}

func ofIncident(src Source, inc *schemas.Incident) *Explanation {
	x := &Explanation{Kind: "incident", ID: inc.ID, Incident: refOf(inc), Links: slices.Clone(inc.Links)}
	x.Members = forest(src, inc)
	if len(x.Members) > maxMembers {
		x.More = len(x.Members) - maxMembers
		x.Members = x.Members[:maxMembers]
	}
	return x
}

func refOf(inc *schemas.Incident) *IncidentRef {
	return &IncidentRef{ID: inc.ID, ParentID: inc.ParentID, Title: inc.Title, Status: inc.Status, Services: inc.Services,
		Started: inc.StartedAt, Signals: inc.SignalCount, Roots: inc.Roots, Rules: inc.Rules, Topology: inc.Topology}
}

func stepOf(src Source, d *schemas.Decision) Step {
	st := Step{SignalID: d.SignalID, Kind: d.Kind, At: d.At, Decision: d.Verdict, IncidentID: d.IncidentID, AnchorID: d.AnchorID,
		Reason: d.Reason, Score: d.Score, Threshold: d.Threshold, Evidence: d.Evidence, RunnerUp: d.RunnerUp, Repeats: d.Repeats,
		Rules: d.Rules, Topology: d.Topology, Learnt: d.Learnt}
	if s := src.Signal(d.SignalID); s != nil {
		st.Name, st.Service, st.Severity, st.StartsAt = s.Name, s.Service, s.Severity, s.StartsAt
		if s.Status != "" && s.Status != schemas.StatusFiring && s.Status != schemas.StatusOpen && s.Status != schemas.StatusIssued {
			st.Name = fmt.Sprintf("%s (%s)", s.Name, s.Status)
		}
	}
	if inc := src.Incident(d.IncidentID); inc != nil && inc.Opening == d.SignalID {
		st.Opened = true
	}
	if !st.Opened && st.Score > 0 && d.AnchorID != "" {
		st.Margin = st.Score - st.Threshold
		if d.RunnerUp != nil {
			st.Margin = min(st.Margin, st.Score-d.RunnerUp.Score)
		}
	}
	return st
}
