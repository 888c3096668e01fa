package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse/engine"
)

// childEnv makes the test binary be pinkstar, so that a test can kill it.
const childEnv = "PINKSTAR_TEST_BE_PINKSTAR"

func TestMain(m *testing.M) {
	engine.MaybeChild()
	if os.Getenv(childEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

// needEngine skips when the embedded ClickHouse cannot be had, or fails where
// it must be there.
func needEngine(t testing.TB) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	lib, err := engine.Fetch(ctx, engine.FetchOptions{})
	if err != nil {
		kafkatest.SkipOrFail(t, "clickhouse", "needs the embedded ClickHouse: %v", err)
	}
	return lib
}

const station = `services:
  turret-control: {team: defence, depends_on: [shield-generator]}
  shield-generator: {team: shields, depends_on: [power-grid]}
  power-grid: {team: power}
  gift-shop: {team: retail}
`

// alertmanagerBody is a webhook of one group; the alerts are name and service.
func alertmanagerBody(startsAt time.Time, alerts ...[2]string) string {
	var list []string
	for _, a := range alerts {
		list = append(list, fmt.Sprintf(`{"status":"firing","labels":{"alertname":%q,"service":%q,"severity":"critical"},"annotations":{},`+
			`"startsAt":%q,"endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"%016x"}`,
			a[0], a[1], startsAt.Format(time.RFC3339), hash(a[0]+a[1])))
	}
	return `{"version":"4","groupKey":"{}:{}","truncatedAlerts":0,"status":"firing","receiver":"pinkstar","groupLabels":{},"commonLabels":{},` +
		`"commonAnnotations":{},"externalURL":"http://am","alerts":[` + strings.Join(list, ",") + `]}`
}

func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// client talks to a running pinkstar.
type client struct {
	t     *testing.T
	where app.Endpoints
	token string // what the API asks for; "" for nothing
}

func (c client) post(path, body string, want int, into any) {
	c.t.Helper()
	resp, err := http.Post("http://"+c.where.HTTP+path, "application/json", strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != want {
		c.t.Fatalf("POST %s: %s %s; want %d", path, resp.Status, b, want)
	}
	if into != nil {
		if err := json.Unmarshal(b, into); err != nil {
			c.t.Fatalf("POST %s: %v: %s", path, err, b)
		}
	}
}

func (c client) get(path string, into any) int {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "http://"+c.where.HTTP+path, http.NoBody)
	if err != nil {
		c.t.Fatal(err)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		c.t.Fatalf("GET %s: %s: %v", path, resp.Status, err)
	}
	return resp.StatusCode
}

// sql asks over ClickHouse's own HTTP interface, as a report would.
func (c client) sql(query string) (string, error) {
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodPost,
		"http://"+c.where.ClickHouseHTTP+"/?database="+url.QueryEscape(c.where.ClickHouseDatabase), strings.NewReader(query))
	if err != nil {
		return "", err
	}
	req.SetBasicAuth(c.where.ClickHouseUser, c.where.ClickHousePassword)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", resp.Status, b)
	}
	return strings.TrimSpace(string(b)), err
}

