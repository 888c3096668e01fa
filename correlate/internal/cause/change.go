package cause

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// candidatesCap bounds the candidate causes an incident lists.
const candidatesCap = 10

// IncidentsNear lists the live incidents around the services of ch.
func IncidentsNear(st *state.State, ch *state.Change) []*state.Incident {
	var out []*state.Incident
	for _, name := range ch.Services {
		ent := st.Entity(ch.Scope, state.EntityService, name, false)
		if ent == nil {
			continue
		}
		for _, inc := range ent.Recent {
			if !inc.Closed && !slices.Contains(out, inc) {
				out = append(out, inc)
			}
		}
	}
	return out
}

// ChangesNear lists, in order of arrival, the changes that may have affected ent:
// those on it and on what it depends on.
func ChangesNear(st *state.State, sc *state.Scope, ent *state.Entity) []*state.Change {
	if len(sc.Changes) == 0 {
		return nil
	}
	all := sc.ChangesOn(ent.Key.Name, nil)
	if ent.Node < 0 {
		return all
	}
	near := st.Topology.Near(ent.Node)
	if len(near.Order) > len(sc.Changes) {
		return sc.Changes
	}
	for _, n := range near.Order {
		if near.Of[n].Up == 0 {
			continue
		}
		all = sc.ChangesOn(st.Topology.Nodes[n].Name, all)
		for _, alias := range st.Topology.Nodes[n].Service.Aliases {
			all = sc.ChangesOn(alias, all)
		}
	}
	return state.InOrder(all)
}

// UpstreamOf returns how many hops upstream of ent the nearest service of ch
// is (0: the same), and its name; -1 when ch can't have affected ent.
func UpstreamOf(st *state.State, ch *state.Change, ent *state.Entity) (int, string) {
	best, on := -1, ""
	for _, name := range ch.Services {
		if name == ent.Key.Name {
			return 0, name
		}
		if ent.Node < 0 {
			continue
		}
		n := st.Topology.Exact(name)
		if n < 0 {
			continue
		}
		up := int(st.Topology.Near(ent.Node).Of[n].Up)
		if up > 0 && up <= st.Rules.Correlation.ChangeHops && (best < 0 || up < best) {
			best, on = up, name
		}
	}
	return best, on
}

// Finding is what a change says of an incident that it may have caused.
type Finding struct {
	Score  int64               // 0: it began too late, or too long before
	List   []schemas.Candidate // the incident's candidates from now on; nil: as they are
	News   string              // for the timeline; "" for none
	Notice bool                // it is a maintenance in progress, or has just happened: its team must hear of the incident
	Direct bool                // it is a maintenance in progress, newly found, on what the affected service itself depends on
}

// Weigh finds out whether ch may have caused inc, which is affected at p.
// on is the service of ch, hops upstream of p.
func Weigh(st *state.State, inc *state.Incident, ch *state.Change, p *state.Affected, hops int, on string) Finding {
	c := &st.Rules.Correlation
	lead := p.First.Sub(ch.StartsAt)
	running := ch.Running(st.Now) || ch.Running(p.First)
	known := slices.IndexFunc(inc.Pub.Candidates, func(x schemas.Candidate) bool { return sameChange(x, ch) })
	if known < 0 {
		if ch.Status == schemas.StatusPlanned && !running || ch.Status == schemas.StatusCancelled && p.First > ch.EndsAt && ch.EndsAt != 0 {
			return Finding{}
		}
		if lead < -int64(c.OrderSlack) || lead > int64(c.ChangeLookBack) && !running {
			return Finding{}
		}
	}
	score := 1000 - 250*int64(hops) - min(500, 500*max(0, lead)/max(1, int64(c.ChangeLookBack)))
	if running {
		score += 200
	}
	f := Finding{Score: max(score, 1)}
	cand := schemas.Candidate{SignalID: ch.ID.String(), Kind: state.KindNames[ch.Kind], Title: ch.Title, Service: on,
		Team: ch.Team, Status: ch.Status, StartedAt: ch.StartsAt, EndsAt: ch.EndsAt, InProgress: ch.Running(st.Now),
		Score: f.Score, Reason: candidateReason(hops, on, p, lead)}
	list := slices.Clone(inc.Pub.Candidates)
	if known >= 0 {
		old := list[known]
		if old.Status == cand.Status && old.Score >= cand.Score && old.SignalID == cand.SignalID {
			return f
		}
		if old.Status != cand.Status {
			f.News = ch.Title + " is now " + string(ch.Status)
		}
		cand.Score = max(cand.Score, old.Score)
		list[known] = cand
	} else {
		list = append(list, cand)
		f.News = "candidate cause: " + ch.Title + " on " + on + ", begun " + phrase.Span(lead) + begun(lead)
	}
	slices.SortFunc(list, state.CompareCandidates)
	f.List = list[:min(len(list), candidatesCap)]
	works := cand.InProgress && cand.Kind == schemas.KindMaintenance
	f.Notice = works || justChanged(st, inc, ch, p, hops)
	f.Direct = works && known < 0 && hops == 1
	return f
}

