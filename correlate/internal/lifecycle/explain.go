package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
)

// explainByChanges looks for changes that may explain why ent is affected.
func (lc *Lifecycle) explainByChanges(inc *state.Incident, ent *state.Entity) {
	for _, ch := range cause.ChangesNear(lc.State, inc.Scope, ent) {
		lc.Looked++
		if hops, on := cause.UpstreamOf(lc.State, ch, ent); hops >= 0 {
			lc.addCandidate(inc, ch, inc.Affected[ent], hops, on)
		}
	}
}

// Explain looks for live incidents that ch may explain, and returns the one it
// fits best. A change's news (it ended, it was rolled back) reaches those that
// list it already.
func (lc *Lifecycle) Explain(ch *state.Change) *state.Incident {
	var best *state.Incident
	var score int64
	for _, inc := range cause.IncidentsNear(lc.State, ch) {
		for _, p := range inc.Services {
			hops, on := cause.UpstreamOf(lc.State, ch, p.Entity)
			if hops < 0 {
				continue
			}
			if s := lc.addCandidate(inc, ch, p, hops, on); s > score {
				best, score = inc, s
			}
		}
	}
	return best
}

// addCandidate adds or updates ch as a candidate cause of inc, affected at p,
// and returns its score; 0 when it began too late or too long before.
func (lc *Lifecycle) addCandidate(inc *state.Incident, ch *state.Change, p *state.Affected, hops int, on string) int64 {
	f := cause.Weigh(lc.State, inc, ch, p, hops, on)
	if f.List == nil {
		return f.Score
	}
	inc.Pub.Candidates = f.List
	inc.Changed()
	if f.News != "" {
		lc.Timeline(inc, "change", ch.StartsAt, f.News, nil, ch.By)
		lc.EmitNow(inc)
	}
	if f.Notice {
		lc.addNotice(inc, ch, on)
	}
	if f.Direct {
		if other, ev := cause.SameMaintenance(lc.State, inc, ch, p, on); other != nil {
			lc.consider(inc, scoring.Scored{Incident: other, Score: ev[0].Points + ev[1].Points, Items: ev}, p.Entity.Key.Name)
		}
	}
	return f.Score
}

// addNotice: a maintenance is in progress where the incident may come from, or
// something has just been changed there. Its team must hear of it at once.
func (lc *Lifecycle) addNotice(inc *state.Incident, ch *state.Change, on string) {
	n, fresh := cause.NoticeFor(lc.State, inc, ch, on)
	if !fresh {
		return
	}
	inc.Pub.Notices = append(slices.Clone(inc.Pub.Notices), n)
	lc.Timeline(inc, "notice", 0, n.Text, nil, "")
	lc.EmitNow(inc)
	lc.EmitNow(inc.Main()) // people hear of it from there
}
