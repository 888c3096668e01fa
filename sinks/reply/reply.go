package reply

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
	"pinkstar/schemas/secret"
	"pinkstar/sinks/message"
	"pinkstar/sinks/web"
)

// Orders is who carries out what people order: the API.
type Orders interface {
	// Order gives a command under the checks of the API. via and key tell it from
	// others: the same again is carried out once. done says that it is known to have
	// been carried out, and not only taken. An *apierror.Error says why not.
	Order(ctx context.Context, cmd schemas.Command, via, key string) (done bool, err error)
	// Live returns an incident, or says as an *apierror.Error why not.
	Live(id string) (*schemas.Incident, error)
	// Related returns the incidents below one.
	Related(id string) []*schemas.Incident
}

// Whose returns the person whose account of a target that is, or false when it
// is nobody's who is known.
type Whose func(target, account string) (web.Person, bool)

// Desk takes what comes back. It is safe for concurrent use.
type Desk struct {
	orders Orders
	whose  Whose
	book   *book
	once   once
	lines  map[string]*line // by the target's name
	log    zerolog.Logger
	now    func() time.Time
	came   *prometheus.CounterVec
}

// line is one target that speaks to us.
type line struct {
	name   string
	cfg    *message.Config
	secret *secret.Text
	signed func(http.Header, []byte, *secret.Text, time.Time) *apierror.Error
	take   func(*Desk, context.Context, *line, http.ResponseWriter, *heard) error
	jira   jiraAccount
	newest newest
}

// heard is a request whose sender is established.
type heard struct {
	header http.Header
	body   []byte
}

// New returns a desk for those targets whose settings say how what they send is
// signed. now is what time it is, nil for the clock.
func New(targets []message.Config, orders Orders, whose Whose, log zerolog.Logger, reg prometheus.Registerer, now func() time.Time) (*Desk, error) {
	d := &Desk{orders: orders, whose: whose, book: newBook(), once: once{seen: map[string]time.Time{}}, lines: map[string]*line{},
		log: log.With().Str("role", "reply").Logger(), now: now, came: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pinkstar_replies_total",
			Help: "Requests that came back from targets of messages, by target and what became of them: taken, refused, echo (our own doing), ignored, unsigned, failed.",
		}, []string{"target", "result"})}
	if now == nil {
		d.now = time.Now
	}
	for i := range targets {
		l := lineOf(&targets[i])
		if l == nil {
			continue
		}
		if err := targets[i].LoadSecrets(); err != nil {
			return nil, fmt.Errorf("notify.targets[%d].%w", i, err)
		}
		d.lines[l.name] = l
	}
	return d, reg.Register(d.came)
}

func lineOf(c *message.Config) *line {
	l := &line{name: c.Name, cfg: c, newest: newest{at: map[string]schemas.Time{}}}
	switch {
	case c.Slack != nil:
		l.secret, l.signed, l.take = c.Slack.SigningSecret, slackSigned, (*Desk).slack
	case c.Jira != nil:
		l.secret, l.signed, l.take = c.Jira.WebhookSecret, jiraSigned, (*Desk).jira
	case c.PagerDuty != nil:
		l.secret, l.signed, l.take = c.PagerDuty.WebhookSecret, pagerDutySigned, (*Desk).pagerDuty
	}
	if l.secret == nil {
		return nil
	}
	return l
}

// Path is below which the targets have theirs, by their names.
const Path = "/reply/"

// Listens reports whether any target may speak.
func (d *Desk) Listens() bool { return len(d.lines) > 0 }

// Take reads a revision of a delivery: which ticket is whose, and what we wrote.
func (d *Desk) Take(value []byte) error { return d.book.take(value) }

// maxBody bounds a request.
const maxBody = 1 << 20

// ServeHTTP implements http.Handler for everything below Path.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l := d.lines[strings.TrimPrefix(r.URL.Path, Path)]
	if l == nil {
		d.refuse(w, apierror.New(http.StatusNotFound, "no target of that name has a secret in the settings by which it could be believed"))
		return
	}
	result := "failed"
	defer func() { d.came.WithLabelValues(l.name, result).Inc() }()
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		d.refuse(w, apierror.New(http.StatusMethodNotAllowed, "POST only"))
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		d.refuse(w, apierror.New(http.StatusBadRequest, "the body can't be read, or has over %d bytes", maxBody))
		return
	}
	if e := l.signed(r.Header, body, l.secret, d.now()); e != nil {
		result = "unsigned"
		d.log.Warn().Str("target", l.name).Str("why", e.Detail).Msg("a reply is not believed")
		d.refuse(w, e)
		return
	}
	err = l.take(d, r.Context(), l, w, &heard{r.Header, body})
	result = d.answer(w, l, err)
}

// outcome is what became of a reply that has no effect: no failure, and nothing
// to try again.
type outcome struct {
	result, why string
	answered    bool // the sender has its answer
}

func (o *outcome) Error() string { return o.why }

func ignored(why string) error { return &outcome{result: "ignored", why: why} }

// answer ends a request that took does not say to be answered, and returns the
// result for the metric.
func (d *Desk) answer(w http.ResponseWriter, l *line, err error) string {
	if err == nil {
		return "taken"
	}
	log := d.log.Info().Str("target", l.name).Err(err)
	if o, ok := errors.AsType[*outcome](err); ok {
		log.Str("result", o.result).Msg("a reply has no effect")
		if !o.answered {
			note(w, o.why)
		}
		return o.result
	}
	e, ok := errors.AsType[*apierror.Error](err)
	if ok && (e.Status == http.StatusConflict || e.Status == http.StatusNotFound) {
		log.Msg("a reply is refused")
		note(w, e.Detail)
		return "refused"
	}
	if !ok {
		e = apierror.New(http.StatusBadRequest, "%v", err)
	}
	log.Msg("a reply could not be taken")
	d.refuse(w, e)
	return "failed"
}

func (d *Desk) refuse(w http.ResponseWriter, e *apierror.Error) {
	if e.Status == http.StatusServiceUnavailable {
		e.RetryAfter = 5 * time.Second
	}
	if err := e.Write(w); err != nil {
		d.log.Debug().Err(err).Msg("refusal not delivered")
	}
}

// note answers that there is nothing to try again.
func note(w http.ResponseWriter, why string) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(map[string]string{"note": why}); err != nil {
		return // who asked has gone
	}
}

// orderTimeout is what an order may take: Slack wants its answer within three
// seconds, of which telling the person takes one.
const orderTimeout = 1500 * time.Millisecond

// order gives a command and says what came of it.
func (d *Desk) order(ctx context.Context, l *line, cmd schemas.Command, key string) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, orderTimeout)
	defer cancel()
	return d.orders.Order(ctx, cmd, l.name, key)
}

// who is the person behind one of the ids of an account in a system that let it do
// what it did. Somebody unknown is named as that system does; somebody known may
// do what is allowed here.
func (d *Desk) who(l *line, named string, ids ...string) (string, error) {
	for _, id := range ids {
		if p, ok := d.whose(l.name, id); ok {
			return p.Name, mayAct(p)
		}
	}
	return stranger(named, l.name), nil
}

func mayAct(p web.Person) error {
	if p.Role < web.Act {
		return &outcome{result: "refused", why: p.Name + " may only read; commands need the role act (access.people). Nothing was changed."}
	}
	return nil
}

// stranger is who did something in a system that let him.
func stranger(name, target string) string {
	const most = 100
	name = strings.Join(strings.Fields(name), " ")
	if r := []rune(name); len(r) > most {
		name = string(r[:most])
	}
	if name == "" {
		name = "somebody"
	}
	return name + " (" + target + ")"
}
