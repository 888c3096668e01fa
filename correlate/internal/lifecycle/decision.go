package lifecycle

import (
	"math"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// NewSignal notes a signal that is seen for the first time.
func (lc *Lifecycle) NewSignal(sc *state.Scope, s *schemas.Signal, id schemas.ID) *state.SeenSignal {
	if lc.Known.N >= lc.Rules.Limits.KnownSignals {
		lc.Stats.Limited++
		if _, ok := lc.Expiry.Oldest(); ok {
			lc.expire(lc.Expiry.Pop())
		}
	}
	r := &state.SeenSignal{ID: id, Origin: lc.OriginIn(sc), Kind: state.CodeOf(s.Kind), Told: state.ToldBy(s), At: lc.Now, LastAt: lc.Now}
	r.Revision = lc.firstRevision(s)
	lc.AddSignal(r)
	lc.ExpireLater(r)
	return r
}

// firstRevision is the revision before the first of a new record: 0, unless the
// signal began so long ago that it may have been told, decided and forgotten
// before. The newest decision on an id must have the highest revision; one a
// second is more than the older ones can have used up.
func (lc *Lifecycle) firstRevision(s *schemas.Signal) int32 {
	if s.Kind != schemas.KindAlert || lc.Now.Sub(s.StartsAt) < int64(lc.Rules.Lifecycle.Forget) {
		return 0
	}
	return lc.revisionAfter(s)
}

// revisionAfter is above every revision that the decisions on s can have had.
func (lc *Lifecycle) revisionAfter(s *schemas.Signal) int32 {
	return int32(min(max(lc.Now.Sub(s.StartsAt)/schemas.Second, 1), math.MaxInt32/2))
}

// NewSignalAgain is NewSignal for one that was decided and then forgotten, to
// keep a limit, while it still matters.
func (lc *Lifecycle) NewSignalAgain(sc *state.Scope, s *schemas.Signal, id schemas.ID) *state.SeenSignal {
	r := lc.NewSignal(sc, s, id)
	r.Revision = lc.revisionAfter(s)
	return r
}

// Decide sets what happened to the signal of r and writes it. The signal goes
// with the first revision only.
func (lc *Lifecycle) Decide(r *state.SeenSignal, s *schemas.Signal, v state.VerdictCode, inc *state.Incident, w *evidence.Reason) {
	if !r.Decided {
		r.Decided = true
		lc.CountVerdict(v)
	} else {
		s = nil
		r.Relist()
	}
	lc.scratch.key = w.Encode(lc.scratch.key[:0])
	r.Verdict, r.Reason, r.Origin = v, evidence.Encoded(lc.scratch.key), lc.OriginIn(r.Scope)
	r.Incident = nil
	if inc != nil {
		r.Incident = inc.ID
	}
	lc.emitDecision(r, w, s)
}

// Refuse decides that a signal can't be taken.
func (lc *Lifecycle) Refuse(r *state.SeenSignal, s *schemas.Signal, reason string) {
	lc.Decide(r, s, state.Refused, nil, &evidence.Reason{Text: reason})
}

// emitDecision writes the decision of r, whose reason is w.
func (lc *Lifecycle) emitDecision(r *state.SeenSignal, w *evidence.Reason, s *schemas.Signal) {
	lc.Stats.Decisions++
	r.Revision++
	p := &lc.scratch.phrases
	p.Reset()
	p.ID(r.ID).End()
	evidence.RenderAll(p, w.Items, w.Service)
	w.Render(p, r.IncidentID())
	p.End()
	if !w.Anchor.IsZero() {
		p.ID(w.Anchor).End()
	}
	if !w.Window.IsZero() {
		p.ID(w.Window).End()
	}
	if w.RunnerUp != "" {
		w.RenderRunnerUp(p)
		p.End()
	}
	text := p.Pieces() // to be taken below in the order they were told
	d := schemas.Decision{
		SignalID:   text.Next(),
		Revision:   int64(r.Revision),
		Scope:      r.Scope.Name,
		Kind:       state.KindNames[r.Kind],
		Verdict:    state.VerdictNames[r.Verdict],
		IncidentID: r.IncidentID(),
		Evidence:   evidence.WrittenFrom(&text, w.Items),
		Reason:     text.Next(),
		At:         r.At,
		Repeats:    r.Redeliveries,
		LastAt:     r.LastAt,
		Score:      w.Score,
		Threshold:  w.Threshold,
		Rules:      r.Versions.Rules,
		Topology:   r.Versions.Topology,
		Learnt:     r.Versions.Learnt,
		Behaviour:  r.Versions.Behaviour,
		Candidates: int(w.Candidates),
		Signal:     s,
	}
	if !w.Anchor.IsZero() {
		d.AnchorID = text.Next()
	}
	if !w.Window.IsZero() {
		d.WindowID = text.Next()
	}
	if w.RunnerUp != "" {
		d.RunnerUp = &schemas.RunnerUp{IncidentID: w.RunnerUp, Score: w.RunnerScore, Reason: text.Next()}
	}
	lc.out.Decisions = append(lc.out.Decisions, d)
}