// wait polls until query answers want.
func (c client) wait(query, want string) {
	c.t.Helper()
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		got, err := c.sql(query)
		if err == nil && got == want {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%s\n got %q, %v\nwant %q", query, got, err, want)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// waitForIDs polls until every id has a decision.
func (c client) waitForIDs(ids map[string]int) {
	c.t.Helper()
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		missing := maps.Clone(ids)
		got, err := c.sql("SELECT signal_id FROM v_decisions")
		for id := range strings.Lines(got) {
			delete(missing, strings.TrimSpace(id))
		}
		if err == nil && len(missing) == 0 {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("%d of %d acknowledged signals have no decision; %v", len(missing), len(ids), err)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

type acceptedAnswer struct {
	Accepted int      `json:"accepted"`
	IDs      []string `json:"ids"`
}

func quotedList(ids []string) string { return "'" + strings.Join(ids, "','") + "'" }

// TestFromWebhookToReport runs everything embedded and follows alerts, a
// ticket and a command all the way.
func TestFromWebhookToReport(t *testing.T) {
	lib := needEngine(t)
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.ClickHouse.Libchdb, cfg.Topology = t.TempDir(), "127.0.0.1:0", lib, station
	ctx, cancel := context.WithTimeout(t.Context(), kafkatest.Patience)
	defer cancel()
	a, err := app.Start(ctx, &cfg, app.Deps{Log: zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.WarnLevel)})
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			_ = a.Stop(context.WithoutCancel(ctx))
		}
	}()
	c := client{t: t, where: a.Endpoints()}
	if code := c.get("/-/ready", &map[string]any{}); code != http.StatusOK {
		t.Fatalf("/-/ready: %d after Start returned", code)
	}

	begun := time.Now().UTC().Truncate(time.Second).Add(-time.Minute)
	body := alertmanagerBody(begun, [2]string{"ShieldDown", "shield-generator"}, [2]string{"TurretDamaged", "turret-control"}, [2]string{"OutOfMugs", "gift-shop"})
	var first, again acceptedAnswer
	c.post("/webhook/alertmanager", body, http.StatusAccepted, &first)
	c.post("/webhook/alertmanager", body, http.StatusAccepted, &again) // the other replica of an HA pair
	if first.Accepted != 3 || strings.Join(first.IDs, " ") != strings.Join(again.IDs, " ") {
		t.Fatalf("first %+v, again %+v; want the same three ids", first, again)
	}
	c.wait("SELECT count(), uniqExact(signal_id) FROM v_decisions WHERE signal_id IN ("+quotedList(first.IDs)+")", "3\t3")
	c.wait("SELECT sum(1 + repeats) FROM v_decisions", "6")
	c.wait("SELECT count() FROM v_alerts WHERE status = 'firing'", "3")

	// The two that depend on each other belong together, the shop does not.
	c.wait("SELECT uniqExact(parent_id) FROM v_decisions WHERE signal_id IN ("+quotedList(first.IDs[:2])+")", "1")
	c.wait("SELECT uniqExact(parent_id) FROM v_decisions", "2")

	var list struct {
		Incidents []struct{ ID, Title, Status string }
		History   struct{ Asked, Answered bool }
	}
	c.get("/api/v1/incidents?main=true", &list)
	if len(list.Incidents) != 2 || !list.History.Answered {
		t.Fatalf("the API shows %+v; want 2 main incidents, with history", list)
	}
	main, err := c.sql("SELECT any(parent_id) FROM v_decisions WHERE signal_id = '" + first.IDs[0] + "'")
	if err != nil {
		t.Fatal(err)
	}
	c.post("/api/v1/incidents/"+main+"/commands", `{"action":"acknowledge","by":"sam"}`, http.StatusAccepted, nil)
	c.wait("SELECT status FROM v_incidents WHERE incident_id = '"+main+"'", "acknowledged")
	var one struct {
		Incident struct{ Status string }
		Members  []struct{ Name, Reason string }
		Timeline []struct{ Text string }
	}
	c.get("/api/v1/incidents/"+main, &one)
	if one.Incident.Status != "acknowledged" || len(one.Members) == 0 || len(one.Timeline) == 0 || one.Members[0].Reason == "" {
		t.Errorf("got %+v; want it acknowledged, with members and a story", one)
	}

	name := filepath.Join(cfg.Data, app.EndpointsName)
	if info, err := os.Stat(name); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("endpoints.json: %v, %v", info, err)
	}
	stopped = true
	if err := a.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) {
		t.Error("endpoints.json outlives a clean stop")
	}
}

// process is a pinkstar that can be killed.
type process struct {
	cmd   *exec.Cmd
	log   *bytes.Buffer
	where app.Endpoints
}

