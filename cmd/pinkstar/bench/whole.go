package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"pinkstar/sinks/clickhouse"
)

// installation is a whole pinkstar with everything embedded, and what asks it.
type installation struct {
	*child
	conn driver.Conn
	at   time.Time
}

func install(ctx context.Context, o *Options, dir string) (*installation, error) {
	c, err := pinkstar(ctx, o, dir)
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "clickhouse", Host: c.where.ClickHouseNative, Path: c.where.ClickHouseDatabase, User: url.UserPassword(c.where.ClickHouseUser, c.where.ClickHousePassword)}
	conn, err := clickhouse.OpenToRead(u.String())
	if err != nil {
		c.stop()
		return nil, err
	}
	return &installation{c, conn, time.Now().UTC().Truncate(time.Second)}, nil
}

func (i *installation) stop() {
	_ = i.conn.Close()
	i.child.stop()
}

func (i *installation) count(ctx context.Context, query string, args ...any) (float64, error) {
	var n float64
	err := i.conn.QueryRow(ctx, "SELECT toFloat64(("+query+"))", args...).Scan(&n)
	return n, err
}

// written waits until SQL has n signals that were taken.
func (i *installation) written(ctx context.Context, n float64) error {
	var err error
	waited := i.await(ctx, "all in SQL", func() bool {
		time.Sleep(100 * time.Millisecond) // the question must not be the load
		var got float64
		got, err = i.count(ctx, "SELECT sum(v.taken) FROM v_intake AS v")
		return err == nil && got >= n
	})
	if waited != nil && err != nil {
		return fmt.Errorf("%w: %w", waited, err)
	}
	return waited
}

