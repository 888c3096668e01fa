package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/alertmanagertest"
	"pinkstar/pipeline/kafkatest"
)

// recorderTopics are what the real Alertmanager writes its events to, one in
// each format.
var recorderTopics = map[string]string{"json": "alertmanager.events.json", "protobuf": "alertmanager.events.pb"}

// startWhole runs everything embedded, reading the event recorder's topics.
func startWhole(t *testing.T, topics ...string) client {
	t.Helper()
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.ClickHouse.Libchdb = t.TempDir(), "127.0.0.1:0", needEngine(t)
	cfg.Topology = station
	cfg.Kafka.EventRecorderTopics = topics
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	a, err := app.Start(ctx, &cfg, app.Deps{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), kafkatest.Patience)
		defer cancel()
		if err := a.Stop(ctx); err != nil {
			t.Error(err)
		}
	})
	return client{t: t, where: a.Endpoints()}
}

// TestRealAlertmanager lets a real Alertmanager deliver the same alerts by its
// webhook and by its event recorder, as JSON and as protobuf: one row for each
// state of each alert, the further deliveries counted on it, one incident.
func TestRealAlertmanager(t *testing.T) {
	for format, topic := range recorderTopics {
		t.Run(format, func(t *testing.T) {
			alertmanagertest.Need(t)
			c := startWhole(t, topic)
			am := alertmanagertest.Start(t, alertmanagertest.Config("http://"+c.where.HTTP+"/webhook/alertmanager", c.where.Kafka, topic, format))
			begun := time.Now().Add(-30 * time.Second).UTC().Truncate(time.Millisecond)
			alert := func(name, service string, ends time.Time) alertmanagertest.Alert {
				return alertmanagertest.Alert{
					Labels:   map[string]string{"alertname": name, "service": service, "severity": "critical"},
					StartsAt: begun, EndsAt: ends,
				}
			}
			am.Post(alert("ShieldDown", "shield-generator", time.Time{}), alert("TurretDamaged", "turret-control", time.Time{}))
			c.wait("SELECT count(), uniqExact(fingerprint) FROM v_alerts WHERE status = 'firing'", "2\t2")
			c.wait("SELECT uniqExact(parent_id) FROM v_decisions WHERE kind = 'alert'", "1")
			// repeat_interval is a second, and the recorder tells what the webhook told.
			c.wait("SELECT sum(repeats) >= 2 FROM v_decisions", "1")

			now := time.Now().UTC().Truncate(time.Millisecond)
			am.Post(alert("ShieldDown", "shield-generator", now), alert("TurretDamaged", "turret-control", now))
			c.wait("SELECT count(), uniqExact(fingerprint) FROM v_alerts WHERE status = 'resolved'", "2\t2")
			c.wait("SELECT count(), uniqExact(signal_id), countIf(decision = 'placed') FROM v_decisions WHERE kind = 'alert'", "4\t4\t4")
			c.wait("SELECT max(active_alerts), sum(alerts) FROM v_incidents", "0\t2")
			if dead, err := c.sql("SELECT topic, reason FROM v_dead_letters"); err != nil || dead != "" {
				t.Errorf("dead letters: %s %v", dead, err)
			}
		})
	}
}

// TestLatePrometheus is what a Prometheus does that was away for longer than its
// alerts live: Alertmanager takes them for resolved, says so, and says that they
// fire once they are told again, under their old start. What fires has an open
// incident; what was told is not told twice.
func TestLatePrometheus(t *testing.T) {
	alertmanagertest.Need(t)
	c := startWhole(t)
	am := alertmanagertest.Start(t, alertmanagertest.Config("http://"+c.where.HTTP+"/webhook/alertmanager", "", "", ""))
	begun := time.Now().Add(-time.Minute).UTC().Truncate(time.Millisecond)
	post := func(lives time.Duration) {
		am.Post(alertmanagertest.Alert{
			Labels:   map[string]string{"alertname": "ShieldDown", "service": "shield-generator", "severity": "critical"},
			StartsAt: begun, EndsAt: time.Now().Add(lives).UTC(),
		})
	}
	post(2 * time.Second)
	c.wait("SELECT status, active_alerts FROM v_incidents", "open\t1")
	c.wait("SELECT max(active_alerts) FROM v_incidents", "0") // nobody told it again in time

	post(time.Hour)
	c.wait("SELECT status, active_alerts, alerts FROM v_incidents", "open\t1\t1")
	c.wait("SELECT uniqExact(incident_id), countIf(decision = 'placed') FROM v_decisions WHERE kind = 'alert'", "1\t3")
}

// TestKcat is an outside client that shares no line with ours: it produces an
// alert to a topic and reads the incident from another, on the embedded broker.
func TestKcat(t *testing.T) {
	kcat, err := exec.LookPath("kcat")
	if err != nil {
		kafkatest.SkipOrFail(t, "kcat", "needs kcat on the PATH (Debian: apt-get install kcat)")
	}
	c := startWhole(t)
	run := func(in string, args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, kcat, append([]string{"-b", c.where.Kafka}, args...)...)
		var stderr bytes.Buffer
		cmd.Stdin, cmd.Stderr = strings.NewReader(in), &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("kcat %v: %v\n%s", args, err, stderr.String())
		}
		return string(out)
	}
	begun := time.Now().UTC().Add(-time.Minute)
	body := alertmanagerBody(begun, [2]string{"ShieldDown", "shield-generator"}, [2]string{"TurretDamaged", "turret-control"})
	run(body+"\nnot json at all\n", "-P", "-t", "pinkstar.alerts")
	c.wait("SELECT uniqExact(parent_id), count() FROM v_decisions WHERE decision = 'placed'", "1\t2")
	c.wait("SELECT count() FROM v_decisions WHERE decision = 'refused' AND reason != ''", "1")

	var last struct {
		ID       string   `json:"id"`
		Services []string `json:"services"`
	}
	lines := strings.Split(strings.TrimSpace(run("", "-C", "-t", "pinkstar.incidents", "-e", "-q", "-X", "isolation.level=read_committed")), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &last); err != nil {
		t.Fatalf("the last record on incidents: %v: %s", err, lines[len(lines)-1])
	}
	main, err := c.sql("SELECT any(parent_id) FROM v_decisions WHERE decision = 'placed'")
	if err != nil || last.ID == "" || !strings.Contains(strings.Join(lines, "\n"), main) {
		t.Errorf("kcat reads %d incidents, the last is %q; SQL says %q, %v", len(lines), last.ID, main, err)
	}
	if dead := run("", "-C", "-t", "pinkstar.deadletter", "-e", "-q", "-f", "%k %h %s\n"); strings.TrimSpace(dead) == "" {
		t.Error("kcat reads no dead letter")
	}
	if list := run("", "-L"); !strings.Contains(list, `topic "pinkstar.signals"`) {
		t.Errorf("kcat lists\n%s", list)
	}
}
