package main

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"pinkstar/cmd/pinkstar/app"
)

// shortLives makes everything that is over leave within seconds, so that what
// remains of it can be measured.
const shortLives = `lifecycle: {resolve_delay: 1s, reopen_window: 1s, forget: 10s, flap_window: 5s, new_episode: 5s}
`

// alertsPerIncident is how many alerts share a service, and so an incident.
const alertsPerIncident = 25

// BenchmarkProcessMemory fills a running pinkstar, everything embedded, and
// prints what the whole process takes for each active alert, and for each
// closed incident once all is over: its resident memory at the most and at
// rest, and what Go's heap holds after a collection. ClickHouse is a process of its own and not
// in it. PINKSTAR_MEMORY=10000,100000,1000000 chooses the sizes; the last takes
// some minutes and gigabytes.
func BenchmarkProcessMemory(b *testing.B) {
	sizes := os.Getenv("PINKSTAR_MEMORY")
	if sizes == "" {
		sizes = "10000"
	}
	lib := needEngine(b)
	for s := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(s)
		if err != nil {
			b.Fatalf("PINKSTAR_MEMORY: want numbers with commas, not %q", s)
		}
		b.Run(s, func(b *testing.B) {
			for range b.N {
				measureProcess(b, lib, n)
			}
		})
	}
}

func measureProcess(b *testing.B, lib string, n int) {
	b.Helper()
	dir := b.TempDir()
	rules := filepath.Join(dir, "rules.yaml")
	if err := os.WriteFile(rules, []byte(shortLives), 0o600); err != nil {
		b.Fatal(err)
	}
	p := startProcess(b, dir, lib, "--rules", rules)
	empty := p.memory(b)
	start := time.Now().UTC().Add(-time.Minute)

	p.sendAlerts(b, dir, n, start, "firing")
	p.waitForMetric(b, `pinkstar_engine_held{kind="alerts"`, exactly(float64(n)))
	p.written(b)
	full := p.memory(b)
	b.ReportMetric(1024*(full.peak-empty.rest)/float64(n), "B-peak/alert")
	b.ReportMetric(1024*(full.rest-empty.rest)/float64(n), "B-rss/alert")
	b.ReportMetric((full.heap-empty.heap)/float64(n), "B-heap/alert")

	p.sendAlerts(b, dir, n, start, "resolved")
	p.waitForMetric(b, `pinkstar_engine_held{kind="incidents"`, exactly(0))
	p.waitForMetric(b, `pinkstar_engine_held{kind="known_signals"`, exactly(0))
	p.written(b)
	over := p.memory(b)
	incidents := float64(n) / alertsPerIncident
	b.ReportMetric((over.heap-empty.heap)/incidents, "B-heap/closed")
	b.ReportMetric(over.rest/1024, "MB-rss-after")
}

// sendAlerts produces n alerts as a team's program would.
func (p *process) sendAlerts(b *testing.B, dir string, n int, start time.Time, status string) {
	b.Helper()
	in, out := io.Pipe()
	go func() {
		w := bufio.NewWriter(out)
		for i := range n {
			_, _ = fmt.Fprintf(w, `{"kind":"alert","source":"bench","fingerprint":"%016x","status":%q,"name":"Alert%d","severity":"critical","starts_at":%q,"ends_at":%q,`+
				`"summary":"p99 of service-%d is above 2 s for 5 minutes","labels":{"service":"service-%d","pod":"service-%d-7d9f8-%05d","namespace":"ns-%d","cluster":"eu-1"}}`+"\n",
				i, status, i%alertsPerIncident, start.Format(time.RFC3339), endOf(status), i/alertsPerIncident, i/alertsPerIncident, i/alertsPerIncident, i, i/alertsPerIncident%50)
		}
		_ = w.Flush()
		_ = out.Close()
	}()
	cmd := exec.Command(os.Args[0], "send", "--data", dir, "-")
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stdin = in
	if text, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("send: %v\n%s", err, text)
	}
}

func endOf(status string) string {
	if status == "resolved" {
		return time.Now().UTC().Format(time.RFC3339)
	}
	return ""
}

// resident is what a process takes, in KiB, and its heap in bytes.
type resident struct{ rest, peak, heap float64 }

func (p *process) memory(b *testing.B) (r resident) {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Skip("needs /proc: ", err)
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kb, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
		switch name {
		case "VmRSS":
			r.rest = kb
		case "VmHWM":
			r.peak = kb
		}
	}
	p.collect(b)
	r.heap, _ = metric(b, p.where, "go_memstats_heap_alloc_bytes")
	return r
}

// collect has the process collect its garbage, so that its heap is what it holds.
// PINKSTAR_MEMORY_PROFILES names a directory for a profile of that.
func (p *process) collect(b *testing.B) {
	b.Helper()
	resp, err := http.Get("http://" + p.where.HTTP + "/debug/pprof/heap?gc=1")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	profile, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("a profile: %s, %v", resp.Status, err)
	}
	if dir := os.Getenv("PINKSTAR_MEMORY_PROFILES"); dir != "" {
		f, err := os.CreateTemp(dir, strings.ReplaceAll(b.Name(), "/", "-")+"-*.pprof")
		if err != nil {
			b.Fatal(err)
		}
		_, _ = f.Write(profile)
		_ = f.Close()
	}
}

// written waits until ClickHouse has everything. The end of a transaction is a
// record nobody delivers, so a partition's lag ends at 1.
func (p *process) written(b *testing.B) {
	b.Helper()
	p.waitForMetric(b, "pinkstar_deliver_lag_records", func(lag float64) bool { return lag <= 24 })
}

func exactly(want float64) func(float64) bool { return func(v float64) bool { return v == want } }

// waitForMetric waits until the sum of a metric over its labels is as wanted.
func (p *process) waitForMetric(b *testing.B, name string, want func(float64) bool) {
	b.Helper()
	for deadline := time.Now().Add(time.Hour); ; time.Sleep(200 * time.Millisecond) {
		got, found := metric(b, p.where, name)
		if found && want(got) {
			return
		}
		if time.Now().After(deadline) {
			b.Fatalf("%s is still %v (found: %v)\n%s", name, got, found, p.log)
		}
	}
}

func metric(b *testing.B, where app.Endpoints, name string) (sum float64, found bool) {
	b.Helper()
	resp, err := http.Get("http://" + where.HTTP + "/metrics")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		rest, ok := strings.CutPrefix(lines.Text(), name)
		if !ok || rest == "" || !strings.ContainsRune(" {,", rune(rest[0])) {
			continue
		}
		v, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			b.Fatalf("/metrics: %s", lines.Text())
		}
		sum, found = sum+v, true
	}
	return sum, found
}
