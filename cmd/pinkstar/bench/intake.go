package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// perRequest is how many alerts one webhook brings.
const perRequest = 50

// labelsOf are the labels of the n-th alert of a turn, as large as alerts are.
func labelsOf(turn string, n int) string {
	return fmt.Sprintf(`{"alertname":"HighErrorRate%d","severity":"critical","service":%q,"cluster":"eu-1","namespace":"shop",`+
		`"pod":"checkout-%s-%d","instance":"10.0.%d.%d:9100","team":"payments","region":"eu-central-1"}`, n%40, serviceOf(turn, n), turn, n, n/250%250, n%250)
}

// serviceOf is the service of the n-th alert of a turn.
func serviceOf(turn string, n int) string { return fmt.Sprintf("service-%s-%d", turn, n/20) }

const annotations = `{"summary":"error rate of checkout is over 5 %","description":"More than 5 % of the requests failed for ten minutes.","runbook_url":"https://runbooks.example/checkout"}`

// webhook is a body as Alertmanager sends it, of the alerts from first on.
func webhook(turn string, first, n int, at time.Time) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"version":"4","groupKey":"{}:{}","status":"firing","receiver":"pinkstar","groupLabels":{},"commonLabels":{},"commonAnnotations":{},"externalURL":"http://am.example","alerts":[`)
	for i := first; i < first+n; i++ {
		if i > first {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"status":"firing","labels":%s,"annotations":%s,"startsAt":%q,"endsAt":"0001-01-01T00:00:00Z","generatorURL":"https://prometheus.example/graph?g0.expr=up","fingerprint":"%s%08x"}`,
			labelsOf(turn, i), annotations, at.Format(time.RFC3339), turn, i)
	}
	b.WriteString("]}")
	return b.Bytes()
}

// posted is the body that Alertmanager itself takes.
func posted(turn string, first, n int, at time.Time) []byte {
	var b bytes.Buffer
	b.WriteByte('[')
	for i := first; i < first+n; i++ {
		if i > first {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"labels":%s,"annotations":%s,"startsAt":%q,"generatorURL":"https://prometheus.example/graph?g0.expr=up"}`,
			labelsOf(turn, i), annotations, at.Format(time.RFC3339))
	}
	b.WriteByte(']')
	return b.Bytes()
}

// send posts n alerts by four senders.
func send(ctx context.Context, address string, n int, body func(first, n int) []byte) error {
	var next atomic.Int64
	var senders sync.WaitGroup
	errs := make([]error, 4)
	for s := range errs {
		senders.Go(func() {
			for {
				first := int(next.Add(perRequest)) - perRequest
				if first >= n || errs[s] != nil {
					return
				}
				errs[s] = post(ctx, address, body(first, min(perRequest, n-first)))
			}
		})
	}
	senders.Wait()
	return errors.Join(errs...)
}

func post(ctx context.Context, address string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("%s answers %s", address, resp.Status)
	}
	return nil
}

// intake is B1: alerts by webhook until they are durable, against an Alertmanager
// that takes the same ones.
func intake(ctx context.Context, o *Options, r *Result) error {
	dir, err := os.MkdirTemp("", "pinkstar-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	ours, err := pinkstar(ctx, o, filepath.Join(dir, "pinkstar"), "--roles", "gateway")
	if err != nil {
		return err
	}
	defer ours.stop()
	var peer *child
	var peerAddress string
	if o.Alertmanager != "" {
		if peer, peerAddress, err = alertmanager(ctx, o.Alertmanager, dir); err != nil {
			return err
		}
		defer peer.stop()
	}
	n, at := o.size(100_000, 20_000), time.Now().UTC().Truncate(time.Second)
	var mine, theirs []float64
	for i := range o.Turns {
		o.Say("B1: %d alerts by webhook, turn %d of %d", n, i+1, o.Turns)
		turn := fmt.Sprintf("%08x", i)
		used, err := ours.spent(func() error {
			return send(ctx, "http://"+ours.where.HTTP+"/webhook/alertmanager", n, func(first, n int) []byte { return webhook(turn, first, n, at) })
		})
		if err != nil {
			return err
		}
		mine = append(mine, used/float64(n)*100_000)
		if peer == nil {
			continue
		}
		used, err = peer.spent(func() error {
			return send(ctx, peerAddress, n, func(first, n int) []byte { return posted(turn, first, n, at) })
		})
		if err != nil {
			return err
		}
		theirs = append(theirs, used/float64(n)*100_000)
	}
	f := Figure{
		ID: "B1", What: "webhook until durable, embedded broker included", Unit: "CPU-s per 100,000 alerts",
		Peer: "Alertmanager", Says: "times less", Aim: "8 to 15 times less",
	}
	if peer == nil {
		f.Note = "no peer: --alertmanager names a binary (.ci/alertmanager builds one)"
	}
	r.add(f, mine, theirs, true)
	return nil
}

// alertmanager starts one that tells nobody.
func alertmanager(ctx context.Context, binary, dir string) (*child, string, error) {
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n"), 0o600); err != nil {
		return nil, "", err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	address := l.Addr().String()
	_ = l.Close()
	c, err := start(binary, "--config.file="+file, "--storage.path="+filepath.Join(dir, "alertmanager"), "--web.listen-address="+address, "--cluster.listen-address=", "--log.level=error")
	if err != nil {
		return nil, "", err
	}
	err = c.await(ctx, "Alertmanager", func() bool {
		resp, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	if err != nil {
		c.stop()
	}
	return c, "http://" + address + "/api/v2/alerts", err
}
