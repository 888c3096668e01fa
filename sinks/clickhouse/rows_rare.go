package clickhouse

import "pinkstar/schemas"

// The tables below get few rows: what is built per row need not be fast, only
// plain. each collects one column over rows.
func each[T, V any](rows []T, value func(*T) V) []V {
	out := make([]V, len(rows))
	for i := range rows {
		out[i] = value(&rows[i])
	}
	return out
}

// withBody is a decoded value and the JSON it came from.
type withBody[T any] struct {
	v    T
	body string
}

type incidentRow = withBody[schemas.Incident]

func incidentCols(rows []incidentRow) []col {
	text := func(f func(*schemas.Incident) string) []string {
		return each(rows, func(r *incidentRow) string { return f(&r.v) })
	}
	num := func(f func(*schemas.Incident) int64) []int64 {
		return each(rows, func(r *incidentRow) int64 { return f(&r.v) })
	}
	real := func(f func(*schemas.Incident) float64) []float64 {
		return each(rows, func(r *incidentRow) float64 { return f(&r.v) })
	}
	list := func(f func(*schemas.Incident) []string) [][]string {
		return each(rows, func(r *incidentRow) []string { return f(&r.v) })
	}
	type in = schemas.Incident
	return []col{
		{"incident_id", text(func(i *in) string { return i.ID })},
		{"revision", num(func(i *in) int64 { return i.Revision })},
		{"scope", text(func(i *in) string { return i.Scope })},
		{"parent_id", text(func(i *in) string { return i.ParentID })},
		{"status", text(func(i *in) string { return string(i.Status) })},
		{"severity", text(func(i *in) string { return string(i.Severity) })},
		{"title", text(func(i *in) string { return i.Title })},
		{"services", list(func(i *in) []string { return i.Services })},
		{"teams", list(func(i *in) []string { return i.Teams })},
		{"root_service", text(func(i *in) string { return root(i).Service })},
		{"root_score", num(func(i *in) int64 { return root(i).Score })},
		{"root_reason", text(func(i *in) string { return root(i).Reason })},
		{"assignee", text(func(i *in) string { return i.Assignee })},
		{"started_at", num(func(i *in) int64 { return int64(i.StartedAt) })},
		{"detected_at", num(func(i *in) int64 { return int64(i.DetectedAt) })},
		{"acknowledged_at", num(func(i *in) int64 { return int64(i.AcknowledgedAt) })},
		{"mitigated_at", num(func(i *in) int64 { return int64(i.MitigatedAt) })},
		{"resolved_at", num(func(i *in) int64 { return int64(i.ResolvedAt) })},
		{"closed_at", num(func(i *in) int64 { return int64(i.ClosedAt) })},
		{"updated_at", num(func(i *in) int64 { return int64(i.UpdatedAt) })},
		{"signals", num(func(i *in) int64 { return i.SignalCount })},
		{"repeats", num(func(i *in) int64 { return i.RepeatCount })},
		{"alerts", num(func(i *in) int64 { return i.AlertCount })},
		{"active_alerts", num(func(i *in) int64 { return i.ActiveAlerts })},
		{"reopens", num(func(i *in) int64 { return i.ReopenCount })},
		{"flaps", num(func(i *in) int64 { return i.FlapCount })},
		{"tickets", list(ticketKeys)},
		{"problem_id", text(func(i *in) string { return i.ProblemID })},
		{"currency", text(func(i *in) string { return i.Impact.Currency })},
		{"lost_low", real(func(i *in) float64 { return i.Impact.LostRevenue.Low })},
		{"lost_likely", real(func(i *in) float64 { return i.Impact.LostRevenue.Likely })},
		{"lost_high", real(func(i *in) float64 { return i.Impact.LostRevenue.High })},
		{"cost_low", real(func(i *in) float64 { return i.Impact.Cost.Low })},
		{"cost_likely", real(func(i *in) float64 { return i.Impact.Cost.Likely })},
		{"cost_high", real(func(i *in) float64 { return i.Impact.Cost.High })},
		{"minutes", real(func(i *in) float64 { return i.Impact.Minutes })},
		{"measured", each(rows, func(r *incidentRow) uint8 { return bit(r.v.Impact.Measured) })},
		{"formula", text(func(i *in) string { return i.Impact.Formula })},
		{"rules", text(func(i *in) string { return i.Rules })},
		{"topology", text(func(i *in) string { return i.Topology })},
		{"body", each(rows, func(r *incidentRow) string { return r.body })},
	}
}

func root(i *schemas.Incident) schemas.SuspectedRoot {
	if len(i.Roots) == 0 {
		return schemas.SuspectedRoot{}
	}
	return i.Roots[0]
}

