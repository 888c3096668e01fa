package app

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/deliver"
	"pinkstar/pipeline/ingest"
	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/notify"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/mcp"
	"pinkstar/sinks/message"
	"pinkstar/sinks/reply"
	"pinkstar/sinks/web"
)

// role is one part of the process's work.
type role struct {
	run   func(context.Context) error // nil: it works inside HTTP requests
	ready func() error
	// ailing says what is wrong although the role is ready; may be nil.
	ailing func() error
}

func always() error { return nil }

// producer returns a producer that is closed when the process stops.
func (a *App) producer(name string) (*kafka.Producer, error) {
	p, err := kafka.NewProducer(a.kafka, name, kafka.Deps{Log: a.log, Registerer: a.reg})
	if err != nil {
		return nil, err
	}
	a.stack.push("producer of "+name, p.Close)
	return p, nil
}

func (a *App) gateway() (*role, error) {
	p, err := a.producer("gateway")
	if err != nil {
		return nil, err
	}
	cfg := a.cfg.Gateway
	cfg.Now, cfg.Closed, cfg.Authenticated = a.deps.Now, !a.cfg.OpenToAnybody(), a.guard.ByServer()
	g, err := ingest.New(cfg, a.cfg.Labels, p, a.log, a.reg)
	if err != nil {
		return nil, err
	}
	a.followed(g.Translator())
	h := g.Handler()
	for _, path := range ingest.Paths() {
		a.server.mux.Handle(path, h)
	}
	a.server.mux.Handle("/webhook/", h)
	return &role{ready: reachable(p.Client())}, nil
}

