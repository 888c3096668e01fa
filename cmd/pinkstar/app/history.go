package app

import (
	"context"

	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/web"
)

// history returns the API's way to the past; nil when there is no ClickHouse.
func (a *App) history() web.History {
	if a.sql == nil {
		return nil
	}
	return history{clickhouse.NewQueries(a.sql.conn)}
}

// history is ClickHouse's queries in the API's words.
type history struct{ *clickhouse.Queries }

// Incidents implements web.History.
func (h history) Incidents(ctx context.Context, q web.Query) ([]schemas.Incident, error) {
	return h.Queries.Incidents(ctx, clickhouse.IncidentFilter{
		IDs: q.IDs, Statuses: q.Statuses, Severities: q.Severities, Services: q.Services, Teams: q.Teams, Scope: q.Scope, Since: q.Since, Until: q.Until,
		ParentID: q.ParentID, MainOnly: q.MainOnly, Text: q.Text,
		AfterDetectedAt: q.After.DetectedAt, AfterID: q.After.ID, Limit: q.Limit,
	})
}

// Members implements web.History.
func (h history) Members(ctx context.Context, incidentID string, limit int) ([]web.Member, error) {
	list, err := h.Queries.Members(ctx, incidentID, limit)
	return converted(list, err, func(m clickhouse.Member) web.Member { return web.Member(m) })
}

// Things implements web.History.
func (h history) Things(ctx context.Context, incidentIDs []string, offset, limit int) ([]web.Member, int64, error) {
	list, all, err := h.Queries.Things(ctx, incidentIDs, offset, limit)
	out, err := converted(list, err, func(m clickhouse.Member) web.Member { return web.Member(m) })
	return out, all, err
}

// Precedents implements web.History.
func (h history) Precedents(ctx context.Context, inc *schemas.Incident, limit int) (list []web.Precedent, recent, ever int64, err error) {
	past, recent, ever, err := h.Queries.Precedents(ctx, inc, limit)
	list, err = converted(past, err, func(p clickhouse.Precedent) web.Precedent { return web.Precedent(p) })
	return list, recent, ever, err
}

// Budgets implements web.History.
func (h history) Budgets(ctx context.Context, incidentID string) ([]web.Budget, error) {
	list, err := h.Queries.Budgets(ctx, incidentID)
	return converted(list, err, func(b clickhouse.Budget) web.Budget { return web.Budget(b) })
}

// Actions implements web.History.
func (h history) Actions(ctx context.Context, q web.ActionQuery) ([]schemas.ActionItem, error) {
	return h.Queries.Actions(ctx, clickhouse.ActionFilter(q))
}

// Uncovered implements web.Records.
func (h history) Uncovered(ctx context.Context, limit int) ([]web.Uncovered, error) {
	list, err := h.Queries.Uncovered(ctx, limit)
	return converted(list, err, func(u clickhouse.Uncovered) web.Uncovered { return web.Uncovered(u) })
}

// Apart implements web.Records.
func (h history) Apart(ctx context.Context, since schemas.Time, limit int) ([]web.Apart, error) {
	list, err := h.Queries.Apart(ctx, since, limit)
	return converted(list, err, func(x clickhouse.Apart) web.Apart { return web.Apart(x) })
}

func converted[From, To any](list []From, err error, f func(From) To) ([]To, error) {
	if err != nil {
		return nil, err
	}
	out := make([]To, len(list))
	for i, v := range list {
		out[i] = f(v)
	}
	return out, nil
}

// Changes implements web.History.
func (h history) Changes(ctx context.Context, q web.ChangeQuery) ([]web.Change, error) {
	list, err := h.Queries.Changes(ctx, clickhouse.ChangeFilter(q))
	return converted(list, err, func(c clickhouse.Change) web.Change { return web.Change(c) })
}

// Unannounced implements web.History.
func (h history) Unannounced(ctx context.Context, from, to schemas.Time, scope, team string, limit int) ([]web.Unannounced, error) {
	list, err := h.Queries.Unannounced(ctx, from, to, scope, team, limit)
	return converted(list, err, func(u clickhouse.Unannounced) web.Unannounced { return web.Unannounced(u) })
}
