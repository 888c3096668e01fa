package clickhouse

import (
	"context"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/schemas"
)

// col is one column of an insert: its name and a slice with one value per row.
type col struct {
	name   string
	values any
}

// send inserts columns of n rows as one block under a deduplication token.
func send(ctx context.Context, conn driver.Conn, table string, n int, cols []col) error {
	if n == 0 {
		return nil
	}
	names := make([]string, len(cols))
	for i, c := range cols {
		names[i] = c.name
	}
	b, err := conn.PrepareBatch(ctx, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+")")
	if err != nil {
		return fmt.Errorf("inserting into %s: %w", table, err)
	}
	defer b.Close()
	for i, c := range cols {
		if err := fill(b.Column(i), c.values); err != nil {
			return &permanent{fmt.Errorf("column %s.%s: %w", table, c.name, err)}
		}
	}
	if err := b.Send(); err != nil {
		return fmt.Errorf("inserting %d rows into %s: %w", n, table, err)
	}
	return nil
}

// fill appends a column's values. Times travel as milliseconds.
func fill(dst driver.BatchColumn, values any) error {
	switch v := values.(type) {
	case []schemas.Labels:
		for _, ls := range v {
			if err := dst.AppendRow(labelMap(ls)); err != nil {
				return err
			}
		}
		return nil
	case [][]string:
		for _, s := range v {
			if err := dst.AppendRow(s); err != nil {
				return err
			}
		}
		return nil
	default:
		return dst.Append(v)
	}
}

// labelMap lets the client read Labels as a map, without making one.
type labelMap schemas.Labels

// Put is never called: it is for reading rows.
func (labelMap) Put(any, any) {}

// Iterator implements column.IterableOrderedMap.
func (m labelMap) Iterator() column.MapIterator { return &labelIterator{ls: m, i: -1} }

type labelIterator struct {
	ls labelMap
	i  int
}

func (it *labelIterator) Next() bool { it.i++; return it.i < len(it.ls) }
func (it *labelIterator) Key() any   { return it.ls[it.i].Name }
func (it *labelIterator) Value() any { return it.ls[it.i].Value }

// signalRows are the columns of table signals.
type signalRows struct {
	n                                                                     int
	id, kind, source, fingerprint, status, occurrence, tenant, env, scope []string
	name, severity, service, instance, host, team                         []string
	startsAt, endsAt, receivedAt                                          []int64
	summary, description, url, runbook, detail                            []string
	labels, annotations                                                   []schemas.Labels
	flags                                                                 [][]string
}

// reserve makes room for n values in each column: growing step by step would
// copy them over and over.
func reserve[T any](n int, cols ...*[]T) {
	for _, c := range cols {
		*c = make([]T, 0, n)
	}
}

func (r *signalRows) reserve(n int) {
	reserve(n, &r.id, &r.kind, &r.source, &r.fingerprint, &r.status, &r.occurrence, &r.tenant, &r.env, &r.scope,
		&r.name, &r.severity, &r.service, &r.instance, &r.host, &r.team,
		&r.summary, &r.description, &r.url, &r.runbook, &r.detail)
	reserve(n, &r.startsAt, &r.endsAt, &r.receivedAt)
	reserve(n, &r.labels, &r.annotations)
	reserve(n, &r.flags)
}

func (r *signalRows) add(s *schemas.Signal, detail string) {
	r.n++
	r.id, r.kind, r.source = append(r.id, s.ID), append(r.kind, string(s.Kind)), append(r.source, s.Source)
	r.fingerprint, r.status = append(r.fingerprint, s.Fingerprint), append(r.status, string(s.Status))
	r.occurrence, r.tenant = append(r.occurrence, s.Occurrence), append(r.tenant, s.Tenant)
	r.env, r.scope, r.name = append(r.env, s.Environment), append(r.scope, s.Scope), append(r.name, s.Name)
	r.severity, r.service = append(r.severity, string(s.Severity)), append(r.service, s.Service)
	r.instance, r.host, r.team = append(r.instance, s.Instance), append(r.host, s.Host), append(r.team, s.Team)
	r.startsAt, r.endsAt = append(r.startsAt, int64(s.StartsAt)), append(r.endsAt, int64(s.EndsAt))
	r.receivedAt = append(r.receivedAt, int64(s.ReceivedAt))
	r.summary, r.description = append(r.summary, s.Summary), append(r.description, s.Description)
	r.url, r.runbook, r.detail = append(r.url, s.URL), append(r.runbook, s.Runbook), append(r.detail, detail)
	r.labels, r.annotations = append(r.labels, s.Labels), append(r.annotations, s.Annotations)
	r.flags = append(r.flags, s.Flags)
}

