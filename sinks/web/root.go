package web

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

//go:embed openapi.yaml
var openAPI []byte

// Config holds the API's limits.
type Config struct {
	PageSize       int           `yaml:"page_size"`       // incidents on a page when the caller does not say
	MaxPageSize    int           `yaml:"max_page_size"`   // at most
	MaxOpen        int           `yaml:"max_open"`        // open incidents the live view holds
	KeepClosed     int           `yaml:"keep_closed"`     // newest closed incidents the live view holds
	MaxProblems    int           `yaml:"max_problems"`    // problems the live view holds
	MaxMembers     int           `yaml:"max_members"`     // members and timeline entries in one answer
	MaxBody        int64         `yaml:"max_body"`        // bytes of a command
	HistoryTimeout time.Duration `yaml:"history_timeout"` // how long ClickHouse may take before the answer goes without it
	ExplainTimeout time.Duration `yaml:"explain_timeout"` // how long an explanation may take, its turn in the queue included
	ReportTimeout  time.Duration `yaml:"report_timeout"`  // how long a report may take, its turn in the queue included
	CommandTimeout time.Duration `yaml:"command_timeout"` // how long the brokers may take to acknowledge a command
	CommandWait    time.Duration `yaml:"command_wait"`    // how long an answer waits for what came of a command; 0: not at all

	// MCPCommands lets assistants that come to /mcp give commands as well, as far as
	// their token's role goes.
	MCPCommands bool `yaml:"mcp_commands"`

	// Now stamps commands; nil is the machine's clock. It must be the one the
	// gateway and the correlator go by, since it moves log time.
	Now func() time.Time `yaml:"-"`
}

// DefaultConfig returns the limits for an ordinary installation.
func DefaultConfig() Config {
	return Config{
		PageSize: 50, MaxPageSize: 500,
		MaxOpen: 200_000, KeepClosed: 1_000, MaxProblems: 20_000,
		MaxMembers: 1_000, MaxBody: 64 << 10,
		HistoryTimeout: 5 * time.Second, ExplainTimeout: 20 * time.Second, ReportTimeout: 45 * time.Second, CommandTimeout: 15 * time.Second, CommandWait: 2 * time.Second,
	}
}

// Producer makes signals durable on the signals topic.
type Producer interface {
	Produce(ctx context.Context, signals []schemas.Signal) error
}

// API serves the read API and takes commands.
type API struct {
	cfg      Config
	view     *View
	history  History   // nil: there is none
	explain  Explainer // nil: nobody explains
	duties   Duties    // nil: nobody knows who is on call
	reports  Reports   // nil: nobody writes reports
	who      Who       // nil: nobody is let in
	signIn   SignIn    // nil: browsers ask for name and token themselves
	attempts *attempts // to sign in
	whys     *gate     // why is it there
	whyNots  *gate     // why are two not together: the log is run again
	papers   *gate     // reports and post-mortems
	epoch    string    // of this process: what it counts means nothing to the next
	producer Producer
	tell     Teller    // nil: nobody can announce anything
	verdicts *Verdicts // nil: nobody waits for what came of a command
	silences *Silences // nil: nobody wants to know of those announced here
	log      zerolog.Logger
	now      func() time.Time
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	watchers atomic.Int64 // pages that are told of changes
}

// New returns an API over view. history may be nil when no ClickHouse is
// configured.
func New(cfg Config, view *View, history History, producer Producer, log zerolog.Logger, reg prometheus.Registerer) (*API, error) {
	a := &API{
		cfg: cfg, view: view, history: history, producer: producer, log: log, now: time.Now,
		whys: newGate(4, 16), whyNots: newGate(1, 4), papers: newGate(1, 8), attempts: newAttempts(), epoch: rand.Text()[:8],
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pinkstar_web_requests_total", Help: "API requests by route and status code.",
		}, []string{"route", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pinkstar_web_request_duration_seconds", Help: "Time to answer an API request, by route.",
			Buckets: []float64{.001, .005, .02, .1, .5, 2, 10},
		}, []string{"route"}),
	}
	if cfg.Now != nil {
		a.now = cfg.Now
	}
	return a, errors.Join(reg.Register(a.requests), reg.Register(a.seconds))
}

// route is one line of the API. The pattern is net/http's, and the test
// compares it with openapi.yaml.
type route struct {
	method, pattern string
	serve           func(*API, http.ResponseWriter, *http.Request) error
	needsView       bool
	anybody         bool // also who is not known
}

