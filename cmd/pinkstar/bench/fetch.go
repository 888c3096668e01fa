package bench

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// signals makes n alerts of which one in fresh is new and the others are told again.
func signals(n, fresh int) ([]schemas.Signal, error) {
	naming := schemas.DefaultNaming()
	at := schemas.TimeOf(time.Now().Add(-time.Hour))
	out := make([]schemas.Signal, n)
	for i := range out {
		if i%fresh != 0 {
			out[i] = out[(i*7919)%i]
			out[i].ReceivedAt = at.Add(int64(i) / 100)
			continue
		}
		s := schemas.Signal{
			Name: "HighErrorRate", Source: "alertmanager", ReceivedAt: at.Add(int64(i) / 100), StartsAt: at,
			Environment: fmt.Sprintf("env%d", i%16), Service: fmt.Sprintf("service-%d", i%300), Severity: schemas.SeverityCritical,
			Summary: "error rate of checkout is over 5 % for ten minutes", URL: "https://prometheus.example/graph?g0.expr=up",
			Labels: schemas.LabelsOf(map[string]string{
				"alertname": "HighErrorRate", "severity": "critical", "cluster": "eu-1", "namespace": "shop",
				"pod": fmt.Sprintf("checkout-%d", i), "team": "payments", "region": "eu-central-1",
			}),
			Annotations: schemas.LabelsOf(map[string]string{"summary": "error rate of checkout is over 5 %", "runbook_url": "https://runbooks.example/checkout"}),
		}
		if err := naming.Complete(&s); err != nil {
			return nil, err
		}
		out[i] = s
	}
	return out, nil
}

// correlator is B2: the role correlate, from the log to its committed
// transactions, against a client that only fetches the same records. The broker
// is a process of its own.
func correlator(ctx context.Context, o *Options, r *Result) error {
	dir, err := os.MkdirTemp("", "pinkstar-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	broker, err := pinkstar(ctx, o, filepath.Join(dir, "broker"), "--roles", "gateway")
	if err != nil {
		return err
	}
	defer broker.stop()
	for _, c := range []struct {
		what, aim, name string
		fresh           int
	}{
		{"correlator, 2 % new, one scope in 16", "2.5 to 4 times", "repeats", 50},
		{"correlator, every alert new", "8 times", "new", 1},
	} {
		var whole, bare []float64
		n := o.size(300_000, 50_000)
		for i := range o.Turns {
			o.Say("B2: %s, %d records, turn %d of %d", c.what, n, i+1, o.Turns)
			cfg := config.Default()
			cfg.Data, cfg.HTTP.Listen, cfg.Roles = filepath.Join(dir, fmt.Sprint(c.name, i)), "127.0.0.1:0", []string{config.RoleCorrelate}
			cfg.Kafka.Brokers, cfg.Kafka.TopicPrefix = []string{broker.where.Kafka}, fmt.Sprintf("bench.%s%d.", c.name, i)
			if err := fillTopic(ctx, cfg.Kafka.Config, n, c.fresh); err != nil {
				return err
			}
			runtime.GC() // what made the records is not part of either
			used, err := bareFetch(ctx, cfg.Kafka.Config, n)
			if err != nil {
				return err
			}
			bare = append(bare, 1e6*used/float64(n))
			if used, err = correlated(ctx, &cfg, n); err != nil {
				return err
			}
			whole = append(whole, 1e6*used/float64(n))
		}
		r.add(Figure{ID: "B2", What: c.what, Unit: "us of CPU a record", Peer: "bare fetch", Says: "times as much", Aim: c.aim}, whole, bare, false)
	}
	return nil
}

// fillTopic makes the topics and puts n records on signals.
func fillTopic(ctx context.Context, kc kafka.Config, n, fresh int) error {
	p, err := kafka.NewProducer(kc, "bench", kafka.Deps{})
	if err != nil {
		return err
	}
	defer p.Client().Close()
	if err := kafka.Ensure(ctx, p.Client(), kc); err != nil {
		return err
	}
	list, err := signals(n, fresh)
	if err != nil {
		return err
	}
	const atOnce = 10_000
	for i := 0; i < n; i += atOnce {
		if err := p.Produce(ctx, list[i:min(i+atOnce, n)]); err != nil {
			return err
		}
	}
	return nil
}

func bareFetch(ctx context.Context, kc kafka.Config, n int) (float64, error) {
	cl, err := kafka.NewClient(kc, "bench", kafka.Deps{}, append(kafka.ReaderOpts(kc, int(kc.Partitions)), kgo.ConsumeTopics(kc.Topic(schemas.TopicSignals)))...)
	if err != nil {
		return 0, err
	}
	defer cl.Close()
	before := own()
	for got := 0; got < n; {
		fetched := cl.PollRecords(ctx, 10_000)
		if err := fetched.Err(); err != nil {
			return 0, err
		}
		got += fetched.NumRecords()
	}
	return own() - before, nil
}

// correlated runs the role until it has handled n records.
func correlated(ctx context.Context, cfg *config.Config, n int) (float64, error) {
	before := own()
	a, err := app.Start(ctx, cfg, app.Deps{Log: zerolog.Nop()})
	if err != nil {
		return 0, err
	}
	defer func() {
		bounded, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		_ = a.Stop(bounded)
	}()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		handled, err := metric(ctx, a.Endpoints().HTTP, "pinkstar_process_records_total")
		switch {
		case err != nil:
			return 0, err
		case handled >= float64(n):
			return own() - before, nil
		case time.Now().After(deadline):
			return 0, fmt.Errorf("%.0f of %d records were handled in %s", handled, n, patience)
		}
	}
}
