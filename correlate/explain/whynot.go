package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pinkstar/correlate"
	"pinkstar/correlate/history"
	"pinkstar/schemas"
)

// WhyNot says what kept two signals or incidents apart.
type WhyNot struct {
	ID       string `json:"id"`   // what was asked about
	With     string `json:"with"` // and the other
	Together bool   `json:"together"`
	// Common is the main incident both are in, when they are together.
	Common string `json:"common,omitempty"`
	// Best is the pair that came closest, nil when none could be weighed.
	Best *Pair `json:"best,omitempty"`
	// Weighed is how many signals were weighed against incidents of the other side.
	Weighed int `json:"weighed"`
	// Refused are links between the two sides that the engine considered.
	Refused []schemas.Link `json:"refused_links,omitempty"`
	// Reason says in a sentence what it came down to.
	Reason string `json:"reason"`
	// Approximate says what the weighing could not take into account.
	Approximate string `json:"approximate,omitempty"`
}

// Pair is one signal weighed against an incident of the other side, at the
// moment the signal arrived.
type Pair struct {
	Signal   Step               `json:"signal"`
	Incident string             `json:"incident_id"`
	Weighing correlate.Weighing `json:"weighing"`
	Lacks    int64              `json:"lacks"` // points to the threshold, 0 when it was reached
}

// maxSide bounds the signals of one side that are weighed.
const maxSide = 2000

// FindWhyNot runs the log again and weighs everything of one side against
// everything of the other. src is what was decided.
func FindWhyNot(ctx context.Context, src Source, log *history.Log, setup history.Setup, id, with string) (*WhyNot, error) {
	a, b := side(src, id), side(src, with)
	if len(a) == 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrUnknown)
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("%s: %w", with, ErrUnknown)
	}
	w := &WhyNot{ID: id, With: with}
	da, db := src.Decision(a[0]), src.Decision(b[0])
	if g := outermost(src, da.IncidentID); g != "" && g == outermost(src, db.IncidentID) {
		w.Together, w.Common = true, g
		w.Reason = "they are together: both are part of " + g
		return w, nil
	}
	w.Refused = refusedLinks(src, id, with)
	x := newWeigher(ctx, a, b)
	setup.Before = x.before
	if _, err := log.Play(ctx, setup); err != nil {
		return nil, err
	}
	w.Weighed = x.weighed
	if x.left > 0 {
		w.Approximate = fmt.Sprintf("only the first %d pairs of a signal and an incident were weighed, %d were not", x.weighed, x.left)
	}
	if x.best != nil {
		w.Best = x.best
		w.Best.Signal = stepOf(src, src.Decision(x.signal))
		w.Best.Lacks = max(0, x.best.Weighing.Join-x.best.Weighing.Score)
	}
	w.Reason = w.reason(da, db)
	return w, nil
}

// ErrUnknown says that an id names nothing that is known.
var ErrUnknown = errors.New("neither a signal nor an incident that is known")

// side lists the signals that id stands for.
func side(src Source, id string) []string {
	if src.Decision(id) != nil {
		return []string{id}
	}
	inc := src.Incident(id)
	if inc == nil {
		return nil
	}
	var m []string
	for todo := []string{id}; len(todo) > 0 && len(m) < maxSide; todo = todo[1:] {
		m = append(m, src.Members(todo[0])...)
		if x := src.Incident(todo[0]); x != nil {
			todo = append(todo, x.Children...)
		}
	}
	if len(m) == 0 && src.Decision(inc.Opening) != nil {
		m = []string{inc.Opening}
	}
	return m[:min(len(m), maxSide)]
}

// outermost is the main incident above id, or id itself.
func outermost(src Source, id string) string {
	if inc := src.Incident(id); inc != nil && inc.ParentID != "" {
		return inc.ParentID
	}
	return id
}

// weigher weighs, before each signal of one side is taken, what the engine
// would make of it and the incidents that hold the other side.
type weigher struct {
	ctx     context.Context
	sides   [2]map[schemas.ID]bool
	seen    [2][]schemas.ID
	best    *Pair
	signal  string
	weighed int
	left    int // not weighed any more
}

// maxWeighings bounds the pairs of a signal and an incident that are weighed for
// one question: two sides of 2,000 signals have millions, at some microseconds.
const maxWeighings = 20_000

