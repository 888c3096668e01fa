// Package alertmanagertest runs a real Alertmanager beside a test, so that what
// Pinkstar says of Alertmanager is checked against Alertmanager and not against
// a recording of it.
//
// # Non-obvious
//
//   - The binary is named by PINKSTAR_TEST_ALERTMANAGER (.ci/alertmanager
//     builds one). Without it the test skips, or fails where CI demands it.
//   - The feature event-recorder is on, since half of what we read from
//     Alertmanager comes from there.
//   - Clustering is off. Two instances with the same receiver are what an HA
//     pair looks like from outside when its gossip is cut.
package alertmanagertest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Env names the variable that holds the path of an Alertmanager binary.
const Env = "PINKSTAR_TEST_ALERTMANAGER"

// Alertmanager is a running instance.
type Alertmanager struct {
	URL string // http://127.0.0.1:PORT

	tb testing.TB
}

// Alert is what Prometheus posts to /api/v2/alerts.
type Alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations,omitempty"`
	StartsAt     time.Time         `json:"startsAt,omitzero"`
	EndsAt       time.Time         `json:"endsAt,omitzero"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Need returns the path of the binary, or skips the test, or fails it where CI
// demands one.
func Need(tb testing.TB) string {
	tb.Helper()
	binary := os.Getenv(Env)
	if binary == "" {
		if strings.Contains(os.Getenv("PINKSTAR_REQUIRE"), "alertmanager") {
			tb.Fatalf("%s is not set and PINKSTAR_REQUIRE demands an Alertmanager", Env)
		}
		tb.Skipf("no Alertmanager: set %s to its binary (.ci/alertmanager builds one)", Env)
	}
	return binary
}

// Start runs an Alertmanager with the given alertmanager.yml until the test
// ends. Without a binary the test skips, or fails where CI demands one.
func Start(tb testing.TB, config string) *Alertmanager {
	tb.Helper()
	binary := Need(tb)
	dir := tb.TempDir()
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(binary, "--config.file="+file, "--storage.path="+dir,
		"--web.listen-address=127.0.0.1:0", "--cluster.listen-address=", "--enable-feature=event-recorder")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("alertmanager: %v", err)
	}
	addr := make(chan string, 1)
	logged := make(chan string, 1)
	go func() { logged <- readLog(bufio.NewScanner(stderr), addr) }()
	tb.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		// With an unreachable Kafka it would try for half a minute to flush.
		kill := time.AfterFunc(3*time.Second, func() { _ = cmd.Process.Kill() })
		text := <-logged
		kill.Stop()
		_ = cmd.Wait()
		if tb.Failed() {
			tb.Logf("alertmanager said:\n%s", text)
		}
	})
	am := &Alertmanager{tb: tb}
	select {
	case a := <-addr:
		am.URL = "http://" + a
	case <-time.After(20 * time.Second):
		tb.Fatal("alertmanager: did not say its address within 20 s")
	}
	am.waitReady()
	return am
}

var listening = regexp.MustCompile(`Listening on.*address=(\S+:\d+)`)

// readLog reads to the end, reports the address that was bound on port 0, and
// returns the last lines.
func readLog(sc *bufio.Scanner, addr chan<- string) string {
	var lines []string
	for sc.Scan() {
		if m := listening.FindStringSubmatch(sc.Text()); m != nil {
			select {
			case addr <- m[1]:
			default:
			}
		}
		if lines = append(lines, sc.Text()); len(lines) > 50 {
			lines = lines[1:]
		}
	}
	return strings.Join(lines, "\n")
}

func (am *Alertmanager) waitReady() {
	am.tb.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		resp, err := http.Get(am.URL + "/-/ready")
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			return
		}
	}
	am.tb.Fatal("alertmanager: not ready after 10 s")
}

// Post sends alerts as Prometheus would.
func (am *Alertmanager) Post(alerts ...Alert) {
	am.tb.Helper()
	am.send("/api/v2/alerts", alerts)
}

// Silence silences what has the label for an hour.
func (am *Alertmanager) Silence(label, value, by, comment string) {
	am.tb.Helper()
	now := time.Now().UTC()
	am.send("/api/v2/silences", map[string]any{
		"matchers":  []map[string]any{{"name": label, "value": value, "isRegex": false, "isEqual": true}},
		"startsAt":  now.Format(time.RFC3339Nano),
		"endsAt":    now.Add(time.Hour).Format(time.RFC3339Nano),
		"createdBy": by, "comment": comment,
	})
}

func (am *Alertmanager) send(path string, body any) {
	am.tb.Helper()
	b, err := json.Marshal(body)
	if err != nil {
		am.tb.Fatal(err)
	}
	resp, err := http.Post(am.URL+path, "application/json", bytes.NewReader(b))
	if err != nil {
		am.tb.Fatalf("alertmanager %s: %v", path, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		var msg bytes.Buffer
		_, _ = msg.ReadFrom(resp.Body)
		am.tb.Fatalf("alertmanager %s: %s: %s", path, resp.Status, msg.String())
	}
}

// Config returns an alertmanager.yml with one webhook receiver, and with an
// event recorder writing to the given Kafka topic when brokers is not empty.
func Config(webhook, brokers, topic, format string) string {
	c := fmt.Sprintf(`route:
  receiver: pinkstar
  group_by: [alertname, service]
  group_wait: 100ms
  group_interval: 500ms
  repeat_interval: 1s
receivers:
  - name: pinkstar
    webhook_configs:
      - url: %s
        send_resolved: true
`, webhook)
	if brokers != "" {
		c += fmt.Sprintf(`event_recorder:
  kafka_outputs:
    - brokers: [%q]
      topic: %s
      format: %s
`, brokers, topic, format)
	}
	return c
}
