package process

import (
	"fmt"

	"pinkstar/schemas"
)

// A record over the brokers' limit can never be written, and a partition that
// tries for ever has stopped. So what comes in is bounded (readSignal), and what
// goes out is cut, visibly, should it still be too large.

// maxOutcomeBytes is what an outcome may take: brokers take 1 MB by default.
const maxOutcomeBytes = 900 << 10

// maxNameBytes bounds the fields that incidents and other signals' decisions
// repeat.
const maxNameBytes = 4 << 10

func checkNames(s *schemas.Signal) error {
	for _, f := range []struct{ name, value string }{
		{"name", s.Name}, {"source", s.Source}, {"fingerprint", s.Fingerprint}, {"scope", s.Scope}, {"service", s.Service},
		{"instance", s.Instance}, {"host", s.Host}, {"team", s.Team}, {"url", s.URL}, {"runbook", s.Runbook},
	} {
		if len(f.value) > maxNameBytes {
			return fmt.Errorf("%s: takes %d bytes; the limit is %d", f.name, len(f.value), maxNameBytes)
		}
	}
	return nil
}

// shrink returns v without what makes it large.
func shrink(v any) any {
	const why = "too large to be written whole: lists were left out"
	switch v := v.(type) {
	case *schemas.Decision:
		d := *v
		d.Signal, d.Evidence, d.RunnerUp = nil, nil, nil
		d.Reason = cutName(d.Reason) + " (" + why + ")"
		return &d
	case *schemas.Incident:
		in := *v
		in.Members, in.Timeline, in.Links, in.Candidates, in.Notices, in.Tickets = nil, nil, nil, nil, nil, nil
		in.Title, in.Limited = cutName(in.Title), why
		in.Children = in.Children[:min(len(in.Children), 1000)]
		in.Services = in.Services[:min(len(in.Services), 100)]
		in.Teams = in.Teams[:min(len(in.Teams), 100)]
		return &in
	case *schemas.TimelineEntry:
		e := *v
		e.Text = cutName(e.Text) + " (cut)"
		return &e
	case *schemas.Problem:
		p := *v
		p.Evidence, p.Title, p.Signature = nil, cutName(p.Title), cutName(p.Signature)
		return &p
	default:
		return v
	}
}

func cutName(s string) string { return s[:min(len(s), maxNameBytes)] }
