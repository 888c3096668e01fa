package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/console"
	"pinkstar/pipeline/ingest"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
	"pinkstar/schemas/secret"
)

// terminal is somebody at a command line, with a token.
type terminal struct {
	t    *testing.T
	args []string // behind every command
}

// run runs a command and checks its exit code and what it says, wherever.
func (x terminal) run(code int, says string, args ...string) outcome {
	x.t.Helper()
	got := command(x.t, "", append(args, x.args...)...)
	if got.code != code || !strings.Contains(got.out+got.err, says) {
		x.t.Errorf("pinkstar %s: exit code %d\n%s%s\nwant %d, saying %q", strings.Join(args, " "), got.code, got.out, got.err, code, says)
	}
	return got
}

// until runs a command again until it says something.
func (x terminal) until(says string, args ...string) outcome {
	x.t.Helper()
	var got outcome
	for deadline := time.Now().Add(kafkatest.Patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if got = command(x.t, "", append(args, x.args...)...); got.code == exitOK && strings.Contains(got.out, says) {
			return got
		}
	}
	x.t.Fatalf("pinkstar %s never says %q: exit code %d\n%s%s", strings.Join(args, " "), says, got.code, got.out, got.err)
	return got
}

func (x terminal) incidents(args ...string) []*schemas.Incident {
	x.t.Helper()
	var page console.Page
	got := x.run(exitOK, "", append([]string{"incident", "list", "--json"}, args...)...)
	if err := json.Unmarshal([]byte(got.out), &page); err != nil {
		x.t.Fatalf("%v: %s", err, got.out)
	}
	return page.Incidents
}

// TestPeopleAtACommandLine does at a terminal what people do with incidents,
// problems and windows, on a whole installation that asks for tokens.
func TestPeopleAtACommandLine(t *testing.T) {
	lib := needEngine(t)
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.ClickHouse.Libchdb, cfg.Topology = t.TempDir(), "127.0.0.1:0", lib, station
	cfg.Access.Tokens = []access.Token{{Name: "sam", Role: "act", Token: token("sam-token")}, {Name: "grafana", Role: "read", Token: token("read-token")}}
	cfg.Gateway.Sources = map[string]ingest.SourceConfig{"alertmanager": {Bearer: []secret.Text{*token("am-token")}}}
	a := start(t, &cfg)
	addr := a.Endpoints().HTTP
	begun := time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
	fire := func(alerts ...[2]string) {
		t.Helper()
		r := request{"POST", "/webhook/alertmanager", alertmanagerBody(begun, alerts...), map[string]string{"Authorization": "Bearer am-token"}}
		if code, body := r.do(t, addr); code != http.StatusAccepted {
			t.Fatal(code, body)
		}
	}
	fire([2]string{"ShieldDown", "shield-generator"}, [2]string{"TurretDamaged", "turret-control"}, [2]string{"OutOfMugs", "gift-shop"})
	sam := terminal{t, []string{"--data", cfg.Data, "--token-file", file(t, "token", "sam-token\n")}}
	reader := terminal{t, []string{"--api", "http://" + addr, "--token-file", file(t, "read", "read-token")}}

	sam.until("OutOfMugs", "incident", "list")
	sam.until("ShieldDown", "incident", "list")
	list := sam.incidents()
	at := func(service string) string {
		t.Helper()
		i := slices.IndexFunc(list, func(i *schemas.Incident) bool { return slices.Contains(i.Services, service) })
		if i < 0 {
			t.Fatalf("no incident of %s: %+v", service, list)
		}
		return list[i].ID
	}
	shield, shop := at("shield-generator"), at("gift-shop")
	if len(list) != 2 {
		t.Fatalf("%d incidents", len(list))
	}

	reader.run(exitFailed, "commands need the role act", "incident", "ack", shield)
	terminal{t, []string{"--data", cfg.Data}}.run(exitFailed, "--token-file", "incident", "ack", shield)
	sam.run(exitOK, "done by sam", "incident", "ack", shield, shop)
	sam.run(exitConflict, "is acknowledged, not open", "incident", "ack", shield)
	sam.run(exitFailed, "there is no incident", "incident", "ack", "INC-NONE")
	sam.run(exitOK, "done by sam", "incident", "assign", shop, "kim")
	sam.run(exitOK, "done by sam", "incident", "severity", shop, "info")
	sam.run(exitFailed, "to: \"awful\"", "incident", "severity", shop, "awful")
	sam.run(exitOK, "done by sam", "incident", "note", shop, "the mugs\x1b[2J are on their way")
	sam.run(exitOK, "done by sam", "incident", "link", shop, shield)
	sam.run(exitOK, shop, "incident", "list", "--below", shield)
	sam.run(exitConflict, "part of", "incident", "link", shield, shop)
	sam.run(exitOK, "done by sam", "incident", "unlink", shop)
	sam.run(exitConflict, "has no parent", "incident", "unlink", shop)
	got := sam.until("the mugs [2J are on their way (sam)", "incident", "show", shop)
	for _, w := range []string{"the word of sam", "owner         kim", "acknowledged", "OutOfMugs on gift-shop"} {
		if !strings.Contains(got.out, w) || strings.Contains(got.out, "\x1b") {
			t.Errorf("%q is missing in, or a control character is in:\n%s", w, got.out)
		}
	}

	turret := sam.signalOf(shield, "TurretDamaged")
	split := sam.run(exitOK, "moved from "+shield+" to INC-", "incident", "split", shield, turret)
	own := strings.TrimSuffix(strings.Fields(split.out)[5], ":")
	sam.run(exitOK, "done by sam", "incident", "move", own, turret, "--to", shop)
	sam.until("TurretDamaged", "incident", "show", shop)
	sam.run(exitOK, "done by sam", "incident", "declare", shield)
	prb := regexp.MustCompile("PRB-[0-9A-Z]+").FindString(sam.until("PRB-", "problem", "list").out)
	sam.run(exitOK, "done by sam", "problem", "solve", prb, "--note", "a second generator")
	sam.until("solved by     sam", "problem", "show", prb)
	sam.run(exitOK, "done by sam", "incident", "resolve", shield)
	sam.run(exitConflict, "resolved already", "incident", "resolve", shield)
	sam.run(exitOK, "done by sam", "incident", "reopen", shield)
	peopleAnnounce(t, sam, shop, fire)
}

