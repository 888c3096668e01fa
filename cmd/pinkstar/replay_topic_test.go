package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

// TestReplayOfTheTopicIsByteEqual runs alerts, recoveries, repeats, firings under
// an old start, a window that changes, what people order, rules that come in by
// an activation and the ticks of idle partitions through a live correlator, and
// the topic that is left through `replay`.
func TestReplayOfTheTopicIsByteEqual(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.Topology = t.TempDir(), "127.0.0.1:0", station
	cfg.Rules = "lifecycle: {peer_delay: 100ms, new_episode: 100ms}\n" // nobody wants to wait
	cfg.Kafka.Partitions = 3
	cfg.Roles = []string{config.RoleGateway, config.RoleCorrelate, config.RoleWeb}
	a := start(t, &cfg)
	c := client{t: t, where: a.Endpoints()}
	kc := kafka.DefaultConfig()
	kc.Brokers, kc.Embedded, kc.Partitions = []string{a.Endpoints().Kafka}, true, 3
	now := time.Now().UTC()
	signal := func(rest string, values ...any) {
		c.post("/signals", fmt.Sprintf("["+rest+"]", values...), http.StatusAccepted, nil)
	}
	for i := range 60 {
		signal(`{"name":"Down","source":"t","labels":{"service":"s%d","environment":"env%d"},"starts_at":%q,"status":%q}`,
			i%7, i%5, now.Add(time.Duration(i/14)*time.Millisecond).Format(time.RFC3339Nano), []string{"firing", "firing", "resolved"}[i%3])
	}
	window := `{"kind":"maintenance","name":"Work","source":"t","fingerprint":"w","service":"s9","environment":"env0","starts_at":%q,"ends_at":%q,"change":{"suppress":%v}}`
	signal(window, now.Format(time.RFC3339), now.Add(time.Hour).Format(time.RFC3339), true)
	signal(window, now.Format(time.RFC3339), now.Add(2*time.Hour).Format(time.RFC3339), false) // the same window
	orders(t, c)
	again := `{"name":"Late","source":"t","labels":{"service":"core","environment":"env1"},"starts_at":%q,"status":%q}`
	for _, status := range []string{"firing", "resolved", "firing", "firing"} { // told again under its old start
		signal(again, now.Format(time.RFC3339Nano), status)
		time.Sleep(300 * time.Millisecond)
	}
	offline := sameAsLive(t, &cfg, kc)
	for what, parts := range map[string][2]string{
		"firing under its old start": {"the same alert fires again", ""},
		"another text of a window":   {"noted: explains nothing", "noted: alerts it covers are expected"},
		"resolve":                    {"resolve by sam", "link_parent by sam"},
	} {
		for _, part := range parts {
			if !strings.Contains(strings.Join(offline, "\n"), part) {
				t.Errorf("nothing shows %s (%s)", what, part)
			}
		}
	}
	kinds := map[schemas.Kind]int{}
	for _, r := range kafkatest.ReadAll(t, kc, schemas.TopicSignals) {
		var s schemas.Signal
		if err := schemas.DecodeSignal(r.Value, &s); err != nil {
			t.Fatal(err)
		}
		kinds[s.Kind]++
	}
	for _, k := range []schemas.Kind{schemas.KindTick, schemas.KindActivation, schemas.KindCommand, schemas.KindMaintenance} {
		if kinds[k] == 0 {
			t.Errorf("the log has %v: no %s", kinds, k)
		}
	}
}

// orders has people acknowledge, link and resolve incidents of one scope.
func orders(t *testing.T, c client) {
	t.Helper()
	var list struct{ Incidents []struct{ ID, Scope string } }
	var ids []string
	for deadline := time.Now().Add(kafkatest.Patience); len(ids) < 2; time.Sleep(100 * time.Millisecond) {
		c.get("/api/v1/incidents?scope=default/env2", &list)
		ids = ids[:0]
		for _, inc := range list.Incidents {
			ids = append(ids, inc.ID)
		}
		if time.Now().After(deadline) {
			t.Fatalf("incidents: %v", list)
		}
	}
	order := func(id, rest string) {
		c.post("/api/v1/incidents/"+id+"/commands", rest, http.StatusAccepted, nil)
	}
	order(ids[0], `{"by":"sam","action":"acknowledge"}`)
	order(ids[1], `{"by":"sam","action":"link_parent","parent_id":"`+ids[0]+`"}`)
	order(ids[0], `{"by":"sam","action":"resolve","note":"seen to"}`)
}

// sameAsLive waits until what `replay` prints of the topic is what the live
// correlator said, and returns it.
func sameAsLive(t *testing.T, cfg *config.Config, kc kafka.Config) (offline []string) {
	t.Helper()
	for deadline := time.Now().Add(kafkatest.Patience); ; time.Sleep(500 * time.Millisecond) {
		live := liveOutcomes(t, kc)
		got := command(t, "", "replay", "--topic", "--data", cfg.Data, "--emit", "incident,decision")
		if got.code != exitOK || got.err != "" {
			t.Fatalf("exit code %d: %s", got.code, got.err)
		}
		offline = replayed(t, got.out)
		if slices.Equal(live, offline) && len(live) > 60/2 {
			return offline
		}
		if time.Now().After(deadline) {
			only := func(a, b []string) string {
				return strings.Join(slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) }), "\n")
			}
			t.Fatalf("they differ.\nonly live:\n%.5000s\nonly replayed:\n%.5000s", only(live, offline), only(offline, live))
		}
	}
}

// liveOutcomes returns the latest incidents and decisions on the topics, without
// what a replay leaves out, sorted.
func liveOutcomes(t *testing.T, kc kafka.Config) []string {
	t.Helper()
	last := map[string]string{}
	for _, r := range kafkatest.ReadAll(t, kc, schemas.TopicIncidents) {
		var in schemas.Incident
		if err := json.Unmarshal(r.Value, &in); err != nil {
			t.Fatal(err)
		}
		in.Members, in.Timeline = nil, nil
		last[in.ID] = text(t, in)
	}
	for _, r := range kafkatest.ReadAll(t, kc, schemas.TopicDecisions) {
		if string(kafka.Header(r, schemas.HeaderType)) != schemas.TypeDecision {
			continue
		}
		var d schemas.Decision
		if err := json.Unmarshal(r.Value, &d); err != nil {
			t.Fatal(err)
		}
		last[d.SignalID] = decisionText(t, &d)
	}
	return sortedValues(last)
}

// replayed returns the same of what `replay` printed.
func replayed(t *testing.T, out string) []string {
	t.Helper()
	last := map[string]string{}
	for line := range strings.Lines(out) {
		var l struct { // an incident and a decision have fields of the same names
			Type     string
			SignalID string `json:"signal_id"`
		}
		into := func(v any) {
			if err := json.Unmarshal([]byte(line), v); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
		}
		into(&l)
		if l.Type == "incident" {
			var inc schemas.Incident
			into(&inc)
			last[inc.ID] = text(t, inc)
		} else if _, again := last[l.SignalID]; !again { // the first line about a signal has it all
			var d schemas.Decision
			into(&d)
			last[d.SignalID] = decisionText(t, &d)
		}
	}
	return sortedValues(last)
}

func decisionText(t *testing.T, d *schemas.Decision) string {
	t.Helper()
	return text(t, []any{d.SignalID, d.IncidentID, d.Verdict, d.Reason, d.At, d.Repeats, d.Score, d.Rules, d.Topology, d.Evidence, d.AnchorID, d.WindowID})
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func sortedValues(m map[string]string) (out []string) {
	for _, v := range m {
		out = append(out, v)
	}
	slices.Sort(out)
	return out
}
