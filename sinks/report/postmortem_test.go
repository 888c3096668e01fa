package report

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

// outage is a main incident of 5 October with a child, after a year with others.
func outage() *batch {
	y := simulate(7)
	b := y.batch()
	at := schemas.TimeOf(time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC))
	min := func(n int64) schemas.Time { return at.Add(n * schemas.Minute) }
	work := schemas.Candidate{SignalID: "win", Kind: schemas.KindMaintenance, Title: "Cables at night", Service: "db", Team: "net", Status: schemas.StatusStarted, StartedAt: min(-5), Score: 3000, Reason: "on the suspected root"}
	add(b, schemas.Incidents, &schemas.Incident{ID: "INC-OUT", Revision: 1, Scope: "s", Status: schemas.IncidentResolved, Severity: schemas.SeverityCritical, Title: "Database gone, 2 services",
		Services: []string{"db", "web"}, Teams: []string{"core"}, Roots: []schemas.SuspectedRoot{{Service: "db", Score: 900, Reason: "all others depend on it"}}, Assignee: "kim",
		StartedAt: at, DetectedAt: at.Add(20 * schemas.Second), AcknowledgedAt: min(300), ResolvedAt: min(9000), UpdatedAt: min(9000), AlertCount: 3, SignalCount: 3, RepeatCount: 9, ReopenCount: 1,
		Opening: "sig-a", Members: []schemas.MemberRef{{SignalID: "sig-a", Name: "Alert1", Service: "db"}}, Candidates: []schemas.Candidate{work}, ProblemID: "PRB-2", Tickets: []schemas.TicketRef{{Key: "OPS-7"}},
		Impact: schemas.ImpactRange{Currency: "EUR", LostRevenue: schemas.Range{Low: 100, Likely: 200, High: 400}, Minutes: 9000, Formula: "200 an hour"}})
	add(b, schemas.Incidents, &schemas.Incident{ID: "INC-OUT-2", Revision: 1, ParentID: "INC-OUT", Scope: "s", Title: "Web slow", Services: []string{"web"}, StartedAt: min(4), DetectedAt: min(5),
		Opening: "sig-c", Members: []schemas.MemberRef{{SignalID: "sig-c", Name: "Slow", Service: "web"}}, AlertCount: 1})
	for n, s := range []schemas.Signal{
		{ID: "sig-a", Name: "Alert1", Service: "db", StartsAt: at}, {ID: "sig-b", Name: "Alert1", Service: "db", StartsAt: min(2)}, {ID: "sig-c", Name: "Slow", Service: "web", StartsAt: min(4)},
	} {
		s.Kind, s.Scope, s.Status, s.ReceivedAt = schemas.KindAlert, "s", schemas.StatusFiring, s.StartsAt
		add(b, schemas.Decisions, &schemas.Decision{SignalID: s.ID, Revision: 1, Scope: "s", Kind: s.Kind, Verdict: schemas.VerdictPlaced, IncidentID: []string{"INC-OUT", "INC-OUT", "INC-OUT-2"}[n],
			Reason: fmt.Sprintf("reason %d", n), At: s.StartsAt, LastAt: s.StartsAt, Score: int64(4000 + n), Threshold: 2500, Signal: &s})
	}
	win := schemas.Signal{ID: "win", Kind: schemas.KindMaintenance, Source: "cal", Scope: "s", Fingerprint: "win", Status: schemas.StatusStarted, Name: "Cables at night", Service: "db", StartsAt: min(-5), ReceivedAt: min(7), Change: &schemas.Change{Type: "calendar"}}
	add(b, schemas.Decisions, &schemas.Decision{SignalID: "win", Revision: 1, Scope: "s", Kind: win.Kind, Verdict: schemas.VerdictPlaced, At: min(7), LastAt: min(7), Signal: &win})
	for n, e := range []schemas.TimelineEntry{
		{IncidentID: "INC-OUT", At: min(1), Type: "opened", Text: "opened by Alert1"}, {IncidentID: "INC-OUT-2", At: min(6), Type: "linked", Text: "below INC-OUT: web depends on db"},
		{IncidentID: "INC-OUT", At: min(8), Type: "notice", Text: "net was told to stop"}, {IncidentID: "INC-OUT", At: min(300), Type: "acknowledged", Text: "acknowledged", By: "kim"},
	} {
		e.Seq, e.Scope = int64(n+1), "s"
		add(b, schemas.Timeline, &e)
	}
	return b
}