func (r *signalRows) cols() []col {
	return []col{
		{"signal_id", r.id}, {"kind", r.kind}, {"source", r.source}, {"fingerprint", r.fingerprint},
		{"status", r.status}, {"occurrence", r.occurrence}, {"tenant", r.tenant}, {"environment", r.env},
		{"scope", r.scope}, {"name", r.name}, {"severity", r.severity}, {"service", r.service},
		{"instance", r.instance}, {"host", r.host}, {"team", r.team},
		{"starts_at", r.startsAt}, {"ends_at", r.endsAt}, {"received_at", r.receivedAt},
		{"summary", r.summary}, {"description", r.description}, {"url", r.url}, {"runbook", r.runbook},
		{"detail", r.detail}, {"labels", r.labels}, {"annotations", r.annotations}, {"flags", r.flags},
	}
}

// decisionRows are the columns of table decisions.
type decisionRows struct {
	n                                                           int
	id, scope, kind, verdict, incident, reason                  []string
	revision, at, repeats, lastAt, score, threshold             []int64
	evidence, anchor, runnerUp, window, rules, topology, learnt []string
	candidates                                                  []int32
}

func (r *decisionRows) reserve(n int) {
	reserve(n, &r.id, &r.scope, &r.kind, &r.verdict, &r.incident, &r.reason,
		&r.evidence, &r.anchor, &r.runnerUp, &r.window, &r.rules, &r.topology, &r.learnt)
	reserve(n, &r.revision, &r.at, &r.repeats, &r.lastAt, &r.score, &r.threshold)
	reserve(n, &r.candidates)
}

func (r *decisionRows) add(d *schemas.Decision, evidence, runnerUp string) {
	r.n++
	r.id, r.revision = append(r.id, d.SignalID), append(r.revision, d.Revision)
	r.scope, r.kind = append(r.scope, d.Scope), append(r.kind, string(d.Kind))
	r.verdict, r.incident = append(r.verdict, string(d.Verdict)), append(r.incident, d.IncidentID)
	r.reason, r.at = append(r.reason, d.Reason), append(r.at, int64(d.At))
	r.repeats, r.lastAt = append(r.repeats, d.Repeats), append(r.lastAt, int64(d.LastAt))
	r.score, r.threshold = append(r.score, d.Score), append(r.threshold, d.Threshold)
	r.evidence, r.anchor = append(r.evidence, evidence), append(r.anchor, d.AnchorID)
	r.runnerUp, r.window = append(r.runnerUp, runnerUp), append(r.window, d.WindowID)
	r.rules, r.topology = append(r.rules, d.Rules), append(r.topology, d.Topology)
	r.learnt, r.candidates = append(r.learnt, d.Learnt), append(r.candidates, int32(d.Candidates))
}

func (r *decisionRows) cols() []col {
	return []col{
		{"signal_id", r.id}, {"revision", r.revision}, {"scope", r.scope}, {"kind", r.kind},
		{"decision", r.verdict}, {"incident_id", r.incident}, {"reason", r.reason}, {"at", r.at},
		{"repeats", r.repeats}, {"last_at", r.lastAt}, {"score", r.score}, {"threshold", r.threshold},
		{"evidence", r.evidence}, {"anchor_id", r.anchor}, {"runner_up", r.runnerUp}, {"window_id", r.window},
		{"rules", r.rules}, {"topology", r.topology}, {"learnt", r.learnt}, {"candidates", r.candidates},
	}
}
