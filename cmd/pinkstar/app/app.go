package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/ingest"
	"pinkstar/pipeline/kafka"
	"pinkstar/sinks/web"
)

// Deps is what a process is handed.
type Deps struct {
	Log zerolog.Logger
	// Progress is where the fetching of the embedded engine is shown; nil for
	// nowhere.
	Progress *os.File
	// Now is the clock of everything that stamps a record; nil: the real one.
	Now func() time.Time
	// Story says that records tell of the past while Now stands still: log time
	// follows them without a witness.
	Story bool
	// Settings reads the settings anew, for a reload; nil: they stay as they are,
	// and so do rules that stand in them.
	Settings func() (*config.Config, error)
}

// App is a running process.
type App struct {
	cfg     *config.Config
	log     zerolog.Logger
	deps    Deps
	reg     *prometheus.Registry
	health  *health
	stack   stack
	guard   *access.Guard
	server  *server
	kafka   kafka.Config
	data    *dataDir // nil when nothing of it is needed
	sql     *sqlStore
	letters *letters // nil: no reports are sent
	where   Endpoints
	failed  chan error
	steady  *steadyClock

	engines *engines
	beside  *shadowEngines // nil without a shadow here

	silences *web.Silences // nil without the role web

	reloading   sync.Mutex
	translators []*ingest.Translator // all of this process, under reloading
}

// undoTimeout bounds the stop of a start that failed.
const undoTimeout = 30 * time.Second

// Start starts everything that cfg asks for and returns once it is ready. The
// caller stops it. ctx bounds only the start.
func Start(ctx context.Context, cfg *config.Config, deps Deps) (*App, error) {
	a := &App{
		cfg: cfg, log: deps.Log, deps: deps, reg: prometheus.NewRegistry(), health: newHealth(),
		stack: stack{log: deps.Log}, failed: make(chan error, 1), kafka: cfg.Kafka.Config,
		where: Endpoints{PID: os.Getpid(), Kafka: strings.Join(cfg.Kafka.Brokers, ",")},
	}
	a.steady = newSteadyClock(deps.Log)
	if a.deps.Now == nil {
		a.deps.Now = a.steady.Now
	}
	a.kafka.Shadow = cfg.Shadow.Enabled()
	a.reg.MustRegister(buildInfo(), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := a.start(ctx); err != nil {
		// What was started is stopped; the reason for the failure comes first.
		stopCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoTimeout)
		defer cancel()
		return nil, errors.Join(err, a.Stop(stopCtx))
	}
	return a, nil
}

func (a *App) start(ctx context.Context) error {
	set, topo, err := LoadRules(a.cfg)
	if err != nil {
		return err
	}
	learnt, err := LoadLearnt(a.cfg)
	if err != nil {
		return err
	}
	for _, w := range topo.Warnings {
		a.log.Warn().Str("topology", topo.Version).Msg(w)
	}
	if err := a.openData(); err != nil {
		return err
	}
	if a.guard, err = access.NewGuard(a.cfg.Access, a.cfg.OpenToAnybody(), a.cfg.HTTP.WebConfigFile); err != nil {
		return err
	}
	if err := a.cfg.CheckOpen(a.guard.ByServer()); err != nil {
		return err
	}
	door, err := newDoor(a.cfg, a.guard, a.log, a.reg)
	if err != nil {
		return err
	}
	a.server = newServer(a.cfg.HTTP, door, a.log, a.health, a.reg)
	if err := a.server.listen(); err != nil {
		return err
	}
	a.stack.push("HTTP listener", func(context.Context) error { _ = a.server.listener.Close(); return nil }) // closed already after a clean stop
	a.where.HTTP = a.server.addr()
	if a.guard.Open() && !a.cfg.Access.InsecureOpenToAnybody && !access.Loopback(a.where.HTTP) {
		return fmt.Errorf("http.listen: %s is %s here, which other machines reach: write the address of loopback, 127.0.0.1", a.cfg.HTTP.Listen, a.where.HTTP)
	}
	a.startMemory()
	if err := a.startBrokers(ctx); err != nil {
		return err
	}
	if err := a.startSQL(ctx); err != nil {
		return err
	}
	a.engines = newEngines(set, topo, learnt)
	a.server.mux.Handle("POST /-/reload", door.known(web.Admin, http.HandlerFunc(a.serveReload)))
	if err := a.startRoles(a.engines); err != nil {
		return err
	}
	if err := a.awaitReady(ctx); err != nil {
		return err
	}
	if a.data != nil {
		if err := a.data.writeEndpoints(a.where); err != nil {
			return err
		}
		a.stack.push("endpoints.json", func(context.Context) error { return a.data.removeEndpoints() })
	}
	a.log.Info().Strs("roles", a.cfg.Roles).Str("http", a.where.HTTP).Str("kafka", a.where.Kafka).
		Str("clickhouse", a.where.ClickHouseNative).Str("rules", set.Version).Str("topology", topo.Version).
		Str("learnt", learnt.Version).Msg("ready")
	return nil
}

