package clickhouse

import (
	"fmt"

	"pinkstar/schemas"
)

const t0 = schemas.Time(1_790_000_000_000) // 2026-09-21T14:13:20Z

// sampleSignal is the n-th of a stream of different alerts.
func sampleSignal(n int) *schemas.Signal {
	at := t0.Add(int64(n) * 50)
	s := &schemas.Signal{
		Kind: schemas.KindAlert, Source: "alertmanager", Fingerprint: fmt.Sprintf("%016x", n), Status: schemas.StatusFiring,
		Tenant: "default", Environment: "production", Scope: "default/production",
		Name: fmt.Sprintf("Alert%d", n%40), Severity: schemas.SeverityCritical, Service: fmt.Sprintf("service-%d", n%50),
		Instance: fmt.Sprintf("pod-%d", n%500), Host: fmt.Sprintf("node-%d", n%20), Team: "defence",
		StartsAt: at, ReceivedAt: at.Add(2 * schemas.Second),
		Summary: "Error rate is 12.5 % on \"checkout\"", Description: "More than 5 % of requests failed for 5 minutes.",
		Labels: schemas.LabelsOf(map[string]string{
			"alertname": fmt.Sprintf("Alert%d", n%40), "service": fmt.Sprintf("service-%d", n%50), "severity": "critical",
			"pod": fmt.Sprintf("pod-%d", n%500), "node": fmt.Sprintf("node-%d", n%20), "env": "production",
		}),
		URL: "https://prometheus.example/graph?g0.expr=x", Runbook: "https://runbooks.example/error-rate",
	}
	s.ID = schemas.SignalID(s).String()
	return s
}

func sampleDecision(n int) *schemas.Decision {
	s := sampleSignal(n)
	return &schemas.Decision{
		SignalID: s.ID, Revision: 1, Scope: s.Scope, Kind: s.Kind, Verdict: schemas.VerdictPlaced,
		IncidentID: fmt.Sprintf("INC-%012d", n%100), Reason: "same service as the alert before it, 12 s apart",
		At: s.ReceivedAt, LastAt: s.ReceivedAt, Score: 4200, Threshold: 2500,
		Evidence: []schemas.Evidence{{Kind: "same_service", Points: 3000, Detail: "both on service-1"}, {Kind: "time", Points: 1200, Detail: "12 s apart"}},
		AnchorID: s.ID, Rules: "0123456789ab", Topology: "ba9876543210", Candidates: 3, Signal: s,
	}
}

func record(offset int64, typ string, v any) schemas.Record {
	b, err := schemas.Marshal(v)
	if err != nil {
		panic(err)
	}
	return schemas.Record{Offset: offset, Time: t0, Type: typ, Value: b}
}

// decisions makes a batch of n decisions from the first on; offsets have gaps.
func decisions(first, n int) *schemas.Batch {
	b := &schemas.Batch{Topic: "pinkstar.decisions", TopicID: "id-1", Partition: 3}
	for i := first; i < first+n; i++ {
		b.Records = append(b.Records, record(int64(2*i), schemas.TypeDecision, sampleDecision(i)))
	}
	return bounded(b)
}

func bounded(b *schemas.Batch) *schemas.Batch {
	b.First, b.Last = b.Records[0].Offset, b.Records[len(b.Records)-1].Offset
	return b
}