// whole is what an installation does from end to end, one after another: latency
// at a light load, a storm of repeats, a storm of new alerts with the memory that
// they take, what people would hear of it, and a restart over all of it.
func whole(ctx context.Context, o *Options, r *Result) error {
	dir, err := os.MkdirTemp("", "pinkstar-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	at := filepath.Join(dir, "pinkstar")
	i, err := install(ctx, o, at)
	if err != nil {
		return err
	}
	defer func() { i.stop() }()
	taken := 0.0
	for _, step := range []func(context.Context, *Options, *Result, *installation, *float64) error{latency, storm, fresh} {
		if err := step(ctx, o, r, i, &taken); err != nil {
			return err
		}
	}
	active, err := metric(ctx, i.where.HTTP, `pinkstar_engine_held{kind="alerts"`)
	if err != nil {
		return err
	}
	o.Say("B9: a restart")
	i.stop()
	began := time.Now()
	again, err := install(ctx, o, at)
	if err != nil {
		return err
	}
	i = again
	err = i.await(ctx, "readiness", func() bool {
		resp, err := http.Get("http://" + i.where.HTTP + "/-/ready")
		if err != nil {
			return false
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
	if err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	r.add(Figure{ID: "B9", What: fmt.Sprintf("restart with %.0f active alerts, until ready", active), Unit: "s", Aim: "3 to 15 s with 1,000,000"}, []float64{took}, nil, false)
	return nil
}

// latency is B6: a new alert every hundredth of a second; now and then one, on a
// service of its own, is followed to where people see it.
func latency(ctx context.Context, o *Options, r *Result, i *installation, taken *float64) error {
	const pause, every = 10 * time.Millisecond, 50
	n := o.size(6000, 1500)
	o.Say("B6: %d alerts at 100 a second", n)
	var api, sql []float64
	followed := make(chan error, 1)
	next := time.Now()
	for k := range n {
		turn, sent := fmt.Sprintf("6%07x", k), time.Now()
		if err := post(ctx, "http://"+i.where.HTTP+"/webhook/alertmanager", webhook(turn, k, 1, i.at)); err != nil {
			return err
		}
		*taken++
		switch k % every {
		case 0:
			go func() {
				a, s, err := i.follow(ctx, k, turn, sent)
				api, sql = append(api, a), append(sql, s)
				followed <- err
			}()
		case every - 1: // one at a time
			if err := <-followed; err != nil {
				return err
			}
			next = time.Now()
		}
		next = next.Add(pause)
		time.Sleep(time.Until(next))
	}
	for _, f := range []struct {
		where string
		took  []float64
	}{{"API", api}, {"SQL", sql}} {
		r.add(Figure{
			ID: "B6", What: "from webhook to " + f.where + " at 100 alerts a second, p50", Unit: "ms", Aim: "p99 60 to 250 ms",
			Note: fmt.Sprintf("%s: p99 %.0f ms of %d alerts that were followed", f.where, percentile(f.took, 0.99), len(f.took)),
		}, []float64{percentile(f.took, 0.5)}, nil, false)
	}
	return nil
}

// follow waits until an alert is in the API and in SQL, and returns how many
// milliseconds each took since it was sent.
func (i *installation) follow(ctx context.Context, k int, turn string, sent time.Time) (api, sql float64, err error) {
	since := func() float64 { return float64(time.Since(sent).Microseconds()) / 1000 }
	address := "http://" + i.where.HTTP + "/api/v1/incidents?service=" + serviceOf(turn, k)
	err = i.await(ctx, "the alert in the API", func() bool {
		var list struct{ Incidents []struct{ ID string } }
		resp, err := http.Get(address) //nolint:gosec // our own child
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return json.NewDecoder(resp.Body).Decode(&list) == nil && len(list.Incidents) > 0
	})
	if err != nil {
		return 0, 0, err
	}
	api = since()
	err = i.await(ctx, "the alert in SQL", func() bool {
		n, err := i.count(ctx, "SELECT count() FROM v_alerts WHERE fingerprint = ?", fmt.Sprintf("%s%08x", turn, k))
		return err == nil && n > 0
	})
	return api, since(), err
}

// storm is B7: alerts of which one in fifty is new, from the first webhook until
// SQL has them all.
func storm(ctx context.Context, o *Options, r *Result, i *installation, taken *float64) error {
	n := o.size(1_000_000, 100_000)
	o.Say("B7: a storm of %d alerts", n)
	began := time.Now()
	err := send(ctx, "http://"+i.where.HTTP+"/webhook/alertmanager", n, func(first, count int) []byte {
		return webhook("70000000", first%(n/50), count, i.at)
	})
	if err != nil {
		return err
	}
	*taken += float64(n)
	if err := i.written(ctx, *taken); err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	r.add(Figure{ID: "B7", What: fmt.Sprintf("storm of %d alerts, 2 %% new, until SQL has them", n), Unit: "s", Aim: "5 to 20 s with 1,000,000"}, []float64{took}, nil, false)
	return nil
}

// fresh is B4 and B10: new alerts, a few on each service, with the memory that
// they take and what people are told.
func fresh(ctx context.Context, o *Options, r *Result, i *installation, taken *float64) error {
	n := o.size(100_000, 20_000)
	o.Say("B4, B10: %d new alerts", n)
	told := "SELECT count() FROM v_effects"
	before, err := i.resident()
	if err != nil {
		return err
	}
	effects, err := i.count(ctx, told)
	if err != nil {
		return err
	}
	used, err := i.spent(func() error {
		err := send(ctx, "http://"+i.where.HTTP+"/webhook/alertmanager", n, func(first, count int) []byte { return webhook("40000000", first, count, i.at) })
		if err != nil {
			return err
		}
		*taken += float64(n)
		return i.written(ctx, *taken)
	})
	if err != nil {
		return err
	}
	after, err := i.resident()
	if err != nil {
		return err
	}
	then, err := i.count(ctx, told)
	if err != nil {
		return err
	}
	r.add(Figure{
		ID: "B4", What: fmt.Sprintf("memory of the process, an active alert of %d more", n), Unit: "KB", Aim: "0.5 to 1.2 KB",
		Note: fmt.Sprintf("all roles and the broker took %.0f us of CPU for each of these alerts, from webhook to SQL; ClickHouse not counted", 1e6*used/float64(n)),
	}, []float64{(after - before) / float64(n) / 1000}, nil, false)
	r.add(Figure{ID: "B10", What: "things to say to people, of a million alerts like these", Unit: "messages", Aim: "one for each change of an incident"},
		[]float64{1e6 * (then - effects) / float64(n)}, nil, false)
	return nil
}
