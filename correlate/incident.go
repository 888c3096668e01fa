package correlate

import (
	"slices"
	"strings"

	"pinkstar/schemas"
)

// incident is a live incident: pub is its public state, brought up to date
// when it is written.
type incident struct {
	pub      schemas.Incident
	id       *string // pub.ID, for the records that outlive the incident
	seq      int64
	sc       *scope
	parent   *incident
	children []*incident

	alerts   []*alert // in order of joining; episodes, also those that ended
	tickets  []*ticket
	places   map[*entity]*place
	placed   []*place // the same, in order of appearance
	services []*place // the primary ones, in order of becoming so
	firing   []int32  // alerts about each of them that still fire
	names    map[string]int32
	order    []string  // the keys of names, in order of appearance
	rings    []*entity // whose rings it was written into
	groups   []*group
	teams    []string

	active    int // firing alerts
	severity  uint8
	worst     string // name of the alert with that severity
	lastStart schemas.Time
	lastEnd   schemas.Time
	rate      rate // of joining signals
	lastID    schemas.ID
	seenAt    schemas.Time

	flushAt   schemas.Time
	resolveAt schemas.Time
	closeAt   schemas.Time
	quietAt   schemas.Time
	costAt    schemas.Time // when it is written again though nothing happened
	flapUntil schemas.Time
	listed    []listed  // members as last written; not part of the state
	roots     *rootRank // likewise
	named     int       // likewise: how many services pub.Services was made of
	minute    int64     // joined counts the signals of this minute
	joined    int32

	timelineSeq int64
	problem     *pattern
	measured    *measured
	separate    bool
	urgent      bool
	closed      bool
	resolvedBy  bool // an operator resolved it
	worked      bool // a ticket that was opened again keeps it open, although its alerts recovered
	checked     int  // how many services and names had been matched with problems
}

// place is what an incident knows of one entity it touches.
type place struct {
	ent       *entity
	first     schemas.Time // start of the earliest signal about it
	last      schemas.Time
	lastID    schemas.ID
	count     int32
	nth       int16 // in services, from 1; 0: it is only where a signal came from
	mentioned bool  // only a text names it
}

// primary reports whether a signal is about p.
func (p *place) primary() bool { return p.nth > 0 }

// placesCap bounds how many entities an incident remembers.
const placesCap = 4096

// openIncident makes a new incident for a signal nothing was found for. It
// returns nil, having refused the signal, when there are too many.
func (e *Engine) openIncident(sc *scope, s *schemas.Signal, r *record, sub *subject, p placement) *incident {
	if len(sc.incidents) >= e.set.Limits.Incidents {
		e.stats.Limited++
		e.refuse(r, s, "limits.incidents: "+itoa(int64(len(sc.incidents)))+" incidents are open in scope "+sc.name+"; it could not open another")
		return nil
	}
	inc := &incident{
		seq:    e.nextSeq(),
		sc:     sc,
		places: map[*entity]*place{},
		names:  map[string]int32{},
	}
	inc.pub = schemas.Incident{
		ID:         schemas.IncidentID(sc.name, r.id, e.now),
		Scope:      sc.name,
		Status:     schemas.IncidentOpen,
		StartedAt:  s.StartsAt,
		DetectedAt: e.now,
		Rules:      e.versions.rules,
		Topology:   e.versions.topology,
		Opening:    r.id.String(),
	}
	id := inc.pub.ID
	inc.id = &id
	if inc.pub.StartedAt == 0 {
		inc.pub.StartedAt = e.now
	}
	sc.incidents[inc.pub.ID] = inc
	sc.live = append(sc.live, inc)
	e.stats.IncidentsOpened++
	sc.opened.add(e.now, scopeHalfLife)
	if p.why.text == "" {
		p.why.text = openedText(inc.pub.ID, p)
	}
	e.setProcedure(inc, s)
	e.timeline(inc, "opened", s.StartsAt, "opened by "+signalText(s, sub), r, "")
	e.wake(e.now.Add(int64(e.set.Lifecycle.MaxLifetime)), wakeLifetime, inc, nil)
	e.urge(inc)
	return inc
}

