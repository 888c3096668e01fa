package explain

import (
	"context"
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
// everything of the other.
func FindWhyNot(ctx context.Context, run *history.Run, setup history.Setup, id, with string) (*WhyNot, error) {
	a, b := side(run, id), side(run, with)
	if len(a) == 0 {
		return nil, fmt.Errorf("%s is neither a signal nor an incident of this log", id)
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("%s is neither a signal nor an incident of this log", with)
	}
	w := &WhyNot{ID: id, With: with}
	if g := run.Group(a[0]); g != "" && g == run.Group(b[0]) {
		w.Together, w.Common = true, g
		w.Reason = "they are together: both are part of " + g
		return w, nil
	}
	w.Refused = refusedLinks(run, id, with)
	x := newWeigher(a, b)
	setup.Before = x.before
	if _, err := run.Log.Play(ctx, setup); err != nil {
		return nil, err
	}
	w.Weighed = x.weighed
	if x.best != nil {
		w.Best = x.best
		w.Best.Signal = stepOf(OfRun(run), run.Decisions[x.signal])
		w.Best.Lacks = max(0, x.best.Weighing.Join-x.best.Weighing.Score)
	}
	w.Reason = w.reason(run, a, b)
	return w, nil
}

// side lists the signals that id stands for.
func side(run *history.Run, id string) []string {
	if run.Decisions[id] != nil {
		return []string{id}
	}
	if run.Incidents[id] == nil {
		return nil
	}
	m := run.TreeMembers(id)
	if inc := run.Incidents[id]; len(m) == 0 && inc.Opening != "" {
		m = []string{inc.Opening}
	}
	return m[:min(len(m), maxSide)]
}

// weigher weighs, before each signal of one side is taken, what the engine
// would make of it and the incidents that hold the other side.
type weigher struct {
	sides   [2]map[schemas.ID]bool
	seen    [2][]schemas.ID
	best    *Pair
	signal  string
	weighed int
}

func newWeigher(a, b []string) *weigher {
	x := &weigher{}
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
	var asked []string
	for _, id := range others {
		inc := e.LiveIncident(id)
		if inc == "" || slices.Contains(asked, inc) {
			continue
		}
		asked = append(asked, inc)
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

func refusedLinks(run *history.Run, id, with string) []schemas.Link {
	mains := func(id string) (string, *schemas.Incident) {
		if d := run.Decisions[id]; d != nil {
			id = d.IncidentID
		}
		return run.Main(id), run.Incidents[id]
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
		for _, i := range [...]*schemas.Incident{p.inc, run.Incidents[run.Main(p.inc.ID)]} {
			for j := range i.Links {
				l := i.Links[j]
				if (l.Relation == "refused" || l.Relation == "undone") && run.Main(l.IncidentID) == p.other &&
					!slices.ContainsFunc(out, func(x schemas.Link) bool { return x.At == l.At && x.Reason == l.Reason }) {
					out = append(out, l)
				}
			}
		}
	}
	return out
}

func (w *WhyNot) reason(run *history.Run, a, b []string) string {
	if w.Best == nil {
		return notAtOnce(run, a, b)
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
func notAtOnce(run *history.Run, a, b []string) string {
	da, db := run.Decisions[a[0]], run.Decisions[b[0]]
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
