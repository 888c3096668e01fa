package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/ingest"
	"pinkstar/pipeline/kafkatest"
)

// raw opens a connection, writes text and leaves it open until the test ends.
func raw(t *testing.T, addr, text string) net.Conn {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, kafkatest.Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_, _ = io.WriteString(c, text)
	return c
}

// TestSlowAndIdleConnectionsKeepNobodyOut: 256 bodies that do not come, 256
// headers that do not end and 1,000 idle connections, and an honest sender is
// answered.
func TestSlowAndIdleConnectionsKeepNobodyOut(t *testing.T) {
	addr := doorStep(t, nil)
	for range 256 {
		raw(t, addr, "POST /webhook/alertmanager HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{")
		raw(t, addr, "POST /webhook/alertmanager HTTP/1.1\r\nHost: loc")
	}
	for range 1000 {
		raw(t, addr, "GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
	}
	honest := &http.Client{Timeout: kafkatest.Patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for i := range 5 {
		body := alertmanagerBody(stormStart, [2]string{fmt.Sprintf("Honest%d", i), "shield-generator"})
		resp, err := honest.Post("http://"+addr+"/webhook/alertmanager", "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != http.StatusAccepted {
			t.Errorf("request %d: %s", i, resp.Status)
		}
	}
}

func gzipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = z.Write(text)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// heapPeak watches what the heap has of the machine; the answer is how much more
// it had than at the start, in bytes.
func heapPeak() (stop func() int64) {
	runtime.GC()
	held := func() int64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapSys - m.HeapReleased)
	}
	before, peak := held(), int64(0)
	end, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		for {
			select {
			case <-end:
				return
			case <-time.After(20 * time.Millisecond):
				peak = max(peak, held())
			}
		}
	}()
	return func() int64 { close(end); <-watched; return peak - before }
}

// TestEveryShapeOfBombStaysWithinTheBudget: what a few bytes can become is not
// only text: elements of a list, maps, signals, dead letters.
func TestEveryShapeOfBombStaysWithinTheBudget(t *testing.T) {
	addr := doorStep(t, func(c *config.Config) { c.Roles = []string{config.RoleGateway} })
	list := func(element string, n int) string { return strings.Repeat(element+",", n-1) + element }
	for name, b := range map[string]struct{ path, body string }{
		"elements of a list":   {"/signals", `{"kind":"change","name":"x","change":{"services":[` + list(`""`, 990_000) + `]}}`},
		"too many of them":     {"/signals", `{"kind":"change","name":"x","change":{"services":[` + list(`""`, 4_000_000) + `]}}`},
		"maps":                 {"/webhook/datadog", `{"x":[` + list(`{}`, 480_000) + `]}`},
		"signals and refusals": {"/webhook/alertmanager", `{"version":"4","groupKey":"g","alerts":[` + list(`{}`, 10_000) + `]}`},
		"depth":                {"/signals", strings.Repeat("[", 900_000)},
		"escapes":              {"/signals", `{"name":"` + strings.Repeat(`\u0041`, 2_500_000) + `"}`},
	} {
		body, stop := gzipped(t, []byte(b.body)), heapPeak()
		var wg sync.WaitGroup
		for range 60 {
			wg.Go(func() {
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+b.path, bytes.NewReader(body))
				if err != nil {
					t.Error(err)
					return
				}
				req.Header.Set("Content-Type", "application/json")
				req.Header.Set("Content-Encoding", "gzip")
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					t.Error(err)
					return
				}
				_ = resp.Body.Close()
			})
		}
		wg.Wait()
		grown, budget := stop(), ingest.DefaultLimits().InFlightBytes
		t.Logf("%s: the heap grew by %d MiB", name, grown>>20)
		if grown > 3*budget {
			t.Errorf("%s: the heap grew by %d MiB; the budget is %d MiB", name, grown>>20, budget>>20)
		}
	}
}