func openedText(id string, p placement) string {
	switch {
	case p.open != "":
		return "opened " + id + ": " + p.open
	case p.why.runnerUp != "":
		return "opened " + id + ": no open incident fits well enough"
	default:
		return "opened " + id + ": nothing open is related to it"
	}
}

func signalText(s *schemas.Signal, sub *subject) string {
	where := sub.service
	if where == "" {
		if where = sub.instance; where == "" {
			where = sub.host
		}
	}
	if where == "" {
		return s.Name
	}
	return s.Name + " on " + where
}

// setProcedure gives inc the procedure for s. One that is configured comes
// before the runbook that an alert names, whichever came first, and the runbook
// stands beside it. Of several of a kind the first stays.
func (e *Engine) setProcedure(inc *incident, s *schemas.Signal) {
	old := inc.pub.Procedure
	if old != nil && !fromAlert(old) && (s.Runbook == "" || old.AlertRunbook != "") {
		return
	}
	next := schemas.Procedure{AlertRunbook: s.Runbook}
	if old != nil {
		next = *old // the published one may still be in an Output
		if next.AlertRunbook == "" {
			next.AlertRunbook = s.Runbook
		}
	}
	switch p := e.set.ProcedureFor(s); {
	case old != nil && !fromAlert(old):
	case p != nil:
		if fromAlert(&next) {
			next.AlertRunbook = next.Runbook
		}
		next = schemas.Procedure{Name: p.Name, Owner: p.Owner, OnCall: p.OnCall,
			Emergency: p.Emergency, Runbook: p.Runbook, AlertRunbook: next.AlertRunbook}
	case old != nil || s.Runbook == "":
		return
	default:
		next.Name, next.Owner, next.Runbook = fromAlertPrefix+s.Name, s.Team, s.Runbook
	}
	inc.pub.Procedure = &next
	if old != nil {
		e.changed(inc)
	}
}

// fromAlertPrefix begins the name of a procedure that is an alert's runbook.
const fromAlertPrefix = "runbook of "

// fromAlert reports whether p is no more than the runbook of an alert. Engines
// before format 4 did not note it beside.
func fromAlert(p *schemas.Procedure) bool {
	return strings.HasPrefix(p.Name, fromAlertPrefix) && (p.AlertRunbook == p.Runbook || p.AlertRunbook == "") && p.Runbook != ""
}

// join makes a new episode a member of inc.
func (e *Engine) join(inc *incident, a *alert, s *schemas.Signal, r *record, sub *subject, q *query) {
	a.inc = inc
	inc.alerts = append(inc.alerts, a)
	inc.pub.AlertCount++
	if minute := int64(e.now) / schemas.Minute; inc.minute != minute {
		inc.minute, inc.joined = minute, 0
	}
	inc.joined++
	inc.rate.add(e.now, incidentHalfLife)
	if inc.rate.level >= stormLevel {
		inc.sc.storm = inc
	}
	e.count(inc)
	inc.lastID = r.id
	e.touch(inc, sub, s.StartsAt, r.id, false)
	e.addName(inc, a.name)
	e.bindGroups(inc, q)
	e.setProcedure(inc, s)
	e.addTeam(inc, s.Team)
	e.raise(inc, int(a.severity), a.name, r)
	if a.startsAt < inc.pub.StartedAt {
		inc.pub.StartedAt = a.startsAt
	}
	if !a.firing {
		inc.ended(a.endsAt)
		e.scheduleResolve(inc)
		return
	}
	inc.active++
	e.fires(inc, a, 1)
	e.reopen(inc, signalText(s, sub)+" joined")
	e.watchQuiet(inc)
}

func (e *Engine) addName(inc *incident, name string) {
	if inc.names[name] == 0 {
		inc.order = append(inc.order, name)
		if len(name) >= minMention {
			e.entity(inc.sc, entityName, name, true).write(inc)
		}
	}
	inc.names[name]++
}

