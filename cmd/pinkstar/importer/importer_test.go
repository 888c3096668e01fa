package importer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pinkstar/correlate/rules"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

var (
	begin = schemas.TimeOf(time.Date(2025, 1, 6, 8, 0, 0, 0, time.UTC))
	now   = begin.Add(400 * schemas.Day)
)

func options() ReadOptions {
	return ReadOptions{Naming: schemas.DefaultNaming(), Limits: ingest.DefaultLimits(), Now: now, Max: 100_000}
}

// outcome is everything that an import published.
type outcome struct {
	lines     []string
	decisions map[string]schemas.Decision
	incidents map[string]schemas.Incident
	problems  []schemas.Problem
	sum       Summary
}

func imports(t interface{ Fatal(...any) }, files ...string) outcome {
	h := NewHistory(options())
	for i, f := range files {
		if err := h.Read(context.Background(), fmt.Sprintf("file%d", i), strings.NewReader(f)); err != nil {
			t.Fatal(err)
		}
	}
	if len(h.Bad) > 0 {
		t.Fatal(h.Bad)
	}
	if err := h.Sort(); err != nil {
		t.Fatal(err)
	}
	out := outcome{decisions: map[string]schemas.Decision{}, incidents: map[string]schemas.Incident{}}
	var err error
	out.sum, err = h.Run(context.Background(), Setup{Rules: rules.Default(), Topology: rules.EmptyTopology(), Learnt: rules.EmptyLearnt(), Emit: func(e schemas.Emission) error {
		text := e.Append(nil)
		out.lines = append(out.lines, e.Type+" "+e.ID+" "+string(text))
		switch e.Type {
		case schemas.TypeDecision:
			d, err := schemas.Decisions.Decode(text)
			if err != nil {
				return err
			}
			if d.Signal == nil {
				d.Signal = out.decisions[d.SignalID].Signal
			}
			out.decisions[d.SignalID] = *d
		case schemas.TypeIncident:
			inc, err := schemas.Incidents.Decode(text)
			if err != nil {
				return err
			}
			out.incidents[inc.ID] = *inc
		case schemas.TypeProblem:
			p, err := schemas.Problems.Decode(text)
			if err != nil {
				return err
			}
			out.problems = append(out.problems, *p)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// check holds whatever the history was.
func (o *outcome) check(t interface{ Errorf(string, ...any) }) {
	for _, inc := range o.incidents {
		switch {
		case inc.Status != schemas.IncidentClosed, !inc.Imported, inc.DetectedAt != 0, len(inc.Notices) > 0, inc.ActiveAlerts != 0:
			t.Errorf("published as %+v", inc)
		case inc.Impact.Cost != schemas.Range{}, inc.Impact.LostRevenue != schemas.Range{}:
			t.Errorf("%s costs %+v", inc.ID, inc.Impact)
		case inc.ClosedAt > o.sum.To || inc.ResolvedAt > o.sum.To || inc.UpdatedAt > o.sum.To || inc.ResolvedAt == 0 || inc.ClosedAt == 0:
			t.Errorf("%s is later than the history, which ends %s: %+v", inc.ID, o.sum.To, inc)
		}
	}
	for _, d := range o.decisions {
		if d.Signal == nil || !d.Signal.Imported || d.Revision >= 1 || d.At > o.sum.To {
			t.Errorf("decision %+v", d)
		}
		if _, ok := o.incidents[d.IncidentID]; d.IncidentID != "" && !ok {
			t.Errorf("decision on %s names %s, which was not published", d.SignalID, d.IncidentID)
		}
	}
	if len(o.incidents) != o.sum.Incidents || len(o.problems) != o.sum.Problems {
		t.Errorf("counted %+v, published %d incidents and %d problems", o.sum, len(o.incidents), len(o.problems))
	}
}

func alert(name, service string, status schemas.Status, start, end, received schemas.Time) string {
	line := fmt.Sprintf(`{"name":%q,"source":"old","status":%q,"labels":{"service":%q,"alertname":%q},"starts_at":%q`, name, status, service, name, start)
	if end != 0 {
		line += fmt.Sprintf(`,"ends_at":%q`, end)
	}
	if received != 0 {
		line += fmt.Sprintf(`,"received_at":%q`, received)
	}
	return line + "}\n"
}

// TestAnyHistoryIsOver: whatever the files hold and however they are split, the
// incidents are closed, marked and unpriced, and the same each time.
func TestAnyHistoryIsOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		r := rand.New(rand.NewPCG(seed, 7))
		var lines []string
		at := begin
		for i := range 1 + r.IntN(30) {
			at = at.Add(1 + r.Int64N(schemas.Hour*int64(1+r.IntN(40))))
			name, service := fmt.Sprintf("A%d", r.IntN(4)), fmt.Sprintf("s%d", r.IntN(3))
			switch r.IntN(6) {
			case 0:
				lines = append(lines, fmt.Sprintf(`{"kind":"ticket","source":"jira","name":"OPS-%d","summary":"%s down on %s","service":%q,"starts_at":%q,"received_at":%q,"ticket":{"key":"OPS-%d"}}`+"\n", i, name, service, service, at, at, i))
			case 1:
				lines = append(lines, alert(name, service, "resolved", at.Add(-schemas.Hour), at, 0))
			case 2:
				lines = append(lines, alert(name, service, "resolved", at.Add(-schemas.Hour), at, at))
			default:
				lines = append(lines, alert(name, service, "firing", at, 0, at.Add(r.Int64N(5000))))
			}
		}
		once := imports(t, strings.Join(lines, ""))
		once.check(t)
		if len(once.decisions) < len(lines)/2 {
			t.Errorf("%d decisions on %d lines", len(once.decisions), len(lines))
		}
		r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		half := len(lines) / 2
		again := imports(t, strings.Join(lines[:half], ""), strings.Join(lines[half:], ""))
		if !slices.Equal(once.lines, again.lines) {
			t.Errorf("the order of lines and files makes a difference:\n%s\n\n%s", strings.Join(once.lines, "\n"), strings.Join(again.lines, "\n"))
		}
	})
}

func TestALinePerAlertTellsItsStartToo(t *testing.T) {
	o := imports(t, alert("Down", "web", "resolved", begin, begin.Add(schemas.Hour), 0)+alert("Down", "web", "resolved", begin.Add(2*schemas.Day), begin.Add(2*schemas.Day+schemas.Hour), 0)+
		alert("Full", "db", "firing", begin.Add(3*schemas.Day), 0, 0)+alert("Full", "db", "resolved", begin.Add(3*schemas.Day), begin.Add(3*schemas.Day+schemas.Minute), 0))
	o.check(t)
	if len(o.incidents) != 3 || len(o.decisions) != 6 {
		t.Fatalf("%d incidents, %d decisions:\n%s", len(o.incidents), len(o.decisions), strings.Join(o.lines, "\n"))
	}
	for _, inc := range o.incidents {
		if inc.ResolvedAt.Sub(inc.StartedAt) > schemas.Hour || inc.AlertCount != 1 || inc.SignalCount != 2 {
			t.Errorf("%+v", inc)
		}
	}
}

func TestProblemsOfThePastAreFound(t *testing.T) {
	var file strings.Builder
	for i := range 4 {
		at := begin.Add(int64(i)*5*schemas.Day + int64(i*i)*7*schemas.Hour)
		for _, name := range []string{"DiskFull", "SlowWrites"} {
			file.WriteString(alert(name, "db", "firing", at, 0, at))
			file.WriteString(alert(name, "db", "resolved", at, at.Add(20*schemas.Minute), at.Add(20*schemas.Minute)))
		}
	}
	o := imports(t, file.String())
	o.check(t)
	if len(o.problems) != 1 || o.problems[0].Count != 4 || !o.problems[0].Imported || o.problems[0].Cost.Cost != (schemas.Range{}) {
		t.Errorf("problems %+v", o.problems)
	}
}

func TestWhatCannotBeHistoryIsRefused(t *testing.T) {
	for line, want := range map[string]string{
		`{"name":"X","source":"t"}`: "nothing says when it happened (starts_at_missing)",
		`{"name":"X","source":"t","status":"resolved","starts_at":"2025-01-01T00:00:00Z"}`: "nothing says when it happened (ends_at_missing)",
		alert("X", "s", "firing", now.Add(schemas.Day), 0, now.Add(schemas.Day)):           "still to come",
		"not json": "want an object",
	} {
		h := NewHistory(options())
		if err := h.Read(t.Context(), "f", strings.NewReader(line+"\n")); err != nil {
			t.Fatal(err)
		}
		if len(h.Bad) != 1 || !strings.Contains(h.Bad[0], want) || !strings.HasPrefix(h.Bad[0], "f, line 1: ") || h.Signals() != 0 {
			t.Errorf("%s: %v, want %q", line, h.Bad, want)
		}
	}
	o := options()
	o.Max, o.Until = 2, begin.Add(10)
	h := NewHistory(o)
	var file string
	for i := range 4 {
		file += alert("X", fmt.Sprint(i), "firing", begin.Add(int64(i)), 0, begin.Add(int64(i)))
	}
	if err := h.Read(t.Context(), "f", strings.NewReader(file)); err == nil || !strings.Contains(err.Error(), "over 2 signals") {
		t.Errorf("got %v", err)
	}
	h = NewHistory(o)
	if err := h.Read(t.Context(), "f", strings.NewReader(alert("X", "s", "firing", begin.Add(11), 0, begin.Add(11)))); err != nil || h.Later != 1 || h.Signals() != 0 {
		t.Errorf("%d later, %v", h.Later, err)
	}
}