// asksCap bounds how many teams one incident asks because of changes that have
// just happened: where a hundred are deployed an hour, most have nothing to do
// with it.
const asksCap = 3

// justChanged reports whether ch took place so shortly before p was affected, there
// or on what it depends on, that its team must hear of it. A change that takes
// another one back is what would be asked for.
func justChanged(st *state.State, inc *state.Incident, ch *state.Change, p *state.Affected, hops int) bool {
	within := int64(st.Rules.Messages.JustChanged)
	if within == 0 || hops > 1 || ch.Undoes || state.KindNames[ch.Kind] != schemas.KindChange || len(inc.Pub.Notices) >= asksCap {
		return false
	}
	switch ch.Status {
	case schemas.StatusStarted, schemas.StatusFinished:
		after := p.First.Sub(max(ch.StartsAt, ch.EndsAt))
		return p.First.Sub(ch.StartsAt) >= -int64(st.Rules.Correlation.OrderSlack) && after <= within
	}
	return false
}

// BringUpToDate has c say how its change stands, which is told to the incidents
// around it only.
func BringUpToDate(st *state.State, sc *state.Scope, c *schemas.Candidate) {
	id, err := schemas.ParseID(c.SignalID)
	if err != nil {
		return
	}
	if ch := sc.WindowOf(id); ch != nil {
		c.Status, c.EndsAt, c.InProgress = ch.Status, ch.EndsAt, ch.Running(st.Now)
	}
}

func sameChange(c schemas.Candidate, ch *state.Change) bool { return c.SignalID == ch.ID.String() }

func begun(lead int64) string {
	if lead < 0 {
		return " after its first alert"
	}
	return " before"
}

func candidateReason(hops int, on string, p *state.Affected, lead int64) string {
	where := "on the affected service " + on
	if hops > 0 {
		where = "on " + on + ", which " + p.Entity.Key.Name + " depends on"
		if hops > 1 {
			where += " (" + phrase.Itoa(int64(hops)) + " hops)"
		}
	}
	if lead < 0 { // clocks differ, and what is done is often told of at its end
		return where + "; it began " + phrase.Span(lead) + " after the first alert there"
	}
	return where + "; it began " + phrase.Span(lead) + " before"
}

// NoticeFor says whom to tell what because ch is in progress where inc may come
// from, or has just taken place there; false when it was said.
func NoticeFor(st *state.State, inc *state.Incident, ch *state.Change, on string) (schemas.Notice, bool) {
	for i := range inc.Pub.Notices {
		if inc.Pub.Notices[i].SignalID == ch.ID.String() {
			return schemas.Notice{}, false
		}
	}
	team := ch.Team
	if team == "" {
		team = ch.By
	}
	who := team
	if who == "" {
		who = "whoever does " + ch.Title
	}
	contact := ch.Contact
	if contact == "" {
		if n := st.Topology.Exact(on); n >= 0 {
			contact = st.Topology.Nodes[n].Service.Contact
		}
	}
	text := "tell " + who + " to stop " + ch.Title + " on " + on + " and roll back"
	if ch.Status == schemas.StatusFinished {
		text = "tell " + who + " to roll back " + ch.Title + " on " + on
	}
	return schemas.Notice{Team: team, Contact: contact, Text: text, SignalID: ch.ID.String(), At: st.Now}, true
}

// SameMaintenance finds the incident that is one with inc because of a
// maintenance: ch is in progress upstream of inc, and an incident on the very
// service being worked on is active already. Together with the direct dependency
// that makes them one, however long ago the other began. It returns nil for none.
func SameMaintenance(st *state.State, inc *state.Incident, ch *state.Change, p *state.Affected, on string) (*state.Incident, []evidence.Item) {
	ent := st.Entity(inc.Scope, state.EntityService, on, false)
	if ent == nil || ch.EndsAt == 0 && p.First.Sub(ch.StartsAt) > int64(st.Rules.Correlation.ChangeLookBack) {
		return nil, nil // an old window without an end may simply have been forgotten
	}
	w := &st.Rules.Correlation.Weights
	for _, other := range ent.Recent { // oldest first
		there := other.Affected[ent]
		if other.Closed || other.Active == 0 || there == nil || !there.Primary() || there.First > p.First || other.Main() == inc.Main() {
			continue
		}
		if !slices.ContainsFunc(other.Pub.Candidates, func(c schemas.Candidate) bool { return sameChange(c, ch) }) {
			continue
		}
		return other, []evidence.Item{{Kind: evidence.DependsOn, Points: w.DependsOn1, Hops: 1, Count: evidence.OrderRight, Other: on},
			{Kind: evidence.Maintenance, Points: w.Maintenance, Other: ch.Title, Extra: on}}
	}
	return nil, nil
}