func ticketKeys(i *schemas.Incident) []string {
	return each(i.Tickets, func(t *schemas.TicketRef) string { return t.Key })
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

type problemRow = withBody[schemas.Problem]

func problemCols(rows []problemRow) []col {
	text := func(f func(*schemas.Problem) string) []string {
		return each(rows, func(r *problemRow) string { return f(&r.v) })
	}
	num := func(f func(*schemas.Problem) int64) []int64 {
		return each(rows, func(r *problemRow) int64 { return f(&r.v) })
	}
	real := func(f func(*schemas.Problem) float64) []float64 {
		return each(rows, func(r *problemRow) float64 { return f(&r.v) })
	}
	type pr = schemas.Problem
	return []col{
		{"problem_id", text(func(p *pr) string { return p.ID })},
		{"revision", num(func(p *pr) int64 { return p.Revision })},
		{"scope", text(func(p *pr) string { return p.Scope })},
		{"signature", text(func(p *pr) string { return p.Signature })},
		{"title", text(func(p *pr) string { return p.Title })},
		{"status", text(func(p *pr) string { return string(p.Status) })},
		{"owner", text(func(p *pr) string { return p.Owner })},
		{"service", text(func(p *pr) string { return p.Service })},
		{"incident_ids", each(rows, func(r *problemRow) []string { return r.v.IncidentIDs })},
		{"incidents", num(func(p *pr) int64 { return p.Count })},
		{"first_seen_at", num(func(p *pr) int64 { return int64(p.FirstSeenAt) })},
		{"last_seen_at", num(func(p *pr) int64 { return int64(p.LastSeenAt) })},
		{"flagged_at", num(func(p *pr) int64 { return int64(p.FlaggedAt) })},
		{"solved_at", num(func(p *pr) int64 { return int64(p.SolvedAt) })},
		{"solved_by", text(func(p *pr) string { return p.SolvedBy })},
		{"returned_at", num(func(p *pr) int64 { return int64(p.ReturnedAt) })},
		{"declared_by", text(func(p *pr) string { return p.DeclaredBy })},
		{"updated_at", num(func(p *pr) int64 { return int64(p.UpdatedAt) })},
		{"currency", text(func(p *pr) string { return p.Cost.Currency })},
		{"lost_low", real(func(p *pr) float64 { return p.Cost.LostRevenue.Low })},
		{"lost_likely", real(func(p *pr) float64 { return p.Cost.LostRevenue.Likely })},
		{"lost_high", real(func(p *pr) float64 { return p.Cost.LostRevenue.High })},
		{"cost_low", real(func(p *pr) float64 { return p.Cost.Cost.Low })},
		{"cost_likely", real(func(p *pr) float64 { return p.Cost.Cost.Likely })},
		{"cost_high", real(func(p *pr) float64 { return p.Cost.Cost.High })},
		{"minutes", real(func(p *pr) float64 { return p.Minutes })},
		{"rules", text(func(p *pr) string { return p.Rules })},
		{"body", each(rows, func(r *problemRow) string { return r.body })},
	}
}

func timelineCols(rows []schemas.TimelineEntry) []col {
	type te = schemas.TimelineEntry
	return []col{
		{"incident_id", each(rows, func(e *te) string { return e.IncidentID })},
		{"seq", each(rows, func(e *te) int64 { return e.Seq })},
		{"scope", each(rows, func(e *te) string { return e.Scope })},
		{"at", each(rows, func(e *te) int64 { return int64(e.At) })},
		{"event_at", each(rows, func(e *te) int64 { return int64(e.EventAt) })},
		{"type", each(rows, func(e *te) string { return e.Type })},
		{"text", each(rows, func(e *te) string { return e.Text })},
		{"signal_id", each(rows, func(e *te) string { return e.SignalID })},
		{"by", each(rows, func(e *te) string { return e.By })},
	}
}

func deadLetterCols(rows []schemas.DeadLetter) []col {
	type dl = schemas.DeadLetter
	return []col{
		{"signal_id", each(rows, func(d *dl) string { return d.SignalID })},
		{"topic", each(rows, func(d *dl) string { return d.Topic })},
		{"partition", each(rows, func(d *dl) int32 { return d.Partition })},
		{"offset", each(rows, func(d *dl) int64 { return d.Offset })},
		{"at", each(rows, func(d *dl) int64 { return int64(d.At) })},
		{"stage", each(rows, func(d *dl) string { return d.Stage })},
		{"reason", each(rows, func(d *dl) string { return d.Reason })},
		{"value", each(rows, func(d *dl) string { return string(d.Value) })},
		{"size", each(rows, func(d *dl) int64 { return int64(d.Size) })},
	}
}
