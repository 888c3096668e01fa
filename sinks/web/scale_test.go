package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pinkstar/schemas"
	"pinkstar/sinks/web/browsertest"
)

// crowd fills a view with open incidents of many services and teams, and one main
// incident with a thousand below it.
func crowd(t testing.TB, n int) *API {
	t.Helper()
	h := &memoryHistory{}
	a := newAPI(t, h, nil)
	severities := []schemas.Severity{schemas.SeverityCritical, schemas.SeverityMajor, schemas.SeverityWarning, schemas.SeverityInfo}
	for i := range n {
		inc := incident(i, schemas.IncidentOpen)
		inc.ID, inc.Severity = fmt.Sprintf("INC-%06d", i), severities[i%4]
		inc.Title = fmt.Sprintf("LatencyHigh on service-%d (+%d alerts on 3 services)", i%400, i%50)
		inc.Services, inc.Teams = []string{fmt.Sprintf("service-%d", i%400), fmt.Sprintf("service-%d", (i+7)%400)}, []string{fmt.Sprintf("team-%d", i%40)}
		inc.StartedAt, inc.UpdatedAt, inc.DetectedAt = schemas.Time(1_790_000_000_000+int64(i)*1000), schemas.Time(1_790_000_000_000+int64(i)*1500), schemas.Time(1_790_000_000_000+int64(i)*1000)
		for m := range 20 {
			inc.Members = append(inc.Members, schemas.MemberRef{SignalID: fmt.Sprint(i, "-", m), Kind: schemas.KindAlert, Name: "LatencyHigh", Service: inc.Services[0], Instance: fmt.Sprint("pod-", m)})
		}
		if i > 0 && i <= 1000 {
			inc.ParentID = "INC-000000"
		}
		a.view.PutIncident(&inc)
	}
	main, _ := a.view.Incident("INC-000000")
	storm := *main
	storm.Revision, storm.Tree = 2, &schemas.IncidentTree{Incidents: 1001, Open: 1001, SignalCount: 20_000, Alerts: 20_000, ActiveAlerts: 19_000, Services: 400}
	a.view.PutIncident(&storm)
	for i := range 20_000 {
		h.members = append(h.members, Member{IncidentID: fmt.Sprintf("INC-%06d", i%1001), Summary: fmt.Sprint("latency is over a second for ", i), Description: strings.Repeat("more ", 60),
			MemberRef: schemas.MemberRef{SignalID: fmt.Sprint(i), Kind: schemas.KindAlert, Name: "LatencyHigh", Service: fmt.Sprint("service-", i%400), Reason: "the same storm"},
			Labels:    schemas.Labels{{Name: "env", Value: "prod"}, {Name: "pod", Value: fmt.Sprint("pod-", i)}},
			Evidence:  []schemas.Evidence{{Kind: "time", Points: 3000, Detail: "12 s apart"}}, Score: 3000, Threshold: 2000})
	}
	return a
}

// What a page weighs follows what it shows, not how much there is.
func TestPagesOfACrowdStaySmall(t *testing.T) {
	a := crowd(t, 10_000)
	for target, limit := range map[string]int{
		"/": 64 << 10, "/?page=100": 64 << 10, "/?all=1&sort=title": 64 << 10, "/?severity=critical&team=team-4&service=service-4": 64 << 10,
		"/?parent=INC-000000": 64 << 10, "/incidents/INC-000000": 256 << 10, "/incidents/INC-000000?members=200": 256 << 10,
	} {
		text := getPage(t, a, target, http.StatusOK)
		t.Logf("%s: %d bytes", target, len(text))
		if len(text) > limit {
			t.Errorf("%s has %d bytes", target, len(text))
		}
	}
	if text := getPage(t, a, "/", http.StatusOK); !strings.Contains(text, "1 to 50 of 9000") || !strings.Contains(text, `href="/?page=2"`) {
		t.Error("the list does not say how many there are")
	}
	if text := getPage(t, a, "/?team=team-4&all=1", http.StatusOK); !strings.Contains(text, "of 250.") {
		t.Error("a team's are not all there")
	}
}

// BenchmarkList is the list of 10,000 open incidents; BenchmarkStorm the page of an
// incident with 20,000 alerts.
func BenchmarkList(b *testing.B) { benchmarkPage(b, "/") }

func BenchmarkStorm(b *testing.B) { benchmarkPage(b, "/incidents/INC-000000") }

func benchmarkPage(b *testing.B, target string) {
	board := crowd(b, 10_000).Board()
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		board.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
		b.ReportMetric(float64(w.Body.Len()), "page_bytes")
	}
}

// served is the address of the board; the browser goes before the server does.
func served(t *testing.T, a *API) string {
	srv := httptest.NewServer(a.Board())
	t.Cleanup(srv.Close)
	return srv.URL
}

