package app

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/clickhouse/engine"
)

// prepareTimeout bounds what the start asks of brokers and ClickHouse.
const prepareTimeout = time.Minute

// startBrokers starts the embedded Kafka, or makes sure that the topics are
// there on brokers of the user's own.
func (a *App) startBrokers(ctx context.Context) error {
	var embedded *kafka.Embedded
	if a.cfg.EmbeddedKafka() {
		ec := kafka.DefaultEmbeddedConfig(a.data.join("kafka"))
		ec.Addr, ec.SyncWrites = a.cfg.Kafka.EmbeddedListen, a.cfg.Kafka.EmbeddedSync
		embedded = kafka.NewEmbedded(ec, a.log)
		e := embedded
		if err := e.Start(ctx); err != nil {
			return fmt.Errorf("embedded Kafka: %w", err)
		}
		a.stack.push("embedded Kafka", func(context.Context) error { e.Stop(); return nil })
		a.kafka.Brokers, a.kafka.Embedded = []string{e.Addr()}, true
		a.where.Kafka = e.Addr()
		a.log.Info().Str("kafka", e.Addr()).Str("data", a.data.path).
			Msg("Kafka is embedded: what is acknowledged survives the death of this process, not of the power; for that, name brokers with --brokers")
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	cl, err := a.client("prepare")
	if err != nil {
		return err
	}
	defer cl.Close()
	if a.cfg.EmbeddedKafka() {
		if err := kafka.Ensure(ctx, cl, a.kafka); err != nil {
			return fmt.Errorf("embedded Kafka: %w", err)
		}
		if err := embedded.SaveCatalogue(); err != nil {
			return fmt.Errorf("embedded Kafka: %w", err)
		}
		return nil
	}
	return a.requireTopics(ctx, cl)
}

// spreadTimeout is how long topics that were just created may take to be seen
// by the broker that is asked.
const spreadTimeout = 3 * time.Second

func (a *App) requireTopics(ctx context.Context, cl *kgo.Client) error {
	for since := time.Now(); ; {
		changes, err := a.plan(ctx, cl)
		if err != nil {
			return fmt.Errorf("brokers %v: %w", a.kafka.Brokers, err)
		}
		if err = mustExist(changes); err == nil || time.Since(since) > spreadTimeout {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// plan asks brokers that may be starting too, until they answer.
func (a *App) plan(ctx context.Context, cl *kgo.Client) (kafka.Changes, error) {
	for said := false; ; said = true {
		changes, err := kafka.Plan(ctx, cl, a.kafka)
		if err == nil {
			return changes, nil
		}
		if !said {
			a.log.Warn().Err(err).Strs("brokers", a.kafka.Brokers).Stringer("for", prepareTimeout).Msg("the brokers do not answer yet; asking again")
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(time.Second):
		}
	}
}

// mustExist refuses to start without topics; lesser differences are the
// operator's business.
func mustExist(changes kafka.Changes) error {
	for _, c := range changes {
		if c.Action == kafka.Create || c.Action == kafka.Blocked {
			return fmt.Errorf("the topics are not as the configuration says; `pinkstar topics apply` makes them so:\n%s", changes)
		}
	}
	return nil
}

func (a *App) client(role string, opts ...kgo.Opt) (*kgo.Client, error) {
	return kafka.NewClient(a.kafka, role, kafka.Deps{Log: a.log, Registerer: a.reg}, opts...)
}

// startSQL starts the embedded ClickHouse and migrates it, or opens the
// configured one, which may be away for now.
func (a *App) startSQL(ctx context.Context) error {
	if !a.needsSQL() {
		return nil
	}
	dsn := a.cfg.ClickHouse.DSN
	var keeper *schemaKeeper
	if a.needsEngine() {
		keeper = &schemaKeeper{log: a.log, storage: a.cfg.ClickHouse.Storage}
		s, err := a.startEngine(ctx, keeper)
		if err != nil {
			return fmt.Errorf("embedded ClickHouse: %w", err)
		}
		dsn = s.WriterDSN()
	} else {
		a.describeDSN(dsn)
	}
	conn, err := clickhouse.Open(dsn)
	if err != nil {
		return err
	}
	a.stack.push("ClickHouse connections", func(context.Context) error { return conn.Close() })
	a.sql = &sqlStore{conn: conn, keeper: keeper}
	if a.needsEngine() { // its schema was seen to when it came up
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, prepareTimeout)
	defer cancel()
	return a.checkSchema(ctx, conn)
}

// checkSchema refuses to start on a database that lacks migrations. One that
// does not answer is no reason not to start.
func (a *App) checkSchema(ctx context.Context, conn driver.Conn) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := conn.Ping(ctx); err != nil {
		a.log.Warn().Err(err).Msg("ClickHouse does not answer; correlation goes on without it, and what it misses is written later")
		return nil
	}
	if err := clickhouse.CheckSchema(ctx, conn); err != nil {
		return fmt.Errorf("ClickHouse: %w", err)
	}
	return nil
}

func (a *App) startEngine(ctx context.Context, keeper *schemaKeeper) (s *engine.Server, err error) {
	password, err := a.data.password()
	if err != nil {
		return nil, err
	}
	c := a.cfg.ClickHouse
	tenants, err := c.TenantReaders()
	if err != nil {
		return nil, err
	}
	o := engine.Options{
		Lib: c.Libchdb, Binary: c.Binary, DataDir: a.data.join("clickhouse"), NativePort: c.NativePort, HTTPPort: c.HTTPPort,
		User: c.User, Password: password, Database: c.Database, Logger: a.log,
		Tenants: tenants, Prepare: keeper.prepare,
	}
	if o.Lib == "" && o.Binary == "" {
		fetch := engine.FetchOptions{}
		if a.deps.Progress != nil { // an interface holding a nil file is not nil
			fetch.Progress = a.deps.Progress
		}
		if o.Lib, err = engine.Fetch(ctx, fetch); err != nil {
			return nil, err
		}
	}
	if s, err = engine.Start(ctx, o); err != nil {
		return nil, err
	}
	a.stack.push("embedded ClickHouse", func(context.Context) error { return s.Stop() })
	// An engine that is away takes nothing but SQL out of service.
	a.health.add(part{name: "embedded ClickHouse", ready: always, ailing: s.Ailing})
	a.reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "pinkstar_engine_restarts_total", Help: "Times that the embedded ClickHouse was lost and came back.",
	}, func() float64 { return float64(s.Restarts()) }))
	a.where.ClickHouseNative, a.where.ClickHouseHTTP = s.Native, s.HTTP
	a.where.ClickHouseDatabase, a.where.ClickHouseUser, a.where.ClickHousePassword = s.Database, s.User, s.Password
	return s, nil
}