var routes = []route{
	{method: http.MethodGet, pattern: "/api/v1/incidents", serve: (*API).listIncidents, needsView: true},
	{method: http.MethodGet, pattern: "/api/v1/incidents/{id}", serve: (*API).getIncident, needsView: true},
	{method: http.MethodGet, pattern: "/api/v1/incidents/{id}/explanation", serve: (*API).explainIncident, needsView: true},
	{method: http.MethodPost, pattern: "/api/v1/incidents/{id}/commands", serve: (*API).commandIncident, needsView: true},
	{method: http.MethodGet, pattern: "/api/v1/signals/{id}/explanation", serve: (*API).explainSignal, needsView: true},
	{method: http.MethodGet, pattern: "/api/v1/problems", serve: (*API).listProblems, needsView: true},
	{method: http.MethodGet, pattern: "/api/v1/problems/{id}", serve: (*API).getProblem, needsView: true},
	{method: http.MethodPost, pattern: "/api/v1/problems/{id}/commands", serve: (*API).commandProblem, needsView: true},
	{method: http.MethodGet, pattern: "/api/v1/changes", serve: (*API).listChanges},
	{method: http.MethodGet, pattern: "/api/v1/changes/unannounced", serve: (*API).unannounced},
	{method: http.MethodPost, pattern: "/api/v1/changes", serve: (*API).announce},
	{method: http.MethodPost, pattern: "/api/v1/changes/{id}/end", serve: (*API).endChange},
	{method: http.MethodGet, pattern: "/api/v1/actions", serve: (*API).listActions},
	{method: http.MethodPost, pattern: "/api/v1/actions", serve: (*API).addAction, needsView: true},
	{method: http.MethodPost, pattern: "/api/v1/actions/{id}/end", serve: (*API).endAction},
	{method: http.MethodGet, pattern: "/api/v1/oncall", serve: (*API).onCall},
	{method: http.MethodGet, pattern: "/api/v1/openapi.yaml", serve: (*API).describe},
}

// Handler returns the handler for everything below /api/.
func (a *API) Handler() http.Handler {
	mux := http.NewServeMux()
	methods := map[string][]string{}
	for _, rt := range routes {
		mux.Handle(rt.method+" "+rt.pattern, a.handle(rt))
		methods[rt.pattern] = append(methods[rt.pattern], rt.method)
		if rt.method == http.MethodGet { // net/http serves HEAD by the GET pattern
			methods[rt.pattern] = append(methods[rt.pattern], http.MethodHead)
		}
	}
	for pattern, allowed := range methods {
		mux.Handle(pattern, a.handle(route{pattern: pattern, serve: wrongMethod(allowed)}))
	}
	mux.Handle("/", a.handle(route{pattern: "other", serve: notFound}))
	return mux
}

func (a *API) handle(rt route) http.Handler { return a.measured(rt, a.refuse) }

// measured serves a route and counts how it went; refuse answers with an error.
func (a *API) measured(rt route, refuse func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		rec := &recorder{ResponseWriter: w, code: http.StatusOK}
		if err := a.caught(rt, rec, r); err != nil {
			refuse(rec, r, err)
		}
		a.requests.WithLabelValues(rt.pattern, codeText(rec.code)).Inc()
		a.seconds.WithLabelValues(rt.pattern).Observe(time.Since(started).Seconds())
	})
}

// caught is serve, of which a panic is an error with its place in the log: whoever
// calls the handler, net/http or an assistant's tool, sees one answer that failed.
func (a *API) caught(rt route, w *recorder, r *http.Request) (err error) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // that very value
			panic(p)
		}
		a.log.Error().Str("path", r.URL.Path).Str("panic", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("a request ended in a panic")
		if w.begun {
			panic(http.ErrAbortHandler) // half an answer must not pass for a whole one
		}
		err = errPanic
	}()
	return a.serve(rt, w, r)
}

var errPanic = errors.New("a panic")

func (a *API) serve(rt route, w http.ResponseWriter, r *http.Request) error {
	if !rt.anybody {
		var err error
		if r, err = a.admit(r); err != nil {
			return err
		}
	}
	if rt.needsView {
		if err := a.view.Ready(); err != nil {
			return apierror.New(http.StatusServiceUnavailable, "%v; try again in a moment", err)
		}
	}
	return rt.serve(a, w, r)
}

func (a *API) describe(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/yaml")
	_, err := w.Write(openAPI)
	return err
}