func (e *Engine) addTeam(inc *incident, team string) {
	if team == "" {
		return
	}
	if i, ok := slices.BinarySearch(inc.teams, team); !ok {
		inc.teams = slices.Insert(inc.teams, i, e.strings.of(team))
	}
}

// at returns what inc knows of ent, nil for nothing. An instance has been in few
// incidents, and asking its short ring is cheaper than a large table that most
// often does not have it.
func (inc *incident) at(ent *entity) *place {
	if int(ent.refs) == len(ent.ring) && !slices.Contains(ent.ring, inc) {
		return nil // its ring was never full: who touched it is in it
	}
	return inc.places[ent]
}

// touch notes that a signal of inc is about sub, and tells the neighbours.
func (e *Engine) touch(inc *incident, sub *subject, start schemas.Time, id schemas.ID, mentioned bool) {
	if sub.ent == nil {
		return
	}
	if p := e.touchEntity(inc, sub.ent, start, id, true); p != nil {
		p.mentioned = mentioned && (p.mentioned || p.count == 1)
	}
	if sub.instEnt != nil && sub.instEnt != sub.ent {
		e.touchEntity(inc, sub.instEnt, start, id, false)
	}
	if sub.hostEnt != nil && sub.hostEnt != sub.ent {
		e.touchEntity(inc, sub.hostEnt, start, id, false)
	}
	if inc.lastStart < start {
		inc.lastStart = start
	}
}

func (e *Engine) touchEntity(inc *incident, ent *entity, start schemas.Time, id schemas.ID, primary bool) *place {
	p := inc.places[ent]
	if p == nil {
		if len(inc.places) >= placesCap {
			return nil
		}
		p = &place{ent: ent, first: start, last: start}
		inc.places[ent] = p
		inc.placed = append(inc.placed, p)
		ent.write(inc)
	}
	if primary && !p.primary() {
		inc.services, inc.firing = append(inc.services, p), append(inc.firing, 0)
		p.nth = int16(len(inc.services)) // placesCap keeps it small
		e.newService(inc, ent)
	}
	p.first = min(p.first, start)
	if start >= p.last {
		p.last, p.lastID = start, id
	} else if p.lastID.IsZero() {
		p.lastID = id
	}
	p.count++
	return p
}

// newService: inc is now also about ent. Its neighbours hear of it.
func (e *Engine) newService(inc *incident, ent *entity) {
	switch {
	case ent.node >= 0:
		for _, n := range e.topo.near(ent.node).order {
			e.nodeEntity(inc.sc, n).write(inc)
		}
		e.addTeam(inc, e.topo.nodes[ent.node].svc.Team)
	case ent.key.kind == entityHost:
		for _, n := range e.topo.servicesOn(ent.key.name) {
			e.nodeEntity(inc.sc, n).write(inc)
		}
	case ent.key.kind == entityNamespace:
		for _, n := range e.topo.family(ent.key.name) {
			e.nodeEntity(inc.sc, n).write(inc)
		}
	}
	if ent.key.kind == entityService {
		e.explainByChanges(inc, ent)
	}
	if len(inc.services) > 1 && !e.quiet {
		e.timeline(inc, "spread", 0, "now also affects "+ent.key.name, nil, "")
	}
}

// touchPlace notes that an alert of inc fired again.
func (e *Engine) touchPlace(inc *incident, a *alert, r *record) {
	inc.lastID = r.id
	inc.rate.add(e.now, incidentHalfLife)
	inc.lastStart = max(inc.lastStart, a.startsAt)
	if a.service == "" {
		return
	}
	if ent := e.entity(inc.sc, entityService, a.service, false); ent != nil {
		if p := inc.places[ent]; p != nil && a.startsAt >= p.last {
			p.last, p.lastID = a.startsAt, r.id
		}
	}
}

// raise lifts the severity of inc.
func (e *Engine) raise(inc *incident, rank int, name string, r *record) {
	if inc.worst == "" {
		inc.worst = name
	}
	if rank <= int(inc.severity) {
		return
	}
	before := inc.severity
	inc.severity, inc.worst = uint8(rank), name
	inc.pub.Severity = severities[rank]
	if before != 0 {
		e.timeline(inc, "severity", 0, "severity is now "+string(severities[rank])+" because of "+name, r, "")
	}
	e.urge(inc)
}

