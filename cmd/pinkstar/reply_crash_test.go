package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pinkstar/sinks/message"
	"pinkstar/sinks/message/standin"
)

// answering is an installation whose chat, ticket system and pager answer.
type answering struct {
	t     *testing.T
	p     *process
	slack *standin.Slack
	jira  *standin.Jira
	duty  *standin.PagerDuty
	start func() *process
	main  string // the incident
	seen  map[string]string
}

func newAnswering(t *testing.T, lib string) *answering {
	t.Helper()
	a := &answering{t: t, slack: &standin.Slack{Token: "xoxb-1", Secret: "s-s"}, duty: &standin.PagerDuty{RoutingKey: "R1", Secret: "p-s"},
		jira: &standin.Jira{Project: "OPS", Token: "jt", Secret: "j-s", Account: "pinkstar"}}
	serve := func(h http.Handler) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		return srv.URL
	}
	a.slack.URL = serve(a.slack)
	dir := t.TempDir()
	settings := fmt.Sprintf(`notify:
  targets:
    - {name: chat, allow_private: true, channels: true, slack: {token: xoxb-1, channel: "#ops", url: %q, signing_secret: s-s}}
    - {name: tracker, allow_private: true, everything: true, jira: {url: %q, token: jt, project: OPS, webhook_secret: j-s}}
    - {name: pager, allow_private: true, pagerduty: {routing_key: R1, url: %q, webhook_secret: p-s}}
access:
  people:
    - {name: ada, role: act, accounts: {chat: U1}}
rules: |
  messages: {wait: 1s, interval: 1s, channels: ["#ops"]}
  people: {ada: {reach: [pager]}}
  procedures:
    - {name: all, match: ['severity="critical"'], owner: shields, escalation: [{call: [ada], wait: 1h}]}
`, a.slack.URL, serve(a.jira), serve(a.duty))
	name := filepath.Join(dir, "pinkstar.yaml")
	if err := os.WriteFile(name, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	a.start = func() *process { return startProcess(t, filepath.Join(dir, "data"), lib, "--config", name) }
	a.p = a.start()
	return a
}

// killed kills the process after a while and starts it anew.
func (a *answering) killed(after time.Duration) {
	a.t.Helper()
	time.Sleep(after)
	if err := a.p.cmd.Process.Kill(); err != nil {
		a.t.Fatal(err)
	}
	a.p = a.start()
}

func (a *answering) url(name string) string { return "http://" + a.p.where.HTTP + "/reply/" + name }

// wait waits until all the systems look as wanted, and says how they look otherwise.
func (a *answering) wait(what string, want map[string]string) {
	a.t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		a.look()
		missing := ""
		for name, v := range want {
			if !strings.Contains(a.seen[name], v) {
				missing += fmt.Sprintf("%s is %q, want %q; ", name, a.seen[name], v)
			}
		}
		if missing == "" {
			return
		}
		if time.Now().After(end) {
			a.t.Fatalf("%s: %s\n%s", what, missing, a.p.log)
		}
	}
}

// look notes how the incident stands in each system.
func (a *answering) look() {
	a.seen = map[string]string{}
	for _, p := range a.slack.Posts() {
		if p.Thread == "" {
			a.seen["chat"] = p.Text + " " + p.Blocks
		}
	}
	for _, x := range a.jira.Issues() {
		a.seen["tracker"] = x.Status
	}
	for _, x := range a.duty.Pages() {
		a.seen["pager"], a.main = x.Status, x.Key
	}
	if a.main == "" {
		return
	}
	var d struct {
		Incident struct{ Status, Assignee string }
	}
	if resp, err := http.Get("http://" + a.p.where.HTTP + "/api/v1/incidents/" + a.main); err == nil {
		_ = json.NewDecoder(resp.Body).Decode(&d)
		_ = resp.Body.Close()
	}
	a.seen["board"] = d.Incident.Status + " " + d.Incident.Assignee
}

// tell sends all that Jira and PagerDuty have to tell; what is not taken waits.
func (a *answering) tell(forget bool) {
	for i := 0; i < a.jira.Waiting(); {
		_, err := a.jira.Post(a.t.Context(), http.DefaultClient, a.url("tracker"), i, forget)
		if !forget || err != nil {
			i++
		}
	}
	for i := 0; i < a.duty.Waiting(); {
		_, err := a.duty.Post(a.t.Context(), http.DefaultClient, a.url("pager"), i, forget)
		if !forget || err != nil {
			i++
		}
	}
}

