package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/feeds"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
	"pinkstar/schemas/secret"
)

// calendarOf is a calendar with one event that lasts from an hour ago to in an hour.
func calendarOf(title, more string) string {
	at := func(d time.Duration) string { return time.Now().UTC().Add(d).Format("20060102T150405Z") }
	return fmt.Sprintf("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:%s\r\nDTSTART:%s\r\nDTEND:%s\r\nSUMMARY:%s\r\n%sEND:VEVENT\r\nEND:VCALENDAR\r\n",
		at(0), at(-time.Hour), at(time.Hour), title, more)
}

// TestCalendarsAreFetched: a calendar of maintenance suppresses alerts, one of
// shifts says who is called, and one that is away is said by /-/ready.
func TestCalendarsAreFetched(t *testing.T) {
	var away atomic.Bool
	work, nights := []byte(calendarOf("Inventory", "CATEGORIES:gift-shop\r\n")), []byte(calendarOf("kim", ""))
	mux := http.NewServeMux()
	mux.HandleFunc("/work.ics", func(w http.ResponseWriter, _ *http.Request) {
		if away.Load() {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = w.Write(work)
	})
	mux.HandleFunc("/shifts.ics", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(nights) })
	srv := httptest.NewServer(mux)
	defer srv.Close()
	at := func(name, path string) feeds.Address {
		return feeds.Address{Name: name, URL: secret.New(srv.URL + path), AllowPrivate: true}
	}
	cfg := config.Default()
	cfg.Data, cfg.HTTP.Listen, cfg.Topology = t.TempDir(), "127.0.0.1:0", station
	cfg.Roles = []string{config.RoleGateway, config.RoleNormalise, config.RoleCorrelate, config.RoleWeb}
	cfg.ClickHouse.DSN = "clickhouse://pinkstar:hush@127.0.0.1:1/pinkstar"
	cfg.Rules = `
messages: {per_incident: 20}
people: {kim: {reach: [pager-kim]}}
rotas: {watch: {calendar: nights}}
procedures: [{name: p, match: ['service="shield-generator"'], escalation: [{call: [watch], wait: 5m}]}]
`
	cfg.Feeds.Every = time.Second
	cfg.Feeds.Calendars = []feeds.Calendar{{Address: at("work", "/work.ics"), Suppress: ingest.SuppressAll}, {Address: at("nights", "/shifts.ics"), Shifts: true}}
	if err := cfg.Check(); err != nil {
		t.Fatal(err)
	}
	a := start(t, &cfg)
	addr := a.Endpoints().HTTP
	// Both calendars are in the log once they are told.
	awaitMetric(t, addr, `pinkstar_feed_news_total{feed="work",kind="calendar"} 2`)
	awaitMetric(t, addr, `pinkstar_feed_news_total{feed="nights",kind="shifts"} 1`)
	awaitMetric(t, addr, `pinkstar_process_activations_total{role="correlate"} `+fmt.Sprint(4*cfg.Kafka.Partitions)) // behaviour, rules, topology, shifts
	r := request{"POST", "/webhook/alertmanager", alertmanagerBody(time.Now(), [2]string{"OutOfMugs", "gift-shop"}, [2]string{"ShieldDown", "shield-generator"}), nil}
	if code, body := r.do(t, addr); code != http.StatusAccepted {
		t.Fatal(code, body)
	}
	if to := calledFirst(t, a.Endpoints().Kafka, cfg.Kafka.Topic(schemas.TopicEffects)); len(to) != 1 || to[0].Name != "kim" || strings.Join(to[0].Targets, " ") != "pager-kim" {
		t.Errorf("called: %+v", to)
	}
	if _, body := (request{"GET", "/api/v1/incidents", "", nil}).do(t, addr); strings.Contains(body, "OutOfMugs") || !strings.Contains(body, "ShieldDown") {
		t.Errorf("what is expected is an incident: %s", body)
	}
	away.Store(true)
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		code, body := request{"GET", "/-/ready", "", nil}.do(t, addr)
		if code == http.StatusOK && strings.Contains(body, "calendar work, since") && strings.Contains(body, "502") {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("that it is away is never said: %d %s", code, body)
		}
	}
	if got := command(t, "", "doctor", "--data", cfg.Data, "--json"); !strings.Contains(got.out, "calendar work") {
		t.Errorf("doctor says nothing of it: %s%s", got.out, got.err)
	}
}

// awaitMetric waits until /metrics has a line that begins so.
func awaitMetric(t *testing.T, addr, line string) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, body := request{"GET", "/metrics", "", nil}.do(t, addr)
		if strings.Contains(body, "\n"+line) {
			return
		}
		if time.Now().After(deadline) {
			name, _, _ := strings.Cut(line, "{")
			var have []string
			for l := range strings.SplitSeq(body, "\n") {
				if strings.HasPrefix(l, strings.Fields(name)[0]) {
					have = append(have, l)
				}
			}
			t.Fatalf("/metrics never says %q but %q", line, have)
		}
	}
}

// calledFirst reads effects until somebody is called, and returns who.
func calledFirst(t *testing.T, at, topic string) []schemas.Person {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(at), kgo.ConsumeTopics(topic), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	var found []schemas.Person
	for deadline := time.Now().Add(2 * time.Minute); found == nil && time.Now().Before(deadline) && t.Context().Err() == nil; {
		cl.PollFetches(t.Context()).EachRecord(func(r *kgo.Record) {
			if e, err := schemas.Effects.Decode(r.Value); err == nil && found == nil && len(e.To.People) > 0 {
				found = e.To.People
			}
		})
	}
	return found
}