// reachable asks the brokers at most every two seconds, whoever asks it.
func reachable(cl *kgo.Client) func() error {
	var mu sync.Mutex
	var at time.Time
	var last error
	return func() error {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(at) < 2*time.Second {
			return last
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if last = cl.Ping(ctx); last != nil {
			last = fmt.Errorf("the brokers do not answer, senders get 503: %w", last)
		}
		at = time.Now()
		return last
	}
}

func (a *App) translator() *ingest.Translator {
	return a.followed(ingest.NewTranslator(a.cfg.Labels, a.cfg.Gateway.Limits, a.cfg.Gateway.Mappings))
}

// followed has t follow to labels that are read again.
func (a *App) followed(t *ingest.Translator) *ingest.Translator {
	a.reloading.Lock()
	defer a.reloading.Unlock()
	a.translators = append(a.translators, t)
	return t
}

// teller has what people announce pass where everybody's signals do: completed,
// within the limits, and in every scope in which it holds.
func teller(t *ingest.Translator) web.Teller {
	return func(s *schemas.Signal, receivedAt schemas.Time) ([]schemas.Signal, error) {
		return t.Translate(ingest.SourceSignals, schemas.AppendSignal(nil, s), ingest.Meta{ReceivedAt: receivedAt})
	}
}

func (a *App) normaliser() (*role, error) {
	translator := a.translator()
	recognise := func(r *kgo.Record, receivedAt schemas.Time) ([]schemas.Signal, error) {
		headers := make([]ingest.Header, len(r.Headers))
		for i, h := range r.Headers {
			headers[i] = ingest.Header{Key: h.Key, Value: h.Value}
		}
		signals, err := translator.Recognise(r.Topic, headers, r.Value, receivedAt)
		if slices.Contains(a.cfg.Kafka.CommandTopics, r.Topic) {
			return signals, err
		}
		return ingest.WithoutCommands(signals, err)
	}
	cfg := a.cfg.Process
	cfg.Now = a.steady.Now // what producers say is only held against the present
	n, err := process.NewNormaliser(cfg, a.kafka, a.kafka.Foreign(), recognise, process.Deps{Log: a.log, Registerer: a.reg})
	if err != nil {
		return nil, err
	}
	return &role{run: n.Run, ready: n.Ready}, nil
}

func (a *App) correlator(eng *engines) (*role, error) {
	cfg := a.cfg.Process
	cfg.Now, cfg.Story = a.deps.Now, a.deps.Story
	c, err := process.NewCorrelator(cfg, a.kafka, eng, process.Deps{Log: a.log, Registerer: a.reg})
	if err != nil {
		return nil, err
	}
	return &role{run: c.Run, ready: c.Ready, ailing: c.Ailing}, nil
}

func (a *App) web() (*role, error) {
	p, err := a.producer("web")
	if err != nil {
		return nil, err
	}
	cfg := a.cfg.Web
	cfg.Now = a.deps.Now
	view := web.NewView(cfg)
	newClient := func(opts ...kgo.Opt) (*kgo.Client, error) { return a.client("web-view", opts...) }
	reader, err := web.NewReader(view, newClient, a.kafka.Topic(schemas.TopicIncidents), a.kafka.Topic(schemas.TopicProblems), a.log, a.reg)
	if err != nil {
		return nil, err
	}
	past := a.history()
	api, err := web.New(cfg, view, past, p, a.log, a.reg)
	if err != nil {
		return nil, err
	}
	a.silences = web.NewSilences(past)
	api.SetSilences(a.silences)
	api.SetWho(a.guard.Who)
	if !a.guard.Open() {
		api.SetSignIn(a.guard)
	}
	api.SetVerdicts(web.NewVerdicts(func(opts ...kgo.Opt) (*kgo.Client, error) { return a.client("web-verdict", opts...) }, a.kafka.Topic(schemas.TopicDecisions)))
	api.SetExplainer(a.explainer())
	api.SetTeller(teller(a.translator()))
	api.SetDuties(a.duties)
	if a.sql != nil {
		api.SetReports(reports{a.sql.conn})
	}
	replies, err := reply.New(a.cfg.Notify.Targets, api, a.cfg.Access.Whose, a.log, a.reg, a.deps.Now)
	if err != nil {
		return nil, err
	}
	if replies.Listens() {
		reader.Follow(a.kafka.Topic(schemas.TopicDeliveries), replies.Take)
	}
	a.server.mux.Handle(reply.Path, replies)
	handler := api.Handler()
	a.server.mux.Handle("/api/", handler)
	a.server.mux.Handle("/mcp", a.server.door.known(web.Read, mcp.Handler(ReadBuild().Version, handler, cfg.MCPCommands)))
	board := api.Board()
	for _, path := range web.BoardPaths() {
		a.server.mux.Handle(path, board)
	}
	return &role{run: reader.Run, ready: view.Ready}, nil
}

func (a *App) notifier() (*role, error) {
	a.startLetters()
	routes := notify.Routes{}
	for i := range a.cfg.Notify.Targets {
		c := &a.cfg.Notify.Targets[i]
		if err := c.LoadSecrets(); err != nil {
			return nil, fmt.Errorf("notify.targets[%d].%w", i, err)
		}
		t, err := c.Target(a.cfg.Notify.BoardURL)
		if err != nil {
			return nil, fmt.Errorf("notify.targets[%d].%w", i, err)
		}
		if c.IsMail() && a.letters != nil {
			if err := message.WithReports(t, a.letters.write); err != nil {
				return nil, fmt.Errorf("notify.targets[%d].%w", i, err)
			}
		}
		routes[c.Name] = &notify.Route{Name: c.Name, Target: t, Teams: c.Teams, Everything: c.Everything, Company: c.Company, Channels: c.Channels}
	}
	n, err := notify.New(a.cfg.Notify.Config, a.kafka, kafka.Deps{Log: a.log, Registerer: a.reg}, routes, a.deps.Now)
	if err != nil {
		return nil, err
	}
	run, err := a.scheduling(n.Run)
	if err != nil {
		return nil, err
	}
	return &role{run: run, ready: n.Ready, ailing: n.Ailing}, nil
}

// describeDSN puts what a DSN says into the endpoints, but for its user: that is
// the writer, and endpoints are for readers.
func (a *App) describeDSN(dsn string) {
	u, err := url.Parse(dsn)
	if err != nil { // config.Check has seen it
		return
	}
	a.where.ClickHouseNative = u.Host
	if strings.HasPrefix(u.Scheme, "http") {
		a.where.ClickHouseNative, a.where.ClickHouseHTTP = "", u.Host
	}
	a.where.ClickHouseDatabase = strings.TrimPrefix(u.Path, "/")
}

var errNoSQL = errors.New("no ClickHouse: the role write needs one")

func (a *App) writer() (*role, error) {
	if a.sql == nil {
		return nil, errNoSQL
	}
	sink := clickhouse.NewWriter(a.sql.conn, a.cfg.Writer.WriterConfig, a.reg)
	a.sql.mends(sink)
	d, err := deliver.New(a.cfg.Writer.Config, a.kafka, kafka.Deps{Log: a.log, Registerer: a.reg}, sink)
	if err != nil {
		return nil, err
	}
	return &role{run: a.sql.rebuilding(a.sql.aiming(a.cfg.Objectives, a.sql.rolling(d.Run, a.log), a.log)), ready: always, ailing: d.Failing}, nil
}