func TestThePostmortemTellsTheStory(t *testing.T) {
	owner, reader := installation(t)
	outage().write(t, owner)
	st, err := Postmortem(t.Context(), reader, "INC-OUT-2") // its main one is told
	if err != nil {
		t.Fatal(err)
	}
	if st.Incident.ID != "INC-OUT" || len(st.Below) != 1 || st.Below[0].Linked != "below INC-OUT: web depends on db" || st.AllOf != 3 || len(st.Members) != 3 {
		t.Fatalf("%+v %+v %d %d", st.Incident, st.Below, st.AllOf, len(st.Members))
	}
	var events []string
	for _, e := range st.Events {
		events = append(events, e.Kind+" "+e.Text)
	}
	want := []string{"work maintenance on db begins: Cables at night", "alert Alert1 on db, the first of 2", "opened opened by Alert1", "alert Slow on web", "linked below INC-OUT: web depends on db", "notice net was told to stop", "acknowledged acknowledged"}
	if !slices.Equal(events, want) {
		t.Errorf("timeline\n%q\nwant\n%q", events, want)
	}
	similar, recent := 0, 0
	began := time.Date(2026, 10, 5, 12, 0, 0, 0, time.UTC)
	for _, i := range simulate(7).incidents {
		same := i.ProblemID == "PRB-2" || i.Members[0].Name == "Alert1" && i.Services[0] == "db"
		if at := i.StartedAt.Std(); same && i.ParentID == "" && at.Before(began) {
			similar++
			if began.Sub(at) < 30*24*time.Hour {
				recent++
			}
		}
	}
	if len(st.Similar) != similar || int(st.Recent) != recent || int(st.Ever) != similar || similar == 0 {
		t.Errorf("%d similar (%d), %d of them recent; want %d and %d", len(st.Similar), st.Ever, st.Recent, similar, recent)
	}
	if st.Past.Resolve.N < 100 || st.Problem == nil || st.Problem.ID != "PRB-2" {
		t.Errorf("past %d, problem %+v", st.Past.Resolve.N, st.Problem)
	}
	for part, texts := range map[string][]string{
		strings.Join(st.Badly, "\n"):     {"12 min after it had begun", "no procedure for Alert1 on db", "it reopened", "slower than nine of ten", "problem “Weakness 2”", "not the first"},
		strings.Join(st.Well, "\n"):      {"3 signals (9 further deliveries) were told as one incident", "to detect: within the median"},
		fmt.Sprint(st.Actions):           {"Write a procedure for Alert1 on db", "Write a procedure for Slow on web", "Announce work on db", "Confirm or rule out “Cables at night”", "Fix the root cause of “Weakness 2”"},
		written(t, markdownOf(st)):       {"# Post-mortem: Database gone", "It cost about 200 EUR (100 to 400)", "reason 1", "| Write a procedure for Alert1 on db | none said who does what |  |  | proposed |"},
		written(t, st.writeHTMLTo(t)):    {"Database gone, 2 services", "reason 2", "4002 / 2500", "Cables at night"},
		fmt.Sprint(len(st.Queries) == 9): {"true"},
	} {
		for _, s := range texts {
			if !strings.Contains(part, s) {
				t.Errorf("%q is not in\n%s", s, part)
			}
		}
	}
	if _, err := Postmortem(t.Context(), reader, "INC-NONE"); !errors.Is(err, ErrUnknown) {
		t.Errorf("no incident: %v", err)
	}
	if _, err := Postmortem(t.Context(), reader, "' OR 1=1 --"); !errors.Is(err, ErrUnknown) {
		t.Errorf("an id that is SQL: %v", err)
	}
}

func markdownOf(st *Story) func(io.Writer) error {
	return func(w io.Writer) error { return st.Write(w, "md") }
}

func (st *Story) writeHTMLTo(t *testing.T) func(io.Writer) error {
	t.Helper()
	return func(w io.Writer) error { return st.Write(w, "html") }
}

// A long story keeps its ends, and says how much is missing.
func TestALongStoryIsCut(t *testing.T) {
	st := &Story{}
	for n := range 3 * maxEvents {
		kind := "note"
		if n%2 == 0 {
			kind = "alert"
		}
		st.unordered = append(st.unordered, Event{At: time.Unix(int64(n), 0), Kind: kind})
	}
	st.order()
	if len(st.Events) != maxEvents || st.LeftOut != 2*maxEvents || st.Events[0].At.Unix() != 1 || st.Events[maxEvents-1].At.Unix() != 3*maxEvents-1 {
		t.Errorf("%d entries, %d left out", len(st.Events), st.LeftOut)
	}
}
