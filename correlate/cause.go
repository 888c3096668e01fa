package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// candidatesCap bounds the candidate causes an incident lists.
const candidatesCap = 10

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

// finding is what a change says of an incident that it may have caused.
type finding struct {
	score  int64               // 0: it began too late, or too long before
	list   []schemas.Candidate // the incident's candidates from now on; nil: as they are
	news   string              // for the timeline; "" for none
	notice bool                // it is a maintenance in progress: its team must hear of the incident
	direct bool                // and newly found, on what the affected service itself depends on
}

// weighChange finds out whether ch may have caused inc, which is affected at p.
// on is the service of ch, hops upstream of p.
func (e *Engine) weighChange(inc *incident, ch *change, p *place, hops int, on string) finding {
	c := &e.set.Correlation
	lead := p.first.Sub(ch.startsAt)
	running := ch.running(e.now) || ch.running(p.first)
	known := slices.IndexFunc(inc.pub.Candidates, func(x schemas.Candidate) bool { return sameChange(x, ch) })
	if known < 0 {
		if ch.status == schemas.StatusPlanned && !running || ch.status == schemas.StatusCancelled && p.first > ch.endsAt && ch.endsAt != 0 {
			return finding{}
		}
		if lead < -int64(c.OrderSlack) || lead > int64(c.ChangeLookBack) && !running {
			return finding{}
		}
	}
	score := 1000 - 250*int64(hops) - min(500, 500*max(0, lead)/max(1, int64(c.ChangeLookBack)))
	if running {
		score += 200
	}
	f := finding{score: max(score, 1)}
	cand := schemas.Candidate{SignalID: ch.id.String(), Kind: kindNames[ch.kind], Title: ch.title, Service: on,
		Team: ch.team, Status: ch.status, StartedAt: ch.startsAt, EndsAt: ch.endsAt, InProgress: ch.running(e.now),
		Score: f.score, Reason: candidateReason(hops, on, p, lead)}
	list := slices.Clone(inc.pub.Candidates)
	if known >= 0 {
		old := list[known]
		if old.Status == cand.Status && old.Score >= cand.Score && old.SignalID == cand.SignalID {
			return f
		}
		if old.Status != cand.Status {
			f.news = ch.title + " is now " + string(ch.status)
		}
		cand.Score = max(cand.Score, old.Score)
		list[known] = cand
	} else {
		list = append(list, cand)
		f.news = "candidate cause: " + ch.title + " on " + on + ", begun " + spanText(max(lead, 0)) + " before"
	}
	slices.SortStableFunc(list, func(a, b schemas.Candidate) int { return int(b.Score - a.Score) })
	f.list = list[:min(len(list), candidatesCap)]
	f.notice = cand.InProgress && cand.Kind == schemas.KindMaintenance
	f.direct = f.notice && known < 0 && hops == 1
	return f
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

// noticeFor says whom to tell what because the maintenance ch is in progress
// where inc may come from; false when it was said.
func (e *Engine) noticeFor(inc *incident, ch *change, on string) (schemas.Notice, bool) {
	for i := range inc.pub.Notices {
		if inc.pub.Notices[i].SignalID == ch.id.String() {
			return schemas.Notice{}, false
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
	return schemas.Notice{Team: team, Contact: contact, Text: "tell " + who + " to stop " + ch.title + " on " + on + " and roll back",
		SignalID: ch.id.String(), At: e.now}, true
}

// sameMaintenance finds the incident that is one with inc because of a
// maintenance: ch is in progress upstream of inc, and an incident on the very
// service being worked on is active already. Together with the direct dependency
// that makes them one, however long ago the other began. It returns nil for none.
func (e *Engine) sameMaintenance(inc *incident, ch *change, p *place, on string) (*incident, []evidence) {
	ent := e.entity(inc.sc, entityService, on, false)
	if ent == nil || ch.endsAt == 0 && p.first.Sub(ch.startsAt) > int64(e.set.Correlation.ChangeLookBack) {
		return nil, nil // an old window without an end may simply have been forgotten
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
		return other, []evidence{{kind: evDependsOn, points: w.DependsOn1, hops: 1, other: on},
			{kind: evMaintenance, points: w.Maintenance, other: ch.title, extra: on}}
	}
	return nil, nil
}
