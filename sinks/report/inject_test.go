package report

import (
	"encoding/csv"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"

	"pinkstar/schemas"
)

// evil is what somebody could put into any field that they send.
const evil = `=HYPERLINK("http://evil.example","x")<script>alert(1)</script><img src=x onerror=alert(2)>'"; DROP TABLE incidents; --` +
	"\n# head\n| a | b |\n|---|---|\nwww.evil.example ada@evil.example [click](javascript:alert(3))![p](http://evil.example/p.png) `code` </pre></style></svg>{{.}}$FROM"

// harmless fails the test where something of evil has come through.
func harmlessHTML(t *testing.T, text string) {
	t.Helper()
	for _, bad := range []string{"<script", "<img", "</style></svg>", `href="javascript`, "onerror=alert(2)>"} {
		if n := strings.Count(strings.ToLower(text), bad); n > 0 {
			at := strings.Index(strings.ToLower(text), bad)
			t.Errorf("%q is in the page: ...%s...", bad, text[max(at-80, 0):min(at+80, len(text))])
		}
	}
	if m := regexp.MustCompile(`(?i)(?:src|href)="(?:https?:|//)[^"]*"`).FindString(text); m != "" {
		t.Errorf("the page loads or links %s", m)
	}
	if !strings.Contains(text, "&lt;script&gt;") {
		t.Error("what was sent is not shown: the test looks at nothing")
	}
}

// harmlessMarkdown renders it as a forge would, with tables and links made of bare
// addresses, and raw HTML let through.
func harmlessMarkdown(t *testing.T, text string) {
	t.Helper()
	var b strings.Builder
	md := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe()))
	if err := md.Convert([]byte(text), &b); err != nil {
		t.Fatal(err)
	}
	harmlessHTML(t, b.String())
	for _, bad := range []string{"<a ", ">head</h1>", "<td>a</td>"} {
		if at := strings.Index(b.String(), bad); at >= 0 {
			t.Errorf("%s came of what was sent: ...%s...", bad, b.String()[max(at-80, 0):min(at+80, b.Len())])
		}
	}
	if !strings.Contains(b.String(), "<table>") {
		t.Error("the tables are none")
	}
}

// evilBatch has evil in every text that reaches the report.
func evilBatch(at schemas.Time) *batch {
	b := &batch{}
	inc := schemas.Incident{ID: "INC-" + evil, Revision: 1, Scope: evil, Severity: schemas.Severity(evil), Status: schemas.IncidentStatus(evil), Title: evil, Services: []string{evil}, Teams: []string{evil},
		Roots: []schemas.SuspectedRoot{{Service: evil, Reason: evil}}, Assignee: evil, StartedAt: at, DetectedAt: at.Add(1000), AcknowledgedAt: at.Add(2000), ResolvedAt: at.Add(5000), UpdatedAt: at, AlertCount: 1,
		Opening: evil, Members: []schemas.MemberRef{{SignalID: evil, Name: evil, Service: evil, Reason: evil}}, ProblemID: evil,
		Tickets:    []schemas.TicketRef{{Key: evil, Title: evil}},
		Candidates: []schemas.Candidate{{SignalID: evil, Kind: schemas.Kind(evil), Title: evil, Service: evil, Team: evil, Status: schemas.Status(evil), StartedAt: at, Reason: evil}},
		Notices:    []schemas.Notice{{Team: evil, Contact: evil, Text: evil, At: at}},
		Impact:     schemas.ImpactRange{Currency: evil, LostRevenue: schemas.Range{Low: 1, Likely: 2, High: 3}, Minutes: 1, Formula: evil}}
	add(b, schemas.Incidents, &inc)
	covered := inc
	covered.ID, covered.ParentID = evil+"2", inc.ID
	covered.Procedure = &schemas.Procedure{Name: evil, Owner: evil, OnCall: evil, Emergency: evil, Runbook: evil, AlertRunbook: evil}
	add(b, schemas.Incidents, &covered)
	add(b, schemas.Problems, &schemas.Problem{ID: evil, Revision: 1, Title: evil, Signature: evil, Status: schemas.ProblemStatus(evil), Owner: evil, SolvedBy: evil, Count: 1, LastSeenAt: at})
	for n, kind := range []schemas.Kind{schemas.KindMaintenance, schemas.KindAlert, schemas.KindTicket} {
		s := schemas.Signal{ID: evil + string(kind), Kind: kind, Source: evil, Fingerprint: evil, Status: schemas.Status(evil), Scope: evil, Name: evil, Service: evil, Team: evil, StartsAt: at, ReceivedAt: at.Add(600_000), Summary: evil, URL: evil}
		if kind == schemas.KindMaintenance {
			s.Status, s.Change = schemas.StatusStarted, &schemas.Change{Type: evil, By: evil, Contact: evil}
		}
		verdict := schemas.VerdictPlaced
		if kind == schemas.KindMaintenance {
			verdict = evil
		}
		add(b, schemas.Decisions, &schemas.Decision{SignalID: s.ID, Revision: 1, Scope: evil, Kind: kind, Verdict: verdict, Reason: evil, IncidentID: inc.ID, At: at.Add(int64(n)), LastAt: at, Signal: &s,
			Evidence: []schemas.Evidence{{Kind: evil, Points: 1, Detail: evil}}})
	}
	for n, typ := range []string{"opened", evil} {
		add(b, schemas.Timeline, &schemas.TimelineEntry{IncidentID: inc.ID, Seq: int64(n + 1), At: at, Type: typ, Text: evil, By: evil})
	}
	return b
}

