package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// candidatesCap bounds the candidate causes an incident lists.
const candidatesCap = 10

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

// nearChange lists the live incidents around the services of ch.
func (e *Engine) nearChange(ch *change) []*incident {
	var out []*incident
	for _, name := range ch.services {
		ent := e.entity(ch.sc, entityService, name, false)
		if ent == nil {
			continue
		}
		for _, inc := range ent.ring {
			if !inc.closed && !slices.Contains(out, inc) {
				out = append(out, inc)
			}
		}
	}
	return out
}

// upstreamOf returns how many hops upstream of ent the nearest service of ch
// is (0: the same), and its name; -1 when ch can't have affected ent.
func (e *Engine) upstreamOf(ch *change, ent *entity) (int, string) {
	best, on := -1, ""
	for _, name := range ch.services {
		if name == ent.key.name {
			return 0, name
		}
		if ent.node < 0 {
			continue
		}
		n := e.topo.exact(name)
		if n < 0 {
			continue
		}
		up := int(e.topo.near(ent.node).of[n].up)
		if up > 0 && up <= e.set.Correlation.ChangeHops && (best < 0 || up < best) {
			best, on = up, name
		}
	}
	return best, on
}

// addCandidate adds or updates ch as a candidate cause of inc, affected at p,
// and returns its score; 0 when it began too late or too long before.
func (e *Engine) addCandidate(inc *incident, ch *change, p *place, hops int, on string) int64 {
	c := &e.set.Correlation
	lead := p.first.Sub(ch.startsAt)
	running := ch.running(e.now) || ch.running(p.first)
	known := slices.IndexFunc(inc.pub.Candidates, func(x schemas.Candidate) bool { return sameChange(x, ch) })
	if known < 0 {
		if ch.status == schemas.StatusPlanned && !running || ch.status == schemas.StatusCancelled && p.first > ch.endsAt && ch.endsAt != 0 {
			return 0
		}
		if lead < -int64(c.OrderSlack) || lead > int64(c.ChangeLookBack) && !running {
			return 0
		}
	}
	score := 1000 - 250*int64(hops) - min(500, 500*max(0, lead)/max(1, int64(c.ChangeLookBack)))
	if running {
		score += 200
	}
	score = max(score, 1)
	cand := schemas.Candidate{SignalID: ch.id.String(), Kind: kindNames[ch.kind], Title: ch.title, Service: on,
		Team: ch.team, Status: ch.status, StartedAt: ch.startsAt, EndsAt: ch.endsAt, InProgress: ch.running(e.now),
		Score: score, Reason: candidateReason(hops, on, p, lead)}
	list := slices.Clone(inc.pub.Candidates)
	news := ""
	if known >= 0 {
		if old := list[known]; old.Status == cand.Status && old.Score >= cand.Score && old.SignalID == cand.SignalID {
			return score
		} else if old.Status != cand.Status {
			news = ch.title + " is now " + string(ch.status)
		}
		cand.Score = max(cand.Score, list[known].Score)
		list[known] = cand
	} else {
		list = append(list, cand)
		news = "candidate cause: " + ch.title + " on " + on + ", begun " + spanText(max(lead, 0)) + " before"
	}
	slices.SortStableFunc(list, func(a, b schemas.Candidate) int { return int(b.Score - a.Score) })
	inc.pub.Candidates = list[:min(len(list), candidatesCap)]
	if news != "" {
		e.timeline(inc, "change", ch.startsAt, news, nil, ch.by)
		e.urge(inc)
	}
	if cand.InProgress && cand.Kind == schemas.KindMaintenance {
		e.addNotice(inc, ch, on)
		if known < 0 && hops == 1 {
			e.linkByMaintenance(inc, ch, p, on)
		}
	}
	return score
}

func sameChange(c schemas.Candidate, ch *change) bool { return c.SignalID == ch.id.String() }

func candidateReason(hops int, on string, p *place, lead int64) string {
	where := "on the affected service " + on
	if hops > 0 {
		where = "on " + on + ", which " + p.ent.key.name + " depends on"
		if hops > 1 {
			where += " (" + itoa(int64(hops)) + " hops)"
		}
	}
	return where + "; it began " + spanText(max(lead, 0)) + " before"
}

// addNotice: a maintenance is in progress where the incident may come from.
// Its team must hear of it at once.
func (e *Engine) addNotice(inc *incident, ch *change, on string) {
	for i := range inc.pub.Notices {
		if inc.pub.Notices[i].SignalID == ch.id.String() {
			return
		}
	}
	team := ch.team
	if team == "" {
		team = ch.by
	}
	who := team
	if who == "" {
		who = "whoever does " + ch.title
	}
	contact := ch.contact
	if contact == "" {
		if n := e.topo.exact(on); n >= 0 {
			contact = e.topo.nodes[n].svc.Contact
		}
	}
	text := "tell " + who + " to stop " + ch.title + " on " + on + " and roll back"
	inc.pub.Notices = append(slices.Clone(inc.pub.Notices), schemas.Notice{Team: team, Contact: contact, Text: text,
		SignalID: ch.id.String(), At: e.now})
	e.timeline(inc, "notice", 0, text, nil, "")
	e.urge(inc)
}

// linkByMaintenance: a maintenance is in progress upstream of inc, and an
// incident on the very service being worked on is active already. Together
// with the direct dependency that makes them one, however long ago the other
// began.
func (e *Engine) linkByMaintenance(inc *incident, ch *change, p *place, on string) {
	ent := e.entity(inc.sc, entityService, on, false)
	if ent == nil || ch.endsAt == 0 && p.first.Sub(ch.startsAt) > int64(e.set.Correlation.ChangeLookBack) {
		return // an old window without an end may simply have been forgotten
	}
	w := &e.set.Correlation.Weights
	for _, other := range ent.ring { // oldest first
		there := other.places[ent]
		if other.closed || other.active == 0 || there == nil || !there.primary() || there.first > p.first || other.main() == inc.main() {
			continue
		}
		if !slices.ContainsFunc(other.pub.Candidates, func(c schemas.Candidate) bool { return sameChange(c, ch) }) {
			continue
		}
		ev := []evidence{{kind: evDependsOn, points: w.DependsOn1, hops: 1, other: on},
			{kind: evMaintenance, points: w.Maintenance, other: ch.title, extra: on}}
		e.consider(inc, scored{inc: other, score: ev[0].points + ev[1].points, evidence: ev}, p.ent.key.name)
		return
	}
}