// signalOf finds a signal of an incident by its name.
func (x terminal) signalOf(id, name string) string {
	x.t.Helper()
	var d console.Detail
	unmarshal(x.t, x.run(exitOK, "", "incident", "show", id, "--json").out, &d)
	for _, m := range d.Members {
		if m.Name == name {
			return m.SignalID
		}
	}
	x.t.Fatalf("%s has no %s: %+v", id, name, d.Members)
	return ""
}

// peopleAnnounce announces windows and ends them, and sees what they suppress.
func peopleAnnounce(t *testing.T, sam terminal, shop string, fire func(...[2]string)) {
	t.Helper()
	sam.run(exitUsage, "--for 2h", "maintenance", "add", "new grid", "--service", "power-grid")
	sam.run(exitFailed, "change.matchers", "silence", "add", `service=~"("`, "--comment", "x", "--for", "1h")
	id := strings.TrimSuffix(strings.Fields(sam.run(exitOK, "announced by sam", "maintenance", "add", "new grid", "--service", "power-grid", "--suppress", "--for", "2h").out)[0], ":")
	silence := strings.TrimSuffix(strings.Fields(sam.run(exitOK, "announced by sam", "silence", "add", `alertname="Drip"`, "--comment", "the tap", "--for", "1h").out)[0], ":")
	later := strings.TrimSuffix(strings.Fields(sam.run(exitOK, "announced by sam", "maintenance", "add", "later", "--service", "gift-shop", "--from", "24h", "--for", "1h").out)[0], ":")
	sam.until(later, "maintenance", "list", "--state", "planned")
	sam.until(id, "maintenance", "list", "--state", "running", "--service", "power-grid")
	sam.until(silence, "silence", "list")
	if got := sam.run(exitOK, silence, "silence", "list"); strings.Contains(got.out, id) || !strings.Contains(got.out, `alertname="Drip"`) {
		t.Errorf("silences:\n%s", got.out)
	}
	fire([2]string{"GridLow", "power-grid"}, [2]string{"Drip", "gift-shop"}, [2]string{"OutOfPens", "gift-shop"})
	sam.until("OutOfPens", "incident", "show", shop)
	for _, args := range [][]string{{"incident", "list", "--all"}, {"incident", "show", shop}} {
		if got := sam.run(exitOK, "", args...); strings.Contains(got.out, "GridLow") || strings.Contains(got.out, "Drip") {
			t.Errorf("what is expected is in an incident:\n%s", got.out)
		}
	}
	sam.run(exitOK, "ended by sam", "maintenance", "end", id, "--note", "it was quick")
	sam.run(exitOK, "ended by sam", "silence", "end", silence)
	sam.run(exitOK, "ended by sam", "maintenance", "end", later)
	sam.until("power-grid", "incident", "list", "--all") // GridLow joins what it is about
	sam.until("cancelled", "maintenance", "list", "--state", "cancelled")
	sam.until("over", "silence", "list", "--from", "2026-01-01T00:00:00Z", "--state", "over")
	sam.run(exitConflict, "is over already", "silence", "end", silence)
	// It began an hour before anybody heard of it.
	sam.run(exitOK, "announced by sam", "maintenance", "add", "api 2.1", "--change", "--service", "gift-shop", "--from=-1h", "--team", "retail")
	sam.until("retail", "maintenance", "unannounced")
	if got := sam.run(exitOK, "retail", "maintenance", "unannounced", "--month", time.Now().UTC().Add(-time.Hour).Format("2006-01")); !regexp.MustCompile(`retail +1 +1 +[01]`).MatchString(got.out) {
		t.Errorf("unannounced:\n%s", got.out)
	}
	sam.run(exitFailed, "is not a month", "maintenance", "unannounced", "--month", "October")
	sam.run(exitFailed, "there is no change or window", "silence", "end", "CHG-NONE")
}