// doubled lists what took effect more than once.
func (a *answering) doubled() (twice []string) {
	n := map[string]int{}
	for _, p := range a.slack.Posts() {
		if p.Thread != "" {
			n["thread: "+string(p.Metadata)]++
		} else {
			n["head"]++
		}
	}
	for _, x := range a.jira.Issues() {
		n["ticket"]++
		for _, c := range x.Comments {
			_, mark, _ := strings.Cut(c, "Pinkstar DLV-")
			n["comment "+mark]++
		}
		for _, m := range x.Moves {
			n[m]++
		}
	}
	for _, x := range a.duty.Pages() {
		n["page"] += x.Opened
	}
	for what, times := range n {
		if times > 1 {
			twice = append(twice, fmt.Sprintf("%s: %d times", what, times))
		}
	}
	return twice
}

// TestCrashBetweenAnswersDoublesNothing: what is pressed in one system shows in all
// the others, and the process is killed while it does.
func TestCrashBetweenAnswersDoublesNothing(t *testing.T) {
	lib := needEngine(t)
	rounds := 1
	if os.Getenv("PINKSTAR_CRASH") == "full" {
		rounds = 3
	}
	for round := range rounds {
		seed := uint64(time.Now().UnixNano())
		t.Logf("round %d, seed %d", round, seed)
		answersSurvive(t, newAnswering(t, lib), rand.New(rand.NewPCG(seed, 1)))
	}
}

func answersSurvive(t *testing.T, a *answering, rng *rand.Rand) {
	t.Helper()
	soon := func() time.Duration { return time.Duration(rng.IntN(1500)) * time.Millisecond }
	client{t: t, where: a.p.where}.post("/webhook/alertmanager", alertmanagerBody(time.Now(), [2]string{"ShieldDown", "shield-generator"}), http.StatusAccepted, nil)
	a.wait("an incident", map[string]string{"chat": message.SlackAcknowledge, "tracker": "To Do", "pager": "triggered", "board": "open"})

	body, h := a.slack.Pressed(standin.Press{Member: "U1", Block: message.SlackBlock + a.main, Button: message.SlackAcknowledge}, time.Now())
	if _, err := a.slack.Send(t.Context(), http.DefaultClient, a.url("chat"), body, h); err != nil {
		t.Fatal(err)
	}
	if w := a.slack.Whispers(); len(w) != 1 || !strings.HasPrefix(w[0], "Taken, as ada") {
		t.Errorf("who pressed is told %q", w)
	}
	a.killed(soon())
	a.wait("acknowledged in Slack", map[string]string{"chat": "ada", "tracker": "In Progress", "pager": "acknowledged", "board": "acknowledged ada"})
	a.tell(true) // all of it our own doing
	if a.jira.Waiting()+a.duty.Waiting() > 0 {
		t.Error("what they tell is not taken")
	}

	key := a.jira.Issues()[0].Key
	if err := a.jira.Do(key, "zoe", "status", "Done"); err != nil {
		t.Fatal(err)
	}
	a.tell(false)
	a.killed(soon())
	a.tell(true) // Jira had no answer that it remembers, and tells again
	a.wait("closed in Jira", map[string]string{"chat": "RESOLVED", "tracker": "Done", "pager": "resolved", "board": "resolved"})
	a.tell(true)

	if err := a.duty.Act(a.main, "PADA", "Zoe", "reopen", ""); err != nil {
		t.Fatal(err)
	}
	a.tell(false)
	a.killed(soon())
	a.tell(true)
	a.wait("reopened on the pager", map[string]string{"chat": message.SlackAcknowledge, "board": "open"})
	a.wait("and in Jira", map[string]string{"tracker": "To Do"})
	for a.jira.Waiting()+a.duty.Waiting() > 0 { // nothing goes round
		a.tell(true)
	}
	time.Sleep(3 * time.Second)
	a.look()
	if twice := a.doubled(); len(twice) > 0 || !strings.HasPrefix(a.seen["board"], "open") || a.jira.Waiting()+a.duty.Waiting() > 0 {
		t.Errorf("twice: %q; seen %v; %d and %d webhooks wait", twice, slices.Sorted(maps.Keys(a.seen)), a.jira.Waiting(), a.duty.Waiting())
	}
	_ = a.p.cmd.Process.Kill()
}
