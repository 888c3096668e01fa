package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/sinks/web/browsertest"
)

const boardRules = `
lifecycle: {resolve_delay: 1s, reopen_window: 45s}
people: {ona: {reach: ["mail:ona@example.com"]}, raj: {reach: ["mail:raj@example.com"]}}
rotas:
  shields-oncall: {zone: Europe/Rome, start: "2026-01-05 09:00", people: [ona, raj]}
procedures:
  - name: the shield is down
    match: ['service="shield-generator"']
    owner: shields
    on_call: shields-oncall
    runbook: https://runbooks.example/shield
    steps: [{text: "look at the emitters"}, {text: "switch to the spare"}]
    escalation: [{call: [shields-oncall], wait: 5m}, {call: [raj], wait: 15m}]
`

// firing is a webhook of alerts that say something.
func firing(status string, at time.Time, alerts ...[2]string) string {
	var list []string
	for n, a := range alerts {
		list = append(list, fmt.Sprintf(`{"status":%q,"labels":{"alertname":%q,"service":%q,"severity":"critical","env":"prod","pod":"pod-%d"},`+
			`"annotations":{"summary":"%s says <b>help</b>","description":"more than 5 %% failed","runbook_url":"https://runbooks.example/%s"},`+
			`"startsAt":%q,"endsAt":%q,"generatorURL":"","fingerprint":"%016x"}`, status, a[0], a[1], n, a[1], a[0],
			at.Format(time.RFC3339), map[string]string{"firing": "0001-01-01T00:00:00Z", "resolved": time.Now().UTC().Format(time.RFC3339)}[status], hash(a[0]+a[1])))
	}
	return `{"version":"4","groupKey":"{}:{}","truncatedAlerts":0,"status":"` + status + `","receiver":"p","groupLabels":{},"commonLabels":{},` +
		`"commonAnnotations":{},"externalURL":"http://am","alerts":[` + strings.Join(list, ",") + `]}`
}

// TestTheStoryOnTheBoard watches an incident with a browser, from its first alert
// until it is closed, as the person who is woken up by it.
func TestTheStoryOnTheBoard(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: no browser")
	}
	t.Parallel() // it mostly waits
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.ClickHouse.Libchdb, cfg.Topology, cfg.Rules = t.TempDir(), "127.0.0.1:0", needEngine(t), station, boardRules
	cfg.Access.Tokens = []access.Token{{Name: "sam", Role: "act", Token: token("sam-knows")}, {Name: "kim", Role: "read", Token: token("kim-knows")}}
	where := start(t, &cfg).Endpoints()
	c := client{t: t, where: where, token: "sam-knows"}
	b := browsertest.Open(t, "http://"+where.HTTP)

	b.Go("/incidents/INC-1?members=1")
	if b.Where() != "/sign-in?next=%2Fincidents%2FINC-1%3Fmembers%3D1" {
		t.Fatalf("a stranger is at %s", b.Where())
	}
	b.Inspect("signin", "/sign-in")
	signIn(b, "sam", "wrong")
	b.Await("a wrong token is refused", `document.querySelector("[role=alert]").textContent.includes("do not belong together")`, false)
	signIn(b, "sam", "sam-knows")
	b.Await("the list", `document.querySelector("h1").textContent === "Incidents"`, false)

	// Work is under way that nobody thinks of.
	work := request{"POST", "/api/v1/changes", fmt.Sprintf(`{"kind":"maintenance","title":"Emitter overhaul","services":["shield-generator"],"team":"shields","contact":"#shields","starts_at":%q,"ends_at":%q}`,
		time.Now().UTC().Add(-10*time.Minute).Format(time.RFC3339), time.Now().UTC().Add(time.Hour).Format(time.RFC3339)), map[string]string{"Authorization": "Bearer sam-knows"}}
	if code, text := work.do(t, where.HTTP); code != http.StatusAccepted {
		t.Fatalf("%d %s", code, text)
	}

	// The first alerts: the open page says that there is news, and moves only when asked.
	begun := time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
	alerts := [][2]string{{"ShieldDown", "shield-generator"}, {"TurretDamaged", "turret-control"}}
	c.post("/webhook/alertmanager", firing("firing", begun, alerts...), http.StatusAccepted, nil)
	b.Await("news of the incident", `!document.getElementById("news").hidden && document.querySelector("#news a")`, false)
	if n := b.Text(`document.querySelectorAll("tbody tr").length`); n != "0" {
		t.Errorf("the page moved by itself: %s rows", n)
	}
	b.Click("#news a")
	b.Await("the incident in the list", `document.querySelectorAll("tbody tr").length === 1`, true)
	byKeyboard(t, b)
	id := strings.TrimPrefix(strings.SplitN(b.Where(), "?", 2)[0], "/incidents/")
	b.Await("what the alerts say", `document.querySelectorAll(".says").length === 2 && document.body.innerText.includes("shield-generator says <b>help</b>")`, true)
	if got := b.Text(`document.querySelector("#members ~ .labels, section .labels").textContent`); !strings.Contains(got, "env=prod") {
		t.Errorf("labels in common: %s", got)
	}
	everyButton(b, c, id)
	b.Inspect("incident", "/incidents/"+id)

	// It ends: recovered, resolved, and in time closed; and the browser signs out.
	c.post("/webhook/alertmanager", firing("resolved", begun, alerts...), http.StatusAccepted, nil)
	everyPage(b, id)
	b.Go("/incidents/" + id)
	b.Await("the incident is closed", `document.querySelector(".state strong").textContent === "closed"`, true)
	if n := b.Text(`document.querySelectorAll('form[action^="/incidents/"]').length`); n != "0" {
		t.Errorf("a closed incident has %s forms", n)
	}
	b.Click(".who button")
	b.Await("signed out", `location.pathname === "/sign-in"`, false)
	signIn(b, "kim", "kim-knows")
	b.Await("the list", `document.querySelector("h1").textContent === "Incidents"`, false)
	b.Go("/incidents/" + id)
	if n := b.Text(`document.querySelectorAll("main button").length`); n != "0" {
		t.Errorf("who may only read has %s buttons", n)
	}
}

