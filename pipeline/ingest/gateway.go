package ingest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Producer hands signals to the brokers.
type Producer interface {
	// Produce returns nil once every signal is on enough replicas (acks=all),
	// and an error if that is not known of all of them. The sender is then asked
	// to send again: a signal written twice has the same id.
	Produce(ctx context.Context, signals []schemas.Signal) error
	// Refuse writes what could not be read to the dead letter, as durably.
	Refuse(ctx context.Context, dead []schemas.DeadLetter) error
}

// Gateway takes signals over HTTP.
type Gateway struct {
	cfg        Config
	sources    map[string]SourceConfig
	translator *Translator
	producer   Producer
	log        zerolog.Logger
	metrics    *metrics
	slots      chan struct{}
	budget     *budget
	guarded    bool // some path asks for credentials
	now        func() time.Time
}

// New returns a gateway. It reads the secrets of cfg and starts nothing.
func New(cfg Config, naming schemas.Naming, producer Producer, log zerolog.Logger, reg prometheus.Registerer) (*Gateway, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	sources, err := cfg.load()
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	m, err := newMetrics(reg)
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Gateway{
		cfg: cfg, sources: sources, translator: NewTranslator(naming, cfg.Limits, cfg.Mappings), producer: producer,
		log: log, metrics: m, slots: make(chan struct{}, cfg.MaxConcurrent), now: cfg.Now, guarded: cfg.Guarded(),
		budget: newBudget(cfg.Limits.InFlightBytes, cfg.Limits.largest(), cfg.RetryAfter/2, m.held),
	}, nil
}

// Translator is what g reads payloads with.
func (g *Gateway) Translator() *Translator { return g.translator }

// Paths returns the gateway's own paths, for a mux that serves others besides.
// Those of mappings are under /webhook/.
func Paths() []string {
	var out []string
	for _, s := range webhooks(senders) {
		out = append(out, s.path)
	}
	return out
}

// Handler serves every path of the gateway.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	served := map[string]bool{}
	for _, snd := range webhooks(g.translator.senders) {
		served[snd.path] = true
		mux.HandleFunc(snd.path, func(w http.ResponseWriter, r *http.Request) { g.serve(w, r, snd) })
	}
	known := "no such path; signals are taken at " + strings.Join(slices.Sorted(maps.Keys(served)), ", ")
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		g.refuse(w, &apierror.Error{Status: http.StatusNotFound, Detail: known})
	})
	return mux
}

// accepted is the answer to a request whose signals are durable. What of it
// could not be read is in the dead letter, and the first of it here.
type accepted struct {
	Accepted int                   `json:"accepted"`
	IDs      []string              `json:"ids"`
	Notes    []string              `json:"notes,omitempty"`    // on what gave no signal and is right all the same
	Warnings []string              `json:"warnings,omitempty"` // on what was not understood of signals that were taken
	Refused  int                   `json:"refused,omitempty"`
	Errors   []apierror.FieldError `json:"errors,omitempty"`
}

func (g *Gateway) serve(w http.ResponseWriter, r *http.Request, snd *sender) {
	name := string(snd.name)
	start := g.now()
	g.metrics.inFlight.Inc()
	defer g.metrics.inFlight.Dec()
	got, p := g.take(w, r, snd)
	if p != nil {
		g.metrics.turned.WithLabelValues(name, p.reason).Inc()
		g.refuse(w, p.Error)
		g.metrics.answered(name, p.Status, g.now().Sub(start))
		return
	}
	signals := got.signals
	answer := accepted{Accepted: len(signals), IDs: make([]string, len(signals)), Notes: got.notes, Warnings: got.warnings, Refused: len(got.refused), Errors: got.refused.fields()}
	for i := range signals {
		answer.IDs[i] = signals[i].ID
		g.metrics.signals.WithLabelValues(name, string(signals[i].Kind)).Inc()
	}
	g.answer(w, http.StatusAccepted, answer)
	g.metrics.answered(name, http.StatusAccepted, g.now().Sub(start))
}

// take does the whole work on a request. The cheap checks come first, and
// nobody unknown gets to make us read or decompress a body. A place among those
// that are worked on is taken when the body is there: a slow sender holds none.
func (g *Gateway) take(w http.ResponseWriter, r *http.Request, snd *sender) (*taken, *turnedAway) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		return nil, turnAway("method", http.StatusMethodNotAllowed, "only POST is served here")
	}
	name := string(snd.name)
	rt, e := g.rightsOf(name, r)
	if e != nil {
		return nil, &turnedAway{e, "unauthorized"}
	}
	contentType, p := mediaType(snd, r.Header.Get("Content-Type"))
	if binary := snd.name == SourceCloudEvents && r.Header.Get("Ce-Type") != ""; p != nil && !binary {
		return nil, p
	}
	part := &share{b: g.budget, known: rt.known}
	defer part.release()
	body, p := g.readBody(w, r, part)
	if p != nil {
		return nil, p
	}
	g.metrics.bytes.WithLabelValues(name).Add(float64(len(body)))
	select {
	case g.slots <- struct{}{}:
		defer func() { <-g.slots }()
	default:
		g.metrics.overload.Inc()
		return nil, turnAway("busy", http.StatusServiceUnavailable,
			"%d requests are being worked on already (gateway.max_concurrent); send again later", g.cfg.MaxConcurrent)
	}
	if h := g.sources[name].HMAC; h != nil {
		if e := h.verify(r, body, g.now()); e != nil {
			return nil, &turnedAway{e, "signature"}
		}
		part.verified()
	}
	part.complete = true
	return g.work(r, snd, rt, contentType, body, part)
}

