package web

import (
	"context"

	"pinkstar/schemas"
)

// Precedent is an incident of before that is like another, and what resolved it.
type Precedent struct {
	ID                 string                 `json:"id"`
	Title              string                 `json:"title"`
	Severity           schemas.Severity       `json:"severity"`
	Status             schemas.IncidentStatus `json:"status"`
	BeganAt            schemas.Time           `json:"began_at"`
	SameProblem        bool                   `json:"same_problem"`                  // else the same alert on the same service opened both
	AcknowledgeSeconds *float64               `json:"acknowledge_seconds,omitempty"` // from when it was detected; nil: nobody did
	ResolveSeconds     *float64               `json:"resolve_seconds,omitempty"`     // from when it started; nil: not resolved
	Assignee           string                 `json:"assignee,omitempty"`
	Resolution         string                 `json:"resolution,omitempty"`   // what its timeline says of the last time
	ResolvedBy         string                 `json:"resolved_by,omitempty"`  // empty: its alerts recovered
	LikelyCause        string                 `json:"likely_cause,omitempty"` // not confirmed
	ActionsDone        []string               `json:"actions_done,omitempty"`
}

// Budget is how much of a service's error budget an incident used, and how much all
// that there were in the window. Both are estimates: v_error_budgets has the formula.
type Budget struct {
	Service       string  `json:"service"`
	Objective     float64 `json:"objective"` // share of the time
	WindowDays    float64 `json:"window_days"`
	BudgetMinutes float64 `json:"budget_minutes"`
	Minutes       float64 `json:"minutes"`        // of the incident
	Share         float64 `json:"share"`          // of the budget, by the incident
	BurnedMinutes float64 `json:"burned_minutes"` // of all incidents in the window, those that overlap once
	Burned        float64 `json:"burned"`         // share of the budget, by all of them
}

// The words of rarity.
const (
	rarityNew      = "new"
	rarityRare     = "rare"
	rarityFrequent = "frequent"
)

// frequentFrom is how many in 30 days make a pattern frequent, as in v_rarity.
const frequentFrom = 3

// precedents says how often what an incident shows came before, and how it ended
// then.
type precedents struct {
	Rarity   string      `json:"rarity"`     // new, rare or frequent
	In30Days int64       `json:"in_30_days"` // main incidents like it that began in the 30 days before it
	Ever     int64       `json:"ever"`
	Similar  []Precedent `json:"similar"` // the newest of them
}

// maxPrecedents are listed of an incident: what resolved the last ones helps, a
// hundred of them do not.
const maxPrecedents = 5

// fromPast adds what came before, and what error budgets say. It is worth less than
// the lists, and what fails here takes nothing from them.
func (a *API) fromPast(ctx context.Context, ans *incidentAnswer) {
	list, recent, ever, err := a.history.Precedents(ctx, ans.Incident, maxPrecedents)
	if err != nil {
		a.pastFailed(ctx, err)
		return
	}
	if list == nil {
		list = []Precedent{}
	}
	p := &precedents{Rarity: rarityRare, In30Days: recent, Ever: ever, Similar: list}
	switch {
	case ever == 0:
		p.Rarity = rarityNew
	case recent >= frequentFrom:
		p.Rarity = rarityFrequent
	}
	ans.Precedents = p
	if ans.Budgets, err = a.history.Budgets(ctx, ans.Incident.ID); err != nil {
		a.pastFailed(ctx, err)
	}
}