func signIn(b *browsertest.Browser, name, token string) {
	b.Go("/sign-in?next=/")
	b.Fill("[name=name]", name)
	b.Fill("[name=token]", token)
	b.Click("main button.first")
}

// byKeyboard opens the incident in the list without a mouse.
func byKeyboard(t *testing.T, b *browsertest.Browser) {
	t.Helper()
	b.Press("\t")
	if got := b.Text(`document.activeElement.textContent`); got != "Skip to the content" {
		t.Errorf("the first stop is %s", got)
	}
	b.Press("\r")
	b.Await("the focus in the content", `document.activeElement.id === "main"`, false)
	for range 60 {
		b.Press("\t")
		if b.Text(`document.activeElement.matches("td.title a")`) == "true" {
			break
		}
	}
	if width := b.Text(`getComputedStyle(document.activeElement).outlineWidth`); width != "3px" {
		t.Errorf("the focus is not to be seen: %s", width)
	}
	b.Press("\r")
	b.Await("the incident", `location.pathname.startsWith("/incidents/INC-")`, false)
}

// everyButton gives every command that the pages have a button for.
func everyButton(b *browsertest.Browser, c client, id string) {
	shows := func(what, text string) {
		b.Await(what, fmt.Sprintf(`document.body.innerText.includes(%q)`, text), true)
	}
	stands := func(state string) {
		b.Await(state, fmt.Sprintf(`document.querySelector(".state strong").textContent === %q`, state), true)
	}
	form := func(field, value, action string) {
		b.Click("details.more summary")
		if field != "" {
			b.Fill(field, value)
		}
		commands(b, "button[value="+action+"]", action)
	}
	commands(b, `button[value=acknowledge]`, "acknowledge")
	stands("acknowledged")
	form("input[name=to]", "ona", "assign")
	shows("assigned", "ona has it")
	form("input[name=note]", "spare emitter <i>ordered</i>", "note")
	shows("the note", "spare emitter <i>ordered</i>")
	form("select[name=to]", "major", "set_severity")
	shows("the severity", "severity set by sam")
	commands(b, `.steps li:nth-child(2) button`, "step_done")
	shows("a step is done", "done by sam")
	b.Await("who must be told", `document.querySelector("button[value=stopped]")`, true)
	commands(b, `button[value=stopped]`, "answer_change")
	shows("what they answered", "stopped, said sam")
	commands(b, `button[value=mitigate]`, "mitigate")
	stands("mitigated")
	commands(b, `button[value=resolve]`, "resolve")
	b.Await("a way back", `document.querySelector("button[value=reopen]")`, true)
	commands(b, `button[value=reopen]`, "reopen")
	b.Await("open again", `document.querySelector("button[value=resolve]")`, true)
	actionItems(b, id)
	form("", "", "declare_problem")
	b.Await("a known problem", `document.querySelector(".state a.tag")`, true)
	b.Click(`.state a.tag`)
	b.Await("the problem", `location.pathname.startsWith("/problems/PRB-")`, false)
	b.Fill("input[name=note]", "a new emitter")
	commands(b, `button[value=solve_problem]`, "solve_problem")
	stands("solved")
	related(b, c, id)
}

