package scoring

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// MayGoOn reports whether a, which has recovered and fires again at since, may
// still be part of the incident it was in.
func (wr *Weigher) MayGoOn(a *state.Alert, since schemas.Time) bool {
	return since.Sub(a.EndsAt) <= int64(wr.Rules.Lifecycle.ReopenWindow) && a.Incident != nil && !a.Incident.Closed
}

// firesAgainIn reports whether inc is where the alert was until it recovered,
// a while ago.
func (q *Query) firesAgainIn(inc *state.Incident) bool {
	return q.Again != nil && q.Again.Incident == inc
}

// scoreRefire weighs the incident that an alert which fires again was part of.
// That it goes on there is likely, the less so the longer it was quiet, and
// hardly when others fire again together with it, or the incident is over: then
// it is rather something new that reaches the same alerts.
func (wr *Weigher) scoreRefire(q *Query, inc *state.Incident, s *sheet) {
	c := &wr.Rules.Correlation.Refire
	gap := max(0, q.Start.Sub(q.Again.EndsAt))
	if q.Again.Firing {
		gap = max(0, q.Start.Sub(q.Again.Start()))
	}
	ev := evidence.Item{Kind: evidence.Again, Gap: gap, Points: wr.pointsAt(c.Gap, gap)}
	s.termsAt(c.Gap, gap)
	s.add(ev)
	idle := q.Start.Sub(inc.Main().LastStart)
	s.read(c.Idle, idle, evidence.Item{Kind: evidence.Idle, Gap: idle})
	if ent := q.subject.Entity; ent != nil && len(c.Usual) > 0 {
		n := state.Expected(q.scope.Usual.Level(ent.Key, true, wr.Now), gap)
		s.read(c.Usual, n, evidence.Item{Kind: evidence.Since, Count: int32(n), Other: ent.Key.Name})
	}
	wave := q.scope.Wave(wr.Now)
	s.read(c.Wave, wave, evidence.Item{Kind: evidence.Wave, Count: int32(wave)})
	if p := inc.PaceAt(wr.Now); p.Active == 0 && p.Alerts > 1 {
		over := max(0, q.Start.Sub(inc.Main().LastEnd))
		s.read(c.Over, over, evidence.Item{Kind: evidence.Over, Gap: over})
	}
	q.refire = s.res.Items
}

// newAgainText says why an alert that fires again is not where it was.
func (q *Query) newAgainText() string {
	var p phrase.Builder
	p.Say("rather something new than ", q.Again.Incident.Pub.ID)
	for i := range q.refire {
		p.Say("; ")
		q.refire[i].Render(&p, q.subject.Service)
	}
	return p.String()
}

// waveAge is how old an incident must be to have begun before a wave.
const waveAge = 90 * schemas.Second

// waveBeside is how many alerts fire again together that inc, which looks like p
// and began before them, has no part in. Its pace halves twice as fast as the
// wave: of a steady stream it holds half as many.
func (wr *Weigher) waveBeside(q *Query, inc *state.Incident, p *state.Pace) int64 {
	if q.kind != schemas.KindAlert || q.Start.Sub(inc.Main().Pub.StartedAt) <= waveAge {
		return 0
	}
	return q.scope.Wave(wr.Now) - p.Level*(state.WaveHalfLife/state.IncidentHalfLife)
}
