package app

import (
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/schemas/apierror"
	"pinkstar/sinks/web"
)

// door is what every request passes before it reaches a route: is it meant for
// us, and could a browser have been made to send it?
type door struct {
	guard   *access.Guard
	hosts   access.Hosts
	origins *http.CrossOriginProtection
	pages   []string // the trusted origins
	log     zerolog.Logger
	turned  *prometheus.CounterVec // by reason
}

func newDoor(cfg *config.Config, guard *access.Guard, log zerolog.Logger, reg prometheus.Registerer) (*door, error) {
	d := &door{
		guard: guard, hosts: access.NewHosts(cfg.HTTP.Listen, cfg.Access.Hosts), origins: http.NewCrossOriginProtection(), log: log, pages: cfg.Access.TrustedOrigins,
		turned: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pinkstar_http_turned_away_total", Help: "Requests refused before they reached a route, by reason.",
		}, []string{"reason"}),
	}
	for _, o := range cfg.Access.TrustedOrigins {
		if err := d.origins.AddTrustedOrigin(o); err != nil {
			return nil, err
		}
	}
	return d, reg.Register(d.turned)
}

// around puts the door before h.
func (d *door) around(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if reason, e := d.check(r); e != nil {
			d.turned.WithLabelValues(reason).Inc()
			d.log.Debug().Str("reason", reason).Str("path", r.URL.Path).Msg("request turned away")
			if err := e.Write(w); err != nil {
				d.log.Debug().Err(err).Msg("refusal not delivered")
			}
			return
		}
		h.ServeHTTP(w, r)
	})
}

// check returns why a request may not pass.
func (d *door) check(r *http.Request) (reason string, _ *apierror.Error) {
	if isProbe(r) {
		return "", nil // a load balancer names us as it likes; nothing is told
	}
	switch {
	case d.guard.Lost():
		return "web_config", apierror.New(http.StatusServiceUnavailable,
			"the file of http.web_config_file no longer says who may come in, as it did at the start: nobody is served until it does")
	case !d.hosts.Serves(r.Host):
		return "host", apierror.New(http.StatusMisdirectedRequest,
			"the host %.100q is not one this server is known by; name it in access.hosts", r.Host)
	case d.guard.Open() && access.Forwarded(r.Header) && !d.hosts.Named(r.Host):
		return "proxy", apierror.New(http.StatusForbidden,
			"a proxy has passed this request on, but without access.tokens only this machine is served; configure tokens, and name the host in access.hosts")
	}
	if err := d.origins.Check(r); err != nil {
		return "cross_origin", apierror.New(http.StatusForbidden,
			"a page of another site has sent this request: %v; a page that may is named in access.trusted_origins", err)
	}
	if readsFromAnotherSite(r) && !d.trusted(r) {
		return "cross_origin", apierror.New(http.StatusForbidden, "a page of another site asks in its visitor's name; a page that may is named in access.trusted_origins")
	}
	return "", nil
}

// readsFromAnotherSite: the answer would stay hidden from the page, but not the
// work it makes. A person who follows a link is let through, and so is a browser
// that a provider of sign-in sends back, perhaps by itself.
func readsFromAnotherSite(r *http.Request) bool {
	h := r.Header
	return h.Get("Sec-Fetch-Site") == "cross-site" && (h.Get("Sec-Fetch-Dest") != "document" || h.Get("Sec-Fetch-User") != "?1" && r.URL.Path != web.CallbackPath)
}

func (d *door) trusted(r *http.Request) bool {
	return slices.Contains(d.pages, r.Header.Get("Origin"))
}

func isProbe(r *http.Request) bool {
	return (r.Method == http.MethodGet || r.Method == http.MethodHead) && (r.URL.Path == "/-/healthy" || r.URL.Path == "/-/ready")
}

// known lets only people with a role through, for what is neither webhook nor
// API.
func (d *door) known(role web.Role, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := d.guard.Who(r)
		if ok && p.Role >= role {
			h.ServeHTTP(w, r)
			return
		}
		e := apierror.New(http.StatusForbidden, "%s may not see this: it needs the role admin (access.tokens)", p.Name)
		if !ok {
			e = apierror.New(http.StatusUnauthorized, "send a token that access.tokens holds: Authorization: Bearer TOKEN")
			e.Challenges = []string{`Bearer realm="pinkstar"`, `Basic realm="pinkstar", charset="UTF-8"`}
		}
		d.turned.WithLabelValues("unknown").Inc()
		if err := e.Write(w); err != nil {
			d.log.Debug().Err(err).Msg("refusal not delivered")
		}
	})
}
