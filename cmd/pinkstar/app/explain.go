package app

import (
	"context"
	"errors"
	"fmt"

	"pinkstar/cmd/pinkstar/past"
	"pinkstar/correlate/explain"
	recorded "pinkstar/correlate/history"
	"pinkstar/schemas"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/web"
)

// explainer answers the API's questions from what ClickHouse holds of the
// decisions. Without ClickHouse there are only the members that travel with an
// incident, and their reasons.
type explainer struct {
	q     *clickhouse.Queries // nil: no ClickHouse
	texts func() *texts       // that are in force
}

func (a *App) explainer() web.Explainer {
	x := explainer{texts: a.engines.latest.Load}
	if a.sql != nil {
		x.q = clickhouse.NewQueries(a.sql.conn)
	}
	return x
}

// Explain implements web.Explainer.
func (x explainer) Explain(ctx context.Context, view *web.View, id, with string) (any, error) {
	src := &stored{ctx: ctx, q: x.q, view: view, decisions: map[string]*schemas.Decision{}, members: map[string][]string{},
		incidents: map[string]*schemas.Incident{}}
	out := explain.Of(src, id)
	if src.err != nil {
		return nil, src.err
	}
	if out == nil {
		return nil, fmt.Errorf("%w: %s", web.ErrUnknown, id)
	}
	if with == "" {
		return out, nil
	}
	var err error
	out.WhyNot, err = x.whyNot(ctx, src, id, with)
	if errors.Is(err, explain.ErrUnknown) {
		return nil, fmt.Errorf("%w: %w", web.ErrUnknown, err)
	}
	return out, errors.Join(err, src.err)
}

const (
	// leadIn is how much of the log before the two is run, so that the engine
	// is about as busy as it was.
	leadIn = schemas.Hour
	// whyNotSignals bounds the signals that are run again for one question.
	whyNotSignals = 50_000
)

// whyNot runs the stored signals around the two through an engine of its own.
func (x explainer) whyNot(ctx context.Context, src *stored, id, with string) (*explain.WhyNot, error) {
	if x.q == nil {
		return nil, errors.New("why not: the signals are in ClickHouse, and none is configured")
	}
	a, b := src.span(id), src.span(with)
	if a.scope == "" || b.scope == "" {
		return nil, fmt.Errorf("%s: %w", map[bool]string{true: id, false: with}[a.scope == ""], explain.ErrUnknown)
	}
	since := min(a.from, b.from).Add(-leadIn)
	log := &recorded.Log{}
	note := "weighed again over the signals stored since " + since.String() + ", under the present rules: what was open before is missing"
	if a.scope == b.scope {
		p, err := past.FromSQL(ctx, x.q, max(a.to, b.to)+1, past.Options{Since: since, Scope: a.scope, Limit: whyNotSignals})
		if errors.Is(err, past.ErrTooMany) {
			note += "; there are too many of them, and the later ones were left out"
		} else if err != nil {
			return nil, err
		}
		log = p.Log
	}
	now := x.texts()
	setup := recorded.Setup{Rules: now.rules, Topology: now.topology, Learnt: now.learnt, FixRules: true, FixTopology: true, FixLearnt: true}
	w, err := explain.FindWhyNot(ctx, src, log, setup, id, with)
	if err == nil && !w.Together {
		if w.Approximate != "" {
			note += "; " + w.Approximate
		}
		w.Approximate = note
	}
	return w, err
}

// stored is what has been decided, read when it is asked for.
type stored struct {
	ctx       context.Context
	q         *clickhouse.Queries
	view      *web.View
	decisions map[string]*schemas.Decision
	incidents map[string]*schemas.Incident
	members   map[string][]string
	err       error // the first
}

func (s *stored) note(err error) {
	if s.err == nil {
		s.err = err
	}
}

// Decision implements explain.Source.
func (s *stored) Decision(id string) *schemas.Decision {
	if d, ok := s.decisions[id]; ok || s.q == nil || id == "" {
		return d
	}
	if _, err := schemas.ParseID(id); err != nil {
		return nil
	}
	d, found, err := s.q.Decision(s.ctx, id)
	s.note(err)
	if err != nil || !found {
		s.decisions[id] = nil
		return nil
	}
	s.decisions[id] = &d
	return &d
}

// Signal implements explain.Source.
func (s *stored) Signal(id string) *schemas.Signal {
	if d := s.Decision(id); d != nil {
		return d.Signal
	}
	return nil
}

// Incident implements explain.Source.
func (s *stored) Incident(id string) *schemas.Incident {
	if id == "" {
		return nil
	}
	if inc, ok := s.view.Incident(id); ok {
		return inc
	}
	if inc, ok := s.incidents[id]; ok || s.q == nil {
		return inc
	}
	inc, found, err := s.q.Incident(s.ctx, id)
	s.note(err)
	if err != nil || !found {
		s.incidents[id] = nil
		return nil
	}
	s.incidents[id] = &inc
	return &inc
}

// maxMembers bounds the members that are read for one explanation.
const maxMembers = 2000

// Members implements explain.Source.
func (s *stored) Members(id string) []string {
	if m, ok := s.members[id]; ok {
		return m
	}
	if s.q == nil {
		return s.travelling(id)
	}
	list, err := s.q.DecisionsOf(s.ctx, id, maxMembers)
	s.note(err)
	var out []string
	for i := range list {
		d := &list[i]
		if d.Kind != schemas.KindAlert && d.Kind != schemas.KindTicket {
			continue
		}
		s.decisions[d.SignalID] = d
		out = append(out, d.SignalID)
	}
	s.members[id] = out
	return out
}

// travelling takes the members that an incident carries with it.
func (s *stored) travelling(id string) []string {
	var out []string
	if inc := s.Incident(id); inc != nil {
		for _, m := range inc.Members {
			s.decisions[m.SignalID] = &schemas.Decision{SignalID: m.SignalID, Kind: m.Kind, Verdict: schemas.VerdictPlaced, IncidentID: id, Reason: m.Reason,
				Scope: inc.Scope, Signal: &schemas.Signal{ID: m.SignalID, Kind: m.Kind, Name: m.Name, Service: m.Service, Severity: m.Severity, StartsAt: m.StartsAt}}
			out = append(out, m.SignalID)
		}
	}
	s.members[id] = out
	return out
}

// span is when and where what an id stands for was decided.
type span struct {
	scope    string
	from, to schemas.Time
}

func (s *stored) span(id string) span {
	if d := s.Decision(id); d != nil {
		sp := span{d.Scope, d.At, d.At}
		if inc := s.Incident(d.IncidentID); inc != nil {
			sp.from = min(sp.from, inc.DetectedAt)
		}
		return sp
	}
	inc := s.Incident(id)
	if inc == nil {
		return span{}
	}
	sp := span{inc.Scope, inc.DetectedAt, inc.DetectedAt}
	for _, m := range s.Members(id) {
		if d := s.Decision(m); d != nil {
			sp.to = max(sp.to, d.At)
		}
	}
	return sp
}