// startProcess starts a pinkstar of its own, everything embedded; more are further
// flags.
func startProcess(t testing.TB, dir, lib string, more ...string) *process {
	t.Helper()
	p := &process{log: &bytes.Buffer{}}
	p.cmd = exec.Command(os.Args[0], append([]string{"run", "--data", dir, "--http", "127.0.0.1:0", "--libchdb", lib, "--log-format", "json", "--log-level", "info"}, more...)...)
	p.cmd.Env = append(os.Environ(), childEnv+"=1")
	p.cmd.Stderr, p.cmd.Stdout = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan error, 1)
	go func() { exited <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		b, err := os.ReadFile(filepath.Join(dir, app.EndpointsName))
		if err == nil && json.Unmarshal(b, &p.where) == nil && p.where.PID == p.cmd.Process.Pid {
			return p
		}
		select {
		case err := <-exited:
			t.Fatalf("pinkstar ended while starting: %v\n%s", err, p.log)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("pinkstar is not ready\n%s", p.log)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// storm posts alerts until the process dies, and notes every id that was
// acknowledged with how often.
func storm(where app.Endpoints, seed uint64, acked map[string]int, until time.Time) {
	var mu sync.Mutex
	var senders sync.WaitGroup
	for s := range 4 {
		senders.Go(func() {
			rng := rand.New(rand.NewPCG(seed, uint64(s)))
			for time.Now().Before(until.Add(10 * time.Second)) { // the kill ends it much earlier
				var alerts [][2]string
				for range 50 { // some new, most repeated
					alerts = append(alerts, [2]string{"Alert" + strconv.Itoa(rng.IntN(3000)), []string{"turret-control", "shield-generator", "power-grid", "gift-shop"}[rng.IntN(4)]})
				}
				resp, err := http.Post("http://"+where.HTTP+"/webhook/alertmanager", "application/json",
					strings.NewReader(alertmanagerBody(stormStart, alerts...)))
				if err != nil {
					return
				}
				var got acceptedAnswer
				err = json.NewDecoder(resp.Body).Decode(&got)
				_ = resp.Body.Close()
				if resp.StatusCode != http.StatusAccepted || err != nil {
					continue
				}
				mu.Lock()
				for _, id := range got.IDs {
					acked[id]++
				}
				mu.Unlock()
			}
		})
	}
	senders.Wait()
}

var stormStart = time.Now().UTC().Truncate(time.Second).Add(-time.Minute)

// waitForOfflineReplay reads the log that the crashes left behind and runs it
// through fresh engines. What ClickHouse shows must be what comes out.
func (c client) waitForOfflineReplay() {
	c.t.Helper()
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		offline := strings.Join(c.replayLog(), "\n")
		live, err := c.sql("SELECT incident_id, parent_id, status, signals, repeats FROM v_incidents ORDER BY incident_id")
		if err == nil && live == offline {
			if offline == "" {
				c.t.Fatal("there are no incidents to compare")
			}
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("ClickHouse and an offline replay of the log differ; %v\nlive:\n%.2000s\noffline:\n%.2000s", err, live, offline)
		}
		time.Sleep(500 * time.Millisecond)
	}
}

// replayLog returns one line for each incident, sorted.
func (c client) replayLog() []string {
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{c.where.Kafka}
	topic := cfg.Topic(schemas.TopicSignals)
	cl, err := kafka.NewClient(cfg, "test", kafka.Deps{}, append(kafka.ReaderOpts(cfg, int(cfg.Partitions)),
		kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.KeepControlRecords())...)
	if err != nil {
		c.t.Fatal(err)
	}
	defer cl.Close()
	ends, err := kadm.NewClient(cl).ListCommittedOffsets(c.t.Context(), topic)
	if err != nil {
		c.t.Fatal(err)
	}
	left := map[int32]int64{}
	ends.Each(func(o kadm.ListedOffset) {
		if o.Offset > 0 {
			left[o.Partition] = o.Offset
		}
	})
	engines := map[int32]*correlate.Engine{}
	last := map[string]schemas.Incident{}
	var out correlate.Output
	for len(left) > 0 {
		cl.PollFetches(c.t.Context()).EachRecord(func(r *kgo.Record) {
			end, open := left[r.Partition]
			if !open {
				return
			}
			if r.Offset+1 >= end {
				delete(left, r.Partition)
			}
			if r.Attrs.IsControl() {
				return
			}
			e := engines[r.Partition]
			if e == nil {
				e = correlate.New(nil, nil)
				engines[r.Partition] = e
			}
			var s schemas.Signal
			if err := schemas.DecodeSignal(r.Value, &s); err != nil {
				c.t.Fatal(err)
			}
			out.Reset()
			e.Step(&s, schemas.TimeOf(r.Timestamp), &out)
			for _, inc := range out.Incidents {
				last[inc.ID] = inc
			}
		})
	}
	var lines []string
	for _, inc := range last {
		main := inc.ParentID
		if main == "" {
			main = inc.ID
		}
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%d\t%d", inc.ID, main, inc.Status, inc.SignalCount, inc.RepeatCount))
	}
	slices.Sort(lines)
	return lines
}

// TestCrashLosesAndDoublesNothing kills the whole process again and again in a
// storm. Everything that was answered 202 is in exactly one decision, counted
// at least as often as it was acknowledged, and every row is there once.
func TestCrashLosesAndDoublesNothing(t *testing.T) {
	lib := needEngine(t)
	kills, enough := 2, 100 // kills at least, and deliveries
	switch {
	case os.Getenv("PINKSTAR_CRASH") == "full":
		kills, enough = 8, 100_000
	case testing.Short():
		kills = 1
	}
	dir := t.TempDir()
	topology := filepath.Join(dir, "topology.yaml")
	if err := os.WriteFile(topology, []byte(station), 0o600); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 99))
	acked := map[string]int{}
	deliveries, killed := 0, 0
	for ; killed < kills || deliveries < enough; killed++ {
		if killed == 5*kills {
			t.Fatalf("%d kills, and only %d deliveries were acknowledged: the storm did not happen", killed, deliveries)
		}
		p := startProcess(t, dir, lib, "--topology", topology)
		life := time.Duration(300+rng.IntN(2500)) * time.Millisecond
		timer := time.AfterFunc(life, func() { _ = p.cmd.Process.Kill() })
		storm(p.where, rng.Uint64(), acked, time.Now().Add(life))
		timer.Stop()
		deliveries = 0
		for _, n := range acked {
			deliveries += n
		}
	}
	p := startProcess(t, dir, lib, "--topology", topology)
	c := client{t: t, where: p.where}
	t.Logf("%d kills, %d signals acknowledged %d times", killed, len(acked), deliveries)
	c.waitForIDs(acked)
	c.wait("SELECT count() = uniqExact(signal_id) FROM v_decisions", "1")
	c.wait("SELECT count() = uniqExact(signal_id) FROM v_alerts", "1")
	c.wait("SELECT count() = uniqExact(incident_id) FROM v_incidents", "1")
	c.wait("SELECT sum(1 + repeats) >= "+strconv.Itoa(deliveries)+" FROM v_decisions", "1")
	c.wait("SELECT countIf(decision = 'refused') FROM v_decisions", "0")
	c.waitForOfflineReplay()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(kafkatest.Patience)
	for {
		if _, err := os.Stat(filepath.Join(dir, app.EndpointsName)); errors.Is(err, os.ErrNotExist) {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("an interrupt does not stop it\n%s", p.log)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
