package correlate

import (
	"slices"
)

// explainByChanges looks for changes that may explain why ent is affected.
func (e *Engine) explainByChanges(inc *incident, ent *entity) {
	for _, ch := range inc.sc.changes {
		if hops, on := e.upstreamOf(ch, ent); hops >= 0 {
			e.addCandidate(inc, ch, inc.places[ent], hops, on)
		}
	}
}

// explain looks for live incidents that ch may explain, and returns the one it
// fits best. A change's news (it ended, it was rolled back) reaches those that
// list it already.
func (e *Engine) explain(ch *change) *incident {
	var best *incident
	var score int64
	for _, inc := range e.nearChange(ch) {
		for _, p := range inc.services {
			hops, on := e.upstreamOf(ch, p.ent)
			if hops < 0 {
				continue
			}
			if s := e.addCandidate(inc, ch, p, hops, on); s > score {
				best, score = inc, s
			}
		}
	}
	return best
}

// addCandidate adds or updates ch as a candidate cause of inc, affected at p,
// and returns its score; 0 when it began too late or too long before.
func (e *Engine) addCandidate(inc *incident, ch *change, p *place, hops int, on string) int64 {
	f := e.weighChange(inc, ch, p, hops, on)
	if f.list == nil {
		return f.score
	}
	inc.pub.Candidates = f.list
	if f.news != "" {
		e.timeline(inc, "change", ch.startsAt, f.news, nil, ch.by)
		e.urge(inc)
	}
	if f.notice {
		e.addNotice(inc, ch, on)
	}
	if f.direct {
		if other, ev := e.sameMaintenance(inc, ch, p, on); other != nil {
			e.consider(inc, scored{inc: other, score: ev[0].points + ev[1].points, evidence: ev}, p.ent.key.name)
		}
	}
	return f.score
}

// addNotice: a maintenance is in progress where the incident may come from.
// Its team must hear of it at once.
func (e *Engine) addNotice(inc *incident, ch *change, on string) {
	n, fresh := e.noticeFor(inc, ch, on)
	if !fresh {
		return
	}
	inc.pub.Notices = append(slices.Clone(inc.pub.Notices), n)
	e.timeline(inc, "notice", 0, n.Text, nil, "")
	e.urge(inc)
}
