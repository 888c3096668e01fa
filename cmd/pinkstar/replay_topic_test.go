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

// TestReplayOfTheTopicIsByteEqual runs alerts, recoveries, repeats, rules that
// come in by an activation and the ticks of idle partitions through a live
// correlator, and the topic that is left through `replay`.
func TestReplayOfTheTopicIsByteEqual(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.Topology = t.TempDir(), "127.0.0.1:0", station
	cfg.Kafka.Partitions = 3
	cfg.Roles = []string{config.RoleGateway, config.RoleCorrelate}
	a := start(t, &cfg)
	kc := kafka.DefaultConfig()
	kc.Brokers, kc.Embedded, kc.Partitions = []string{a.Endpoints().Kafka}, true, 3
	now := time.Now().UTC()
	for i := range 60 {
		body := fmt.Sprintf(`[{"name":"Down","source":"t","labels":{"service":"s%d","environment":"env%d"},"starts_at":%q,"status":%q}]`,
			i%7, i%5, now.Add(time.Duration(i/14)*time.Millisecond).Format(time.RFC3339Nano), []string{"firing", "firing", "resolved"}[i%3])
		resp, err := http.Post("http://"+a.Endpoints().HTTP+"/signals", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusAccepted {
			t.Fatalf("%s: %s", body, resp.Status)
		}
	}
	var live, offline []string
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(500 * time.Millisecond) {
		live = liveOutcomes(t, kc)
		got := command(t, "", "replay", "--topic", "--data", cfg.Data, "--emit", "incident,decision")
		if got.code != exitOK || got.err != "" {
			t.Fatalf("exit code %d: %s", got.code, got.err)
		}
		offline = replayed(t, got.out)
		if slices.Equal(live, offline) && len(live) > 60/2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("they differ.\nlive:\n%.3000s\nreplayed:\n%.3000s", strings.Join(live, "\n"), strings.Join(offline, "\n"))
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
	if kinds[schemas.KindTick] == 0 || kinds[schemas.KindActivation] == 0 {
		t.Errorf("the log has %v: no ticks or no activations, so nothing was shown", kinds)
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
		last[d.SignalID] = decisionText(t, d.SignalID, d.IncidentID, d.Reason, d.At, d.Repeats, d.Score, d.Rules, d.Topology, d.Evidence)
	}
	return sortedValues(last)
}

// replayed returns the same of what `replay` printed.
func replayed(t *testing.T, out string) []string {
	t.Helper()
	last := map[string]string{}
	for line := range strings.Lines(out) {
		var l struct {
			schemas.Incident
			Type       string
			SignalID   string `json:"signal_id"`
			IncidentID string `json:"incident_id"`
			Reason     string
			At         schemas.Time
			Repeats    int64
			Score      int64
			Evidence   []schemas.Evidence
			Verdict    schemas.Verdict `json:"decision"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if l.Type == "incident" {
			last[l.ID] = text(t, l.Incident)
		} else if _, again := last[l.SignalID]; !again { // the first line about a signal has it all
			last[l.SignalID] = decisionText(t, l.SignalID, l.IncidentID, l.Reason, l.At, l.Repeats, l.Score, l.Rules, l.Topology, l.Evidence)
		}
	}
	return sortedValues(last)
}

func decisionText(t *testing.T, parts ...any) string { return text(t, parts) }

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
