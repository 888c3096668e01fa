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
		Statuses: q.Statuses, Severities: q.Severities, Services: q.Services, Scope: q.Scope, Since: q.Since, Until: q.Until,
		ParentID: q.ParentID, MainOnly: q.MainOnly, Text: q.Text,
		AfterDetectedAt: q.After.DetectedAt, AfterID: q.After.ID, Limit: q.Limit,
	})
}

// Members implements web.History.
func (h history) Members(ctx context.Context, incidentID string, limit int) ([]web.Member, error) {
	list, err := h.Queries.Members(ctx, incidentID, limit)
	if err != nil {
		return nil, err
	}
	out := make([]web.Member, len(list))
	for i := range list {
		out[i] = web.Member(list[i])
	}
	return out, nil
}

// Changes implements web.History.
func (h history) Changes(ctx context.Context, q web.ChangeQuery) ([]web.Change, error) {
	list, err := h.Queries.Changes(ctx, clickhouse.ChangeFilter(q))
	if err != nil {
		return nil, err
	}
	out := make([]web.Change, len(list))
	for i := range list {
		out[i] = web.Change(list[i])
	}
	return out, nil
}
