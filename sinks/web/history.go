package web

import (
	"context"
	"errors"
	"slices"
	"strings"

	"pinkstar/schemas"
)

// History is what the live view no longer holds. sinks/clickhouse has it.
type History interface {
	// Incidents returns incidents that match q, newest (DetectedAt, ID) first,
	// those after q.After only, at most q.Limit.
	Incidents(ctx context.Context, q Query) ([]schemas.Incident, error)
	// Incident returns one incident; found is false when there is none.
	Incident(ctx context.Context, id string) (inc schemas.Incident, found bool, err error)
	// Members returns the signals placed in an incident with their decisions,
	// earliest first, at most limit.
	Members(ctx context.Context, incidentID string, limit int) ([]Member, error)
	// Things returns what is in some incidents, each alert, ticket and change once,
	// in its latest state, earliest first, without the first ones up to offset, at
	// most limit; and how many there are in all.
	Things(ctx context.Context, incidentIDs []string, offset, limit int) ([]Member, int64, error)
	// Timeline returns the story of some incidents as one, earliest first, but for
	// entries of some types: the newest of them, at most limit.
	Timeline(ctx context.Context, incidentIDs, without []string, limit int) ([]schemas.TimelineEntry, error)
	// Deliveries returns how what was to be said of a main incident went, in the
	// order of its effects, at most limit.
	Deliveries(ctx context.Context, incidentID string, limit int) ([]schemas.Delivery, error)
	// Precedents returns the main incidents of before that are like inc, the newest
	// first, at most limit; and how many there are in the 30 days before it, and ever.
	Precedents(ctx context.Context, inc *schemas.Incident, limit int) (list []Precedent, recent, ever int64, err error)
	// Budgets returns the error budgets that an incident uses a part of.
	Budgets(ctx context.Context, incidentID string) ([]Budget, error)
	// Changes returns changes and windows, each as it was told last, the one that
	// begins first at the front, at most q.Limit.
	Changes(ctx context.Context, q ChangeQuery) ([]Change, error)
	// Unannounced counts by month, scope and team the changes that began from one
	// moment to before another and that nobody announced, the newest month at the
	// front, then the team with most, at most limit.
	Unannounced(ctx context.Context, from, to schemas.Time, scope, team string, limit int) ([]Unannounced, error)
	// Actions returns actions of post-mortems, those due first at the front, open
	// ones before the others, at most q.Limit.
	Actions(ctx context.Context, q ActionQuery) ([]schemas.ActionItem, error)

	Records
}

// Member is a signal in an incident, and why it is there.
type Member struct {
	schemas.MemberRef
	Repeats   int64              `json:"repeats"`
	At        schemas.Time       `json:"at"` // log time of the decision
	Score     int64              `json:"score,omitempty"`
	Threshold int64              `json:"threshold,omitempty"`
	Evidence  []schemas.Evidence `json:"evidence,omitempty"`
	RunnerUp  *schemas.RunnerUp  `json:"runner_up,omitempty"`
	Rules     string             `json:"rules,omitempty"`

	IncidentID  string         `json:"incident_id,omitempty"` // the incident it is a direct member of
	Summary     string         `json:"summary,omitempty"`     // what the signal itself says, from here on
	Description string         `json:"description,omitempty"`
	URL         string         `json:"url,omitempty"`
	Runbook     string         `json:"runbook,omitempty"`
	Labels      schemas.Labels `json:"labels,omitempty"`
}

// Query is what a list of incidents is filtered by. Empty fields do not filter.
type Query struct {
	IDs        []string // any of
	Statuses   []schemas.IncidentStatus
	Severities []schemas.Severity
	Services   []string     // any of
	Teams      []string     // any of
	Scope      string       //
	Since      schemas.Time // detected at or after
	Until      schemas.Time // detected before
	ParentID   string       // children of this incident
	MainOnly   bool         // no children
	Text       string       // contained in title, id, a service, a team or a ticket's key, in any case
	After      Position     // where the page before ended
	Limit      int
}

// Position is a place in the order of incidents: newest detected first, then
// by id downwards.
type Position struct {
	DetectedAt schemas.Time
	ID         string
}

// IsZero reports whether p is the beginning.
func (p Position) IsZero() bool { return p.ID == "" }

// compare orders positions as a page shows them.
func (p Position) compare(q Position) int {
	if p.DetectedAt != q.DetectedAt {
		if p.DetectedAt > q.DetectedAt {
			return -1
		}
		return 1
	}
	return strings.Compare(q.ID, p.ID)
}

func positionOf(inc *schemas.Incident) Position { return Position{inc.DetectedAt, inc.ID} }

// knownAt is when inc was detected or, for imported history, which nobody
// detected, when it started.
func knownAt(inc *schemas.Incident) schemas.Time {
	if inc.DetectedAt == 0 {
		return inc.StartedAt
	}
	return inc.DetectedAt
}

// Match reports whether inc passes every filter of q but its position.
func (q *Query) Match(inc *schemas.Incident) bool {
	switch {
	case len(q.IDs) > 0 && !slices.Contains(q.IDs, inc.ID),
		len(q.Statuses) > 0 && !slices.Contains(q.Statuses, inc.Status),
		len(q.Severities) > 0 && !slices.Contains(q.Severities, inc.Severity),
		q.Scope != "" && inc.Scope != q.Scope,
		q.Since != 0 && knownAt(inc) < q.Since,
		q.Until != 0 && knownAt(inc) >= q.Until,
		q.ParentID != "" && inc.ParentID != q.ParentID,
		q.MainOnly && inc.ParentID != "":
		return false
	}
	if len(q.Services) > 0 && !slices.ContainsFunc(inc.Services, func(s string) bool { return slices.Contains(q.Services, s) }) {
		return false
	}
	if len(q.Teams) > 0 && !slices.ContainsFunc(inc.Teams, func(t string) bool { return slices.Contains(q.Teams, t) }) {
		return false
	}
	return q.Text == "" || q.matchText(inc)
}

func (q *Query) matchText(inc *schemas.Incident) bool {
	want := strings.ToLower(q.Text)
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), want) }
	return has(inc.Title) || has(inc.ID) || slices.ContainsFunc(inc.Services, has) || slices.ContainsFunc(inc.Teams, has) ||
		slices.ContainsFunc(inc.Tickets, func(t schemas.TicketRef) bool { return has(t.Key) })
}

// needsHistory reports whether an incident that the view has let go could
// match: only closed ones ever leave it.
func (q *Query) needsHistory() bool {
	return len(q.Statuses) == 0 || slices.Contains(q.Statuses, schemas.IncidentClosed)
}

// pastFailed notes that history could not be asked, unless who asked has gone: then
// nobody waits for the answer, and nothing is wrong.
func (a *API) pastFailed(ctx context.Context, err error) {
	event := a.log.Warn()
	if errors.Is(ctx.Err(), context.Canceled) {
		event = a.log.Debug()
	}
	event.Err(err).Msg("history is not available")
}