// A browser turns the pages of 10,000 incidents, and those of a storm.
func TestABrowserAmongTenThousandIncidents(t *testing.T) {
	a := crowd(t, 10_000)
	b := browsertest.Open(t, served(t, a))
	b.Go("/")
	took := b.Text(`Math.round(performance.getEntriesByType("navigation")[0].domComplete)`)
	t.Logf("the list: %s ms until it is complete, %s elements", took, b.Text(`document.querySelectorAll("*").length`))
	b.Click(`.pages a[rel=next]`)
	b.Await("the second page", `document.querySelector(".total").textContent.startsWith("51 to 100 of 9000")`, false)
	b.Go("/?page=180")
	b.Await("the last page", `document.querySelectorAll("tbody tr").length === 50 && !document.querySelector(".pages a[rel=next]")`, false)
	b.Go("/incidents/INC-000000")
	t.Logf("the storm: %s ms until it is complete, %s elements", b.Text(`Math.round(performance.getEntriesByType("navigation")[0].domComplete)`), b.Text(`document.querySelectorAll("*").length`))
	b.Click(`.pages a[rel=next]`)
	b.Await("more of its alerts", `document.body.innerText.includes("101 to 200 of 20000")`, false)

	// Changes come; the page says how many, and nothing moves under the pointer.
	b.Go("/incidents/INC-000000")
	const row = `document.querySelector(".members tbody tr").getBoundingClientRect().top`
	top := b.Text(row)
	for range 500 {
		inc, _ := a.view.Incident("INC-000000")
		next := *inc
		next.Revision++
		a.view.PutIncident(&next)
	}
	b.Await("500 updates", `document.getElementById("news").textContent.startsWith("500 updates")`, false)
	if now := b.Text(row); now != top {
		t.Errorf("the page moved from %s to %s", top, now)
	}
}

// With scripts switched off pages come, filters filter and commands are taken.
func TestTheBoardWithoutScripts(t *testing.T) {
	p := &memoryProducer{}
	a := newAPI(t, &memoryHistory{}, p)
	for n, s := range []schemas.Severity{schemas.SeverityCritical, schemas.SeverityWarning} {
		inc := incident(n, schemas.IncidentOpen)
		inc.Severity = s
		a.view.PutIncident(&inc)
	}
	b := browsertest.Open(t, served(t, a))
	defer b.WithoutScripts()()
	b.Go("/")
	b.Click(`input[name=severity][value=warning]`)
	b.Click(`form[role=search] button`)
	b.Await("one of two", `document.querySelectorAll("tbody tr").length === 1`, false)
	b.Click(`td.title a`)
	b.Await("the incident", `document.querySelector("button[value=acknowledge]")`, false)
	b.Fill(`form.commands input[name=by]`, "kim")
	b.Click(`button[value=acknowledge]`)
	b.Await("taken", `document.querySelector(".done")`, false)
	b.Fill(`form[action="/actions"] input[name=by]`, "kim")
	b.Fill(`input[name=what]`, "mend it")
	b.Fill(`input[name=due]`, "2026-12-24")
	b.Click(`form[action="/actions"] button`)
	b.Await("taken, too", `location.search === "?done=add_action"`, false)
	if len(p.got) != 2 || p.got[0].Command.By != "kim" || p.got[1].Command.Note != "mend it" || p.got[1].Command.DueAt == 0 {
		t.Errorf("%+v", p.got)
	}
}

// What alerts say runs in no browser either: a script, or a window that opened,
// fails the test.
func TestNothingThatIsToldRunsInABrowser(t *testing.T) {
	const script = `<img src=x onerror=alert(1)><script>alert(2)</script>"><svg onload=alert(3)>`
	h := &memoryHistory{members: []Member{{IncidentID: "INC-001", Summary: script, Description: script, URL: "javascript:alert(4)", Runbook: "javascript:alert(5)",
		MemberRef: schemas.MemberRef{Kind: schemas.KindAlert, Name: script, Service: script, Reason: script}, Labels: schemas.Labels{{Name: script, Value: script}}}}}
	a := newAPI(t, h, nil)
	inc := incident(1, schemas.IncidentOpen)
	inc.Title, inc.Services, inc.Assignee, inc.Timeline = script, []string{script}, script, []string{script}
	inc.Procedure = &schemas.Procedure{Name: script, Runbook: "javascript:alert(6)"}
	a.view.PutIncident(&inc)
	b := browsertest.Open(t, served(t, a))
	for _, path := range []string{"/", "/incidents/INC-001", "/?q=" + "%3Cscript%3Ealert(7)%3C/script%3E"} {
		b.Go(path)
		if n := b.Text(`document.querySelectorAll("main img, main script, main svg, main [onerror], main [onload], main a[href^='javascript:']").length`); n != "0" {
			t.Errorf("%s has %s elements that somebody told it", path, n)
		}
	}
}