// What goes wrong before anything is asked says what to do, and no token goes
// where it was not meant for.
func TestPeopleAreToldWhatIsWrong(t *testing.T) {
	t.Parallel()
	var heard []string
	elsewhere := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard = append(heard, r.Header.Get("Authorization")) }))
	defer elsewhere.Close()
	leads := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer leads.Close()
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>hello")) }))
	defer other.Close()
	secretFile := file(t, "token", "hush-hush\n")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"incident list --data " + t.TempDir(), exitUsage, "no pinkstar runs on the data directory"},
		{"incident list --api pinkstar:8080", exitUsage, "http://"},
		{"incident list --api http://127.0.0.1:1", exitFailed, "connection refused"},
		{"incident list --api http://127.0.0.1:1 --token-file /none", exitUsage, "the token's file"},
		{"incident list --api http://127.0.0.1:1 --token-file " + file(t, "two", "a\nb"), exitUsage, "one line"},
		{"incident list --api " + leads.URL + " --token-file " + secretFile, exitFailed, "it leads to"},
		{"incident list --api " + other.URL, exitFailed, "no answer of a pinkstar"},
		{"incident step INC-1 two --api http://127.0.0.1:1", exitUsage, "not the number of a step"},
		{"incident ak INC-1", exitUsage, `did you mean "ack"`},
		{"maintenance add x --service a --for 1h --to 2026-01-01T00:00:00Z --api http://127.0.0.1:1", exitUsage, "one of them"},
	} {
		got := command(t, "", strings.Fields(c.args)...)
		if got.code != c.code || !strings.Contains(got.err, c.says) || strings.Contains(got.err+got.out, "hush-hush") {
			t.Errorf("%s: %d %s%s; want %d, saying %q", c.args, got.code, got.out, got.err, c.code, c.says)
		}
	}
	if len(heard) > 0 {
		t.Errorf("a redirect was followed, with %q", heard)
	}
}

// A shell is told commands and flags by the binary itself.
func TestShellsComplete(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if got := command(t, "", "completion", shell); got.code != exitOK || !strings.Contains(got.out, "--completion-bash") {
			t.Errorf("%s: %+v", shell, got)
		}
	}
	if got := command(t, "", "completion", "cmd.exe"); got.code != exitUsage {
		t.Errorf("%+v", got)
	}
}
