package clickhouse

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// PastFilter says which of the stored signals are read. Empty fields do not
// filter.
type PastFilter struct {
	Since, Until schemas.Time // log time of the decision
	Scope        string
	Limit        int // at most this many, 0 for all
}

// storedSignals reads signals back in the order in which they were decided.
const storedSignals = `
SELECT signal_id, kind, source, fingerprint, status, occurrence, tenant, environment, scope, name, severity,
	service, instance, host, team, toUnixTimestamp64Milli(starts_at), toUnixTimestamp64Milli(ends_at),
	toUnixTimestamp64Milli(received_at), summary, description, url, runbook, labels, annotations, flags, detail, imported,
	toUnixTimestamp64Milli(decided_at) AS decided
FROM v_signals`

// Signals hands the stored signals to f in the order in which they were
// decided, with log time then. An error of f ends it.
func (q *Queries) Signals(ctx context.Context, p PastFilter, f func(*schemas.Signal, schemas.Time) error) error {
	w := &where{}
	w.add("(decision != 'refused' OR kind = 'command')")
	if p.Since != 0 {
		w.add("decided_at >= "+instant, int64(p.Since))
	}
	if p.Until != 0 {
		w.add("decided_at < "+instant, int64(p.Until))
	}
	if p.Scope != "" {
		w.add("scope = ?", p.Scope)
	}
	sql := storedSignals + w.String() + " ORDER BY decided, received_at, signal_id"
	if p.Limit > 0 {
		sql += " LIMIT ?"
		w.args = append(w.args, p.Limit)
	}
	return scan(ctx, q.conn, "signals", func(r driver.Rows) error {
		s, at, err := storedSignal(r)
		if err != nil {
			return err
		}
		return f(s, at)
	}, sql, w.args...)
}

func storedSignal(r driver.Rows) (*schemas.Signal, schemas.Time, error) {
	var decided int64
	s, err := signalOf(r, &decided)
	return s, schemas.Time(decided), err
}

// signalOf reads the columns of a signal, in the order of storedSignals, and what
// stands behind them into more.
func signalOf(r driver.Rows, more ...any) (*schemas.Signal, error) {
	s := &schemas.Signal{}
	var kind, status, severity, detail string
	var labels, annotations map[string]string
	var startsAt, endsAt, receivedAt int64
	err := r.Scan(append([]any{&s.ID, &kind, &s.Source, &s.Fingerprint, &status, &s.Occurrence, &s.Tenant, &s.Environment, &s.Scope, &s.Name, &severity,
		&s.Service, &s.Instance, &s.Host, &s.Team, &startsAt, &endsAt, &receivedAt, &s.Summary, &s.Description, &s.URL, &s.Runbook,
		&labels, &annotations, &s.Flags, &detail, &s.Imported}, more...)...)
	if err != nil {
		return nil, err
	}
	s.Kind, s.Status, s.Severity = schemas.Kind(kind), schemas.Status(status), schemas.Severity(severity)
	s.StartsAt, s.EndsAt, s.ReceivedAt = schemas.Time(startsAt), schemas.Time(endsAt), schemas.Time(receivedAt)
	s.Labels, s.Annotations = schemas.LabelsOf(labels), schemas.LabelsOf(annotations)
	return s, readDetail(s, detail)
}

// readDetail is detailOf backwards.
func readDetail(s *schemas.Signal, detail string) error {
	if detail == "" {
		return nil
	}
	var into any
	switch s.Kind {
	case schemas.KindTicket:
		s.Ticket = &schemas.Ticket{}
		into = s.Ticket
	case schemas.KindMaintenance, schemas.KindChange:
		s.Change = &schemas.Change{}
		into = s.Change
	case schemas.KindImpact:
		s.Impact = &schemas.Impact{}
		into = s.Impact
	case schemas.KindCommand:
		s.Command = &schemas.Command{}
		into = s.Command
	default:
		return nil
	}
	return json.Unmarshal([]byte(detail), into)
}

// storedDecisions are decisions with what its signal is called.
const storedDecisions = `
SELECT d.signal_id, d.kind, d.decision, d.incident_id, d.reason, toUnixTimestamp64Milli(d.at), d.repeats, d.score, d.threshold,
	d.evidence, d.anchor_id, d.runner_up, d.rules, d.topology, d.learnt, d.behaviour, d.scope,
	s.name, s.service, s.instance, s.severity, s.status, toUnixTimestamp64Milli(s.starts_at)
FROM
(
	SELECT * FROM current_decisions WHERE %s ORDER BY at, signal_id LIMIT ?
) AS d
LEFT JOIN
(
	SELECT * FROM signals WHERE signal_id IN (SELECT signal_id FROM decisions WHERE %s) LIMIT 1 BY signal_id
) AS s ON s.signal_id = d.signal_id
ORDER BY d.at, d.signal_id`

// DecisionsOf returns the latest decisions about the members of an incident,
// each with as much of its signal as a list shows.
func (q *Queries) DecisionsOf(ctx context.Context, incidentID string, limit int) ([]schemas.Decision, error) {
	return q.decisions(ctx, "incident_id = ?", []any{incidentID}, "incident_id = ?", []any{incidentID}, limit)
}

// Decision returns the latest decision about one signal.
func (q *Queries) Decision(ctx context.Context, signalID string) (d schemas.Decision, found bool, err error) {
	list, err := q.decisions(ctx, "signal_id = ?", []any{signalID}, "signal_id = ?", []any{signalID}, 1)
	if err != nil || len(list) == 0 {
		return d, false, err
	}
	return list[0], true, nil
}

func (q *Queries) decisions(ctx context.Context, which string, args []any, whose string, more []any, limit int) ([]schemas.Decision, error) {
	var out []schemas.Decision
	args = append(append(args, limitOf(limit)), more...)
	err := scan(ctx, q.conn, "decisions", func(r driver.Rows) error {
		var d schemas.Decision
		s := &schemas.Signal{}
		var kind, verdict, evidence, runnerUp, severity, status string
		var at, startsAt int64
		err := r.Scan(&d.SignalID, &kind, &verdict, &d.IncidentID, &d.Reason, &at, &d.Repeats, &d.Score, &d.Threshold, &evidence, &d.AnchorID,
			&runnerUp, &d.Rules, &d.Topology, &d.Learnt, &d.Behaviour, &d.Scope, &s.Name, &s.Service, &s.Instance, &severity, &status, &startsAt)
		if err != nil {
			return err
		}
		d.Kind, d.Verdict, d.At = schemas.Kind(kind), schemas.Verdict(verdict), schemas.Time(at)
		s.ID, s.Kind, s.Severity, s.Status, s.StartsAt = d.SignalID, d.Kind, schemas.Severity(severity), schemas.Status(status), schemas.Time(startsAt)
		d.Signal = s
		if evidence != "" {
			err = json.Unmarshal([]byte(evidence), &d.Evidence)
		}
		if err == nil && runnerUp != "" {
			err = json.Unmarshal([]byte(runnerUp), &d.RunnerUp)
		}
		out = append(out, d)
		return err
	}, fmt.Sprintf(storedDecisions, which, whose), args...)
	return out, err
}