// openData locks the data directory. Without anything embedded it still holds
// endpoints.json, unless it cannot be written: then the process runs without.
func (a *App) openData() error {
	d, err := openDataDir(a.cfg.Data)
	if err != nil && !a.cfg.EmbeddedKafka() && !a.needsEngine() {
		a.log.Warn().Err(err).Msg("endpoints.json is not written")
		return nil
	}
	if err != nil {
		return err
	}
	a.data = d
	a.stack.push("data directory", func(context.Context) error { return d.close() })
	return nil
}

// needsSQL reports whether a role of this process talks to ClickHouse.
func (a *App) needsSQL() bool {
	return a.cfg.Has(config.RoleWrite) || a.cfg.Has(config.RoleWeb) || a.cfg.Has(config.RoleNotify) && len(a.cfg.Reports) > 0
}

func (a *App) needsEngine() bool { return a.needsSQL() && a.cfg.EmbeddedClickHouse() }

// startRoles starts the roles, downstream first, and the HTTP server last.
func (a *App) startRoles(eng *engines) error {
	makers := map[string]func() (*role, error){
		config.RoleWrite:     a.writer,
		config.RoleWeb:       a.web,
		config.RoleNotify:    a.notifier,
		config.RoleCorrelate: func() (*role, error) { return a.correlator(eng) },
		config.RoleNormalise: a.normaliser,
		config.RoleGateway:   a.gateway,
	}
	for _, name := range config.Roles {
		if !a.cfg.Has(name) {
			continue
		}
		r, err := makers[name]()
		if err != nil {
			return fmt.Errorf("role %s: %w", name, err)
		}
		a.health.add(part{name: name, ready: r.ready, ailing: r.ailing})
		if r.run != nil {
			a.goRole(name, r.run)
		}
	}
	if !a.cfg.Has(config.RoleWeb) {
		a.server.mux.HandleFunc("GET /{$}", serveIndex)
	}
	if a.cfg.Shadow.Enabled() {
		if err := a.startShadow(); err != nil {
			return err
		}
	}
	if err := a.startFeeds(); err != nil {
		return err
	}
	if a.cfg.EmbeddedKafka() {
		a.startRetention()
	}
	a.goServer()
	return nil
}

// goRole runs a role until it is stopped. One that ends by itself ends the
// process.
func (a *App) goRole(name string, run func(context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := run(ctx)
		if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
			return
		}
		if err == nil {
			err = errors.New("it ended by itself")
		}
		a.fail(fmt.Errorf("role %s has failed: %w", name, err))
	}()
	a.stack.push("role "+name, func(stopCtx context.Context) error {
		cancel()
		select {
		case <-done:
			return nil
		case <-stopCtx.Done():
			return fmt.Errorf("it did not end in time: %w", stopCtx.Err())
		}
	})
}

func (a *App) goServer() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.server.run(); err != nil {
			a.fail(fmt.Errorf("the HTTP server has failed: %w", err))
		}
	}()
	a.stack.push("HTTP server", func(ctx context.Context) error {
		err := a.server.stop(ctx)
		<-done
		return err
	})
}

// fail keeps the first failure; the others are its consequences.
func (a *App) fail(err error) {
	select {
	case a.failed <- err:
	default:
		a.log.Error().Err(err).Msg("a further part has failed")
	}
}

// awaitReady waits until every part is, or one has failed. With brokers or a
// ClickHouse that are not ours it does not wait: they may take their time, and
// /-/ready says how it stands.
func (a *App) awaitReady(ctx context.Context) error {
	if !a.cfg.EmbeddedKafka() {
		return nil
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		parts, ready := a.health.state()
		if ready {
			return nil
		}
		select {
		case err := <-a.failed:
			return err
		case <-ctx.Done():
			i := slices.IndexFunc(parts, func(p partState) bool { return !p.Ready })
			return fmt.Errorf("%w while %s was not ready: %s", ctx.Err(), parts[i].Part, parts[i].Reason)
		case <-tick.C:
		}
	}
}

// Endpoints says where the process is reached.
func (a *App) Endpoints() Endpoints { return a.where }

// Failed gives the error of a part that ended by itself.
func (a *App) Failed() <-chan error { return a.failed }

// Stop stops everything, upstream first.
func (a *App) Stop(ctx context.Context) error { return a.stack.stop(ctx) }