// count notes one more signal in inc.
func (e *Engine) count(inc *incident) {
	if inc == nil {
		return
	}
	inc.pub.SignalCount++
	inc.seenAt = e.now
	e.changed(inc)
}

// changed has inc written within the flush interval.
func (e *Engine) changed(inc *incident) {
	if inc.flushAt == 0 && !inc.urgent {
		inc.flushAt = e.now.Add(int64(e.set.Lifecycle.FlushIncident))
		e.wake(inc.flushAt, wakeFlushIncident, inc, nil)
	}
}

// urge has inc written at the end of this input.
func (e *Engine) urge(inc *incident) {
	if !inc.urgent {
		inc.urgent = true
		e.urgent = append(e.urgent, inc)
	}
}

func (inc *incident) ended(at schemas.Time) { inc.lastEnd = max(inc.lastEnd, at) }

// main is the outermost incident above inc, or inc itself.
func (inc *incident) main() *incident {
	for inc.parent != nil {
		inc = inc.parent
	}
	return inc
}

// tree appends inc and everything below it, in a fixed order.
func (inc *incident) tree(into []*incident) []*incident {
	into = append(into, inc)
	for _, c := range inc.children {
		into = c.tree(into)
	}
	return into
}

func (e *Engine) timeline(inc *incident, typ string, eventAt schemas.Time, text string, r *record, by string) {
	inc.timelineSeq++
	t := schemas.TimelineEntry{IncidentID: inc.pub.ID, Seq: inc.timelineSeq, Scope: inc.sc.name,
		At: e.now, EventAt: eventAt, Type: typ, Text: text, By: by}
	if r != nil {
		t.SignalID = r.id.String()
	}
	e.out.Timeline = append(e.out.Timeline, t)
	const keep = 20
	line := e.now.String() + " " + text
	if len(inc.pub.Timeline) >= keep { // a new slice: the old one may have been handed out
		inc.pub.Timeline = append(slices.Clone(inc.pub.Timeline[1:]), line)
		return
	}
	inc.pub.Timeline = append(inc.pub.Timeline, line)
}

// choosePlace finds the incident for a signal. Where a limit keeps it out of one,
// that is noted: a storm runs into it with every signal, but it is said once.
func (e *Engine) choosePlace(q *query, s *schemas.Signal) placement {
	p := e.choose(q, s)
	for _, f := range p.full {
		if f.inc.pub.Limited != "" {
			e.stats.Limited++
			continue
		}
		e.limited(f.inc, "nothing joins it any more: "+e.objectionText(f.by, f.inc))
	}
	return p
}

// limited notes which limit inc has reached, once.
func (e *Engine) limited(inc *incident, text string) {
	e.stats.Limited++
	if inc.pub.Limited == "" {
		inc.pub.Limited = text
		e.timeline(inc, "limited", 0, text, nil, "")
		e.urge(inc)
	}
}

// fires counts n more firing alerts (or fewer) where a is.
func (e *Engine) fires(inc *incident, a *alert, n int32) {
	if p := e.placeOf(inc, a); p != nil && p.primary() {
		inc.firing[p.nth-1] += n
	}
}

// firingAt counts the alerts about p that still fire.
func (inc *incident) firingAt(p *place) int32 {
	if !p.primary() {
		return 0
	}
	return inc.firing[p.nth-1]
}

// placeOf finds what a is about among the places of inc.
func (e *Engine) placeOf(inc *incident, a *alert) *place {
	find := func(kind entityKind, name string) *place {
		if name == "" {
			return nil
		}
		if ent := e.entity(inc.sc, kind, name, false); ent != nil {
			return inc.places[ent]
		}
		return nil
	}
	if a.service != "" {
		return find(entityService, a.service)
	}
	if p := find(entityHost, a.host); p != nil {
		return p
	}
	return find(entityInstance, a.instance)
}
