package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof" // the default mux, which it adds itself to, is not served
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	toolkit "github.com/prometheus/exporter-toolkit/web"
	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/schemas/apierror"
	"pinkstar/sinks/web"
)

// server is the one HTTP server: webhooks, API, health, metrics.
type server struct {
	cfg      config.HTTP
	mux      *http.ServeMux
	door     *door
	http     *http.Server
	listener net.Listener
	log      zerolog.Logger
	reg      prometheus.Registerer
}

func newServer(cfg config.HTTP, d *door, log zerolog.Logger, h *health, reg *prometheus.Registry) *server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /-/healthy", serveHealthy)
	mux.HandleFunc("GET /-/ready", h.serveReady(d.guard))
	mux.Handle("GET /metrics", d.known(web.Read, promhttp.HandlerFor(reg, promhttp.HandlerOpts{ErrorLog: promLog{log}, MaxRequestsInFlight: 4, Timeout: 20 * time.Second})))
	// Not net/http/pprof's cmdline: a command line may hold a password.
	mux.Handle("GET /debug/pprof/{$}", d.known(web.Admin, http.HandlerFunc(pprof.Index)))
	mux.Handle("GET /debug/pprof/profile", d.known(web.Admin, http.HandlerFunc(pprof.Profile)))
	for _, name := range []string{"allocs", "goroutine", "heap"} {
		mux.Handle("GET /debug/pprof/"+name, d.known(web.Admin, pprof.Handler(name)))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_ = apierror.New(http.StatusNotFound, "there is nothing at %.200s; / lists what there is", r.URL.Path).Write(w) // only a caller that left makes this fail
	})
	return &server{cfg: cfg, mux: mux, door: d, log: log, reg: reg}
}

const index = `Pinkstar

  POST /webhook/alertmanager  /webhook/grafana  /webhook/jira  /webhook/cloudevents
       /webhook/pagerduty     /webhook/servicenow  /signals
  GET  /api/v1/incidents      /api/v1/incidents/{id}  /api/v1/problems
  GET  /api/v1/openapi.yaml   what the API takes and answers
  GET  /-/ready  /-/healthy   /metrics  /debug/pprof/
`

// serveIndex is what stands at / where there is no board.
func serveIndex(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(index))
}

// listen opens the port, so that a taken one is known before anything else
// starts.
func (s *server) listen() error {
	if err := toolkit.Validate(s.cfg.WebConfigFile); err != nil {
		return fmt.Errorf("http.web_config_file %s: %w", s.cfg.WebConfigFile, err)
	}
	l, err := net.Listen("tcp", s.cfg.Listen)
	if err != nil {
		return fmt.Errorf("http.listen: %w", err)
	}
	if s.listener, err = newConnections(l, s.cfg.MaxConnections, s.reg); err != nil {
		return errors.Join(err, l.Close())
	}
	// No HTTP/2: a connection is one request at a time, which is what is counted.
	protocols := &http.Protocols{}
	protocols.SetHTTP1(true)
	s.http = &http.Server{
		Handler:           attended(s.door.around(s.mux)),
		ConnContext:       connContext,
		ConnState:         connState,
		Protocols:         protocols,
		ReadHeaderTimeout: s.cfg.ReadHeaderTimeout,
		ReadTimeout:       s.cfg.ReadTimeout,
		WriteTimeout:      s.cfg.WriteTimeout,
		IdleTimeout:       s.cfg.IdleTimeout,
		MaxHeaderBytes:    s.cfg.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(slogHandler(s.log), slog.LevelWarn),
	}
	return nil
}

func (s *server) addr() string { return s.listener.Addr().String() }

// run serves until stop; it owns the listener from now on.
func (s *server) run() error {
	systemd := false
	addresses := []string{s.cfg.Listen}
	err := toolkit.Serve(s.listener, s.http, &toolkit.FlagConfig{
		WebListenAddresses: &addresses, WebSystemdSocket: &systemd, WebConfigFile: &s.cfg.WebConfigFile,
	}, slog.New(slogHandler(s.log)))
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// stop lets requests under way finish, and no longer than the configuration says.
func (s *server) stop(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.ShutdownTimeout)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		return errors.Join(err, s.http.Close())
	}
	return nil
}