func newWeigher(ctx context.Context, a, b []string) *weigher {
	x := &weigher{ctx: ctx}
	for i, ids := range [...][]string{a, b} {
		x.sides[i] = map[schemas.ID]bool{}
		for _, id := range ids {
			if p, err := schemas.ParseID(id); err == nil {
				x.sides[i][p] = true
			}
		}
	}
	return x
}

func (x *weigher) before(e *correlate.Engine, r *history.Record) {
	for i := range x.sides {
		if !x.sides[i][r.ID] {
			continue
		}
		x.against(e, r, x.seen[1-i])
		x.seen[i] = append(x.seen[i], r.ID)
	}
}

func (x *weigher) against(e *correlate.Engine, r *history.Record, others []schemas.ID) {
	if x.ctx.Err() != nil { // Play is about to see it
		return
	}
	asked := map[string]bool{}
	for _, id := range others {
		inc := e.LiveIncident(id)
		if inc == "" || asked[inc] {
			continue
		}
		if asked[inc] = true; x.weighed >= maxWeighings {
			x.left++
			continue
		}
		w, ok := e.Weigh(r.Signal, inc)
		if !ok { // another scope
			continue
		}
		x.weighed++
		if x.best == nil || closer(&w, &x.best.Weighing) {
			x.best, x.signal = &Pair{Incident: inc, Weighing: w}, r.ID.String()
		}
	}
}

// closer reports whether a came closer to a link than b.
func closer(a, b *correlate.Weighing) bool {
	if a.Linked != b.Linked {
		return a.Linked
	}
	if a.Score != b.Score {
		return a.Score > b.Score
	}
	return len(a.Missing) > len(b.Missing)
}

func refusedLinks(src Source, id, with string) []schemas.Link {
	mains := func(id string) (string, *schemas.Incident) {
		if d := src.Decision(id); d != nil {
			id = d.IncidentID
		}
		return outermost(src, id), src.Incident(id)
	}
	am, a := mains(id)
	bm, b := mains(with)
	var out []schemas.Link
	for _, p := range [...]struct {
		inc   *schemas.Incident
		other string
	}{{a, bm}, {b, am}} {
		if p.inc == nil {
			continue
		}
		for _, i := range [...]*schemas.Incident{p.inc, src.Incident(outermost(src, p.inc.ID))} {
			if i == nil {
				continue
			}
			for j := range i.Links {
				l := i.Links[j]
				if (l.Relation == "refused" || l.Relation == "undone") && outermost(src, l.IncidentID) == p.other &&
					!slices.ContainsFunc(out, func(x schemas.Link) bool { return x.At == l.At && x.Reason == l.Reason }) {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

func (w *WhyNot) reason(da, db *schemas.Decision) string {
	if w.Best == nil {
		return notAtOnce(da, db)
	}
	g := &w.Best.Weighing
	switch {
	case g.Veto != "":
		return "the evidence suffices, but it may not join: " + g.Veto
	case !g.Linked:
		return "nothing connects them"
	case w.Best.Lacks > 0:
		return fmt.Sprintf("what connects them is worth %s points, and %s are needed: %s are missing",
			points(g.Score), points(g.Join), points(w.Best.Lacks))
	case g.NotWeighed:
		return "the evidence suffices, but the engine did not come to weigh the pair: other incidents were nearer (correlation.candidates)"
	case len(w.Refused) > 0:
		return "the evidence suffices for joining, but another incident fitted better, and linking the two incidents was refused: " + w.Refused[len(w.Refused)-1].Reason
	case g.Score < g.Parent:
		return fmt.Sprintf("the evidence suffices for joining, but another incident fitted better; linking the two incidents needs %s points, and it is worth %s",
			points(g.Parent), points(g.Score))
	default:
		return "the evidence suffices for joining, but another incident fitted better"
	}
}

// notAtOnce says why nothing could be weighed.
func notAtOnce(da, db *schemas.Decision) string {
	switch {
	case da.Scope != db.Scope:
		return fmt.Sprintf("they are in different scopes, %s and %s: nothing correlates across scopes", da.Scope, db.Scope)
	case da.IncidentID == "" || db.IncidentID == "":
		d := da
		if da.IncidentID != "" {
			d = db
		}
		return fmt.Sprintf("%s is in no incident: %s", d.SignalID, d.Reason)
	default:
		return "they were never live at the same time: the earlier incident had closed when the later signals came"
	}
}