// actionItems writes down what is to be done after the incident, and does it.
func actionItems(b *browsertest.Browser, id string) {
	b.Fill("input[name=what]", "a spare <b>emitter</b>")
	b.Fill("input[name=owner]", "ona")
	b.Fill("input[name=due]", "2020-02-29")
	b.Click(`form[action="/actions"] button`)
	b.Await("add_action is taken", `location.search.includes("done=add_action") && document.querySelector(".done").textContent.includes("Taken: add action")`, false)
	b.Await("the action", `document.querySelector("#actions ~ .wide").innerText.includes("a spare <b>emitter</b>")`, true)
	b.Go("/actions")
	b.Await("who is to do it, and that it is late", `document.querySelector("tbody tr").innerText.includes("ona") && document.querySelector("tbody tr").innerText.includes("2020-02-29 overdue")`, true)
	b.Fill("input[name=note]", "bought")
	b.Click(`button[value=done]`)
	b.Await("finish_action is taken", `location.search.includes("done=finish_action")`, false)
	b.Await("none is open", `!document.querySelector("tbody tr")`, true)
	b.Go("/incidents/" + id)
}

// commands clicks on a button of a command, and waits until the page says that it was
// taken.
func commands(b *browsertest.Browser, button, action string) {
	b.Click(button)
	b.Await(action+" is taken", fmt.Sprintf(`location.search === "?done=%s" && document.querySelector(".done").textContent.includes("Taken: %s")`,
		action, strings.ReplaceAll(action, "_", " ")), false)
}

// related puts an incident of its own below another, and takes it away again.
func related(b *browsertest.Browser, c client, id string) {
	c.post("/webhook/alertmanager", firing("firing", time.Now().UTC().Truncate(time.Second), [2]string{"OutOfMugs", "gift-shop"}), http.StatusAccepted, nil)
	b.Go("/?q=OutOfMugs")
	b.Await("another incident", `document.querySelector("td.title a")`, true)
	b.Click("td.title a")
	b.Await("its page", `document.querySelector("details.more summary")`, true)
	b.Click("details.more summary")
	b.Fill("input[name=parent_id]", id)
	commands(b, "button[value=link_parent]", "link_parent")
	b.Await("below the other", `document.querySelector(".crumbs").textContent.includes("part of")`, true)
	commands(b, `button[value=unlink_parent]`, "unlink_parent")
	b.Await("by itself again", `!document.querySelector(".crumbs").textContent.includes("part of")`, true)
}

// everyPage looks at every page.
func everyPage(b *browsertest.Browser, id string) {
	for name, path := range map[string]string{
		"list": "/?status=open,acknowledged,mitigated,resolved,closed", "oncall": "/oncall", "changes": "/changes", "messages": "/messages",
		"apart": "/apart", "problems": "/problems", "actions": "/actions?status=open,done", "start": "/", "uncovered": "/uncovered", "reports": "/reports", "why": "/why?id=" + id, "refused": "/incidents/INC-NONE",
	} {
		b.Inspect(name, path)
	}
	b.InspectPaper("report", "/reports/"+time.Now().UTC().Format("2006-01"))
	b.InspectPaper("postmortem", "/incidents/"+id+"/postmortem")
}