// Whatever is sent in whichever field, it is shown as the text it is.
func TestNothingThatIsSentIsMoreThanText(t *testing.T) {
	owner, reader := installation(t)
	at := schemas.TimeOf(time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC))
	evilBatch(at).write(t, owner)
	m, err := ParseMonth("2026-10")
	if err != nil {
		t.Fatal(err)
	}
	r, err := Of(t.Context(), reader, m)
	if err != nil {
		t.Fatal(err)
	}
	for name, n := range map[string]int{"top": len(r.Top), "problems": len(r.Problems), "changes": len(r.Changes), "work": len(r.Work), "uncovered": len(r.Uncovered), "services": len(r.Services), "intake": len(r.Intake)} {
		if n == 0 {
			t.Errorf("%s is empty: nothing of it is tested", name)
		}
	}
	harmlessHTML(t, written(t, r.WriteHTML))
	harmlessMarkdown(t, written(t, r.WriteMarkdown))
	rows, err := csv.NewReader(strings.NewReader(written(t, r.WriteCSV))).ReadAll()
	if err != nil || len(rows) < 20 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	number := regexp.MustCompile(`^-?[0-9.]+$`)
	seen := false
	for _, row := range rows {
		for _, c := range row {
			seen = seen || strings.HasPrefix(c, "'=HYPERLINK")
			if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) && !number.MatchString(c) {
				t.Errorf("a cell is a formula: %s", c)
			}
		}
	}
	if !seen {
		t.Error("no cell was defused: the test looks at nothing")
	}
	if !strings.Contains(written(t, func(w io.Writer) error { return r.Write(w, "json") }), `\u003cscript\u003e`) {
		t.Error("the JSON does not show what was sent")
	}
}

func written(t *testing.T, write func(io.Writer) error) string {
	t.Helper()
	var b strings.Builder
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestNothingInAPostmortemIsMoreThanText(t *testing.T) {
	owner, reader := installation(t)
	evilBatch(schemas.TimeOf(time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC))).write(t, owner)
	st, err := Postmortem(t.Context(), reader, "INC-"+evil)
	if err != nil {
		t.Fatal(err)
	}
	if len(st.Below) == 0 || len(st.Members) == 0 || len(st.Causes) == 0 || len(st.Events) < 3 || len(st.Actions) == 0 || st.Problem == nil {
		t.Errorf("%d below, %d members, %d causes, %d events: not all is tested", len(st.Below), len(st.Members), len(st.Causes), len(st.Events))
	}
	harmlessHTML(t, written(t, st.writeHTMLTo(t)))
	harmlessMarkdown(t, written(t, markdownOf(st)))
}