// TestBombsTogetherStayWithinTheBudget: 250 bodies of 16 KB that blow up to 16 MB
// of alerts each, at once, while small honest ones go through.
func TestBombsTogetherStayWithinTheBudget(t *testing.T) {
	addr := doorStep(t, func(c *config.Config) { c.Roles = []string{config.RoleGateway} })
	limits := ingest.DefaultLimits()
	list := bytes.Repeat([]byte(`{"labels":{}},`), int(limits.DecompressedBytes-200)/14)
	bomb := gzipped(t, append(append([]byte(`{"version":"4","groupKey":"g","alerts":[`), list[:len(list)-1]...), `]}`...))
	stop := heapPeak()
	codes := map[int]int{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	client := &http.Client{Timeout: kafkatest.Patience}
	post := func(body []byte, encoding string) (code int, answer http.Header, err error) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+addr+"/webhook/alertmanager", bytes.NewReader(body))
		if err != nil {
			return 0, nil, err
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Content-Encoding", encoding)
		resp, err := client.Do(req)
		if err != nil {
			return 0, nil, err
		}
		b, _ := io.ReadAll(resp.Body)
		if err := resp.Body.Close(); err != nil {
			return 0, nil, err
		}
		resp.Header.Set("Body", string(b))
		return resp.StatusCode, resp.Header, nil
	}
	for range 250 {
		wg.Go(func() {
			// Without an answer (0): a client that a busy machine slows down too much is
			// cut off as a slow one.
			code, h, _ := post(bomb, "gzip")
			if code == http.StatusServiceUnavailable && h.Get("Retry-After") == "" {
				t.Error("503 without Retry-After")
			}
			mu.Lock()
			codes[code]++
			mu.Unlock()
		})
	}
	for i := range 10 {
		code, h, err := post([]byte(alertmanagerBody(stormStart, [2]string{fmt.Sprintf("Small%d", i), "core"})), "identity")
		// Brokers that are slow on a busy machine are another matter.
		if err != nil || code != http.StatusAccepted && !strings.Contains(h.Get("Body"), "brokers did not acknowledge") {
			t.Errorf("a small honest request among the bombs: %d %v %s", code, err, h.Get("Body"))
		}
	}
	wg.Wait()
	held := stop()
	t.Logf("answers %v; heap grew by %d MiB", codes, held>>20)
	if codes[http.StatusServiceUnavailable] == 0 || codes[http.StatusRequestEntityTooLarge] == 0 || codes[0] > 125 {
		t.Errorf("answers %v; want 413 for those that were read, 503 for the rest", codes)
	}
	if bound := 3 * limits.InFlightBytes; held > bound {
		t.Errorf("the heap grew by %d MiB; the budget is %d MiB", held>>20, limits.InFlightBytes>>20)
	}
	// A large honest one gets through after it.
	large := []string{}
	for i := range 6000 {
		large = append(large, fmt.Sprintf(`{"status":"firing","labels":{"alertname":"KubePodNotReady","pod":"checkout-%05d","service":"core"},"annotations":{"description":%q},"startsAt":"2026-11-22T10:00:00Z"}`, i, strings.Repeat("d", 700)))
	}
	body := `{"version":"4","groupKey":"g","alerts":[` + strings.Join(large, ",") + `]}`
	if code, _, err := post([]byte(body), "identity"); err != nil || code != http.StatusAccepted {
		t.Errorf("a storm of 6,000 alerts, %d bytes: %d %v", len(body), code, err)
	}
}

// TestOneByteOverTheLimitIsAnsweredWithTheReason, however the client sends.
func TestOneByteOverTheLimitIsAnsweredWithTheReason(t *testing.T) {
	addr := doorStep(t, func(c *config.Config) { c.Roles = []string{config.RoleGateway} })
	body := bytes.Repeat([]byte(" "), int(ingest.DefaultLimits().BodyBytes)+1)
	for _, framing := range []string{"Content-Length: " + fmt.Sprint(len(body)), "Transfer-Encoding: chunked"} {
		c := raw(t, addr, "POST /signals HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"+framing+"\r\n\r\n")
		if strings.HasPrefix(framing, "T") {
			fmt.Fprintf(c, "%x\r\n", len(body))
		}
		if _, err := c.Write(body); err != nil { // as clients do that read only then
			t.Errorf("%s: %v", framing, err)
		}
		if strings.HasPrefix(framing, "T") {
			_, _ = io.WriteString(c, "\r\n0\r\n\r\n")
		}
		_ = c.SetReadDeadline(time.Now().Add(kafkatest.Patience))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Errorf("%s: %v", framing, err)
			continue
		}
		b, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusRequestEntityTooLarge || resp.Header.Get("Content-Type") != "application/problem+json" || !bytes.Contains(b, []byte("gateway.limits.body_bytes")) {
			t.Errorf("%s: %s %s", framing, resp.Status, b)
		}
	}
}