// work turns a body that is all there into durable signals.
func (g *Gateway) work(r *http.Request, snd *sender, rt rights, contentType string, body []byte, part *share) (*taken, *turnedAway) {
	body, p := g.decompress(r.Context(), r.Header.Get("Content-Encoding"), body, part)
	if p != nil {
		return nil, p
	}
	values := valuesIn(body)
	if values > int64(g.cfg.Limits.Values) {
		return nil, turnAway("too_large", http.StatusRequestEntityTooLarge,
			"the body has about %d values, at most %d are taken (gateway.limits.values); send smaller groups", values, g.cfg.Limits.Values)
	}
	if err := part.grow(r.Context(), g.cfg.Limits.translationBytes(int64(len(body)), values)); err != nil {
		return nil, turnAway("budget", http.StatusServiceUnavailable, "%v; send again later", err)
	}
	got, e := g.translate(snd, contentType, r, body)
	if e != nil {
		return nil, &turnedAway{e, "unreadable"}
	}
	if e := g.permit(rt, r, got); e != nil {
		return nil, &turnedAway{e, "right"}
	}
	if err := part.grow(r.Context(), int64(len(got.refused))*refusedBytes); err != nil {
		return nil, turnAway("budget", http.StatusServiceUnavailable, "%v; send again later", err)
	}
	if e := g.produce(r.Context(), snd, got); e != nil {
		reason := "brokers"
		if e.Status != http.StatusServiceUnavailable {
			reason = "unreadable"
		}
		return nil, &turnedAway{e, reason}
	}
	return got, nil
}

// taken is what a request gave.
type taken struct {
	signals  []schemas.Signal
	refused  Refusals // single elements
	notes    []string
	warnings []string
}

// translate reads the body. One element that can't be read does not cost the
// others: Alertmanager, for one, does not send a group again after a 4xx.
func (g *Gateway) translate(snd *sender, contentType string, r *http.Request, body []byte) (*taken, *apierror.Error) {
	name, source := string(snd.name), snd.name
	if contentType == "text/calendar" {
		source = SourceCalendar
	}
	meta := Meta{ReceivedAt: schemas.TimeOf(g.now()), ContentType: contentType}
	if source == SourceCloudEvents {
		if r.Header.Get("Ce-Type") != "" {
			meta.ContentType = r.Header.Get("Content-Type")
			meta.Attributes = cloudAttributes(r.Header)
		}
	}
	b := g.translator.begin(meta)
	signals, err := b.read(source, body)
	got := &taken{signals: signals, notes: b.notes, warnings: b.warnings()}
	if err == nil {
		return got, nil
	}
	var refused Refusals
	errors.As(err, &refused)
	got.refused = refused
	g.metrics.refused.WithLabelValues(name).Add(float64(max(1, len(refused))))
	g.log.Info().Str("source", name).Int("bytes", len(body)).Int("taken", len(signals)).Str("reason", err.Error()).Msg("refused")
	if refused.whole() || len(refused) == 0 {
		return nil, refusedBody(err)
	}
	return got, nil
}

// cloudAttributes takes CloudEvents' attributes out of a binary mode request.
func cloudAttributes(h http.Header) map[string]string {
	a := map[string]string{}
	for key, values := range h {
		if name, ok := cutFold(key, "Ce-"); ok && len(values) > 0 {
			a[strings.ToLower(name)] = validText(values[0])
		}
	}
	return a
}

// produce waits for the brokers. Whatever keeps them from acknowledging, the
// sender is to try again. What could not be read goes to the dead letter first:
// a sender that is told 202 has nothing left to do.
func (g *Gateway) produce(ctx context.Context, snd *sender, got *taken) *apierror.Error {
	ctx, cancel := context.WithTimeout(ctx, g.cfg.ProduceTimeout)
	defer cancel()
	var err error
	if len(got.refused) > 0 {
		err = g.producer.Refuse(ctx, got.refused.deadLetters(snd.path, schemas.TimeOf(g.now())))
	}
	if err == nil && len(got.signals) > 0 {
		err = g.producer.Produce(ctx, got.signals)
	}
	switch {
	case err == nil && len(got.signals) == 0 && len(got.refused) > 0:
		return refusedBody(got.refused)
	case err == nil:
		return nil
	case !errors.Is(err, context.Canceled): // the sender has not just gone away
		g.log.Warn().Err(err).Str("source", string(snd.name)).Int("signals", len(got.signals)).Msg("not acknowledged, the sender gets 503")
	}
	return &apierror.Error{
		Status: http.StatusServiceUnavailable,
		Detail: "the brokers did not acknowledge; send again later, what is written twice counts once",
	}
}
