package correlate

import (
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

func (d *restorer) incident(inc *incident) {
	d.json(&inc.pub)
	inc.id = d.incidentID(inc.pub.ID)
	inc.parent = d.ref()
	inc.children = d.refs()
	d.each(func() {
		a := d.alert(inc.sc)
		a.inc = inc
		inc.alerts = append(inc.alerts, a)
	})
	d.each(func() {
		t := d.ticket()
		t.inc = inc
		inc.tickets = append(inc.tickets, t)
		inc.sc.tickets[t.key] = t
	})
	d.places(inc)
	d.each(func() {
		n := d.str()
		inc.order = append(inc.order, n)
		inc.names[n] = int32(d.int())
	})
	d.each(func() {
		ent := d.entityRef()
		ent.refs++
		inc.rings = append(inc.rings, ent)
	})
	d.each(func() {
		g := d.group()
		g.inc = inc
		inc.groups = append(inc.groups, g)
		inc.sc.groups[g.key] = g
	})
	d.each(func() { inc.teams = append(inc.teams, d.str()) })
	d.incidentState(inc)
}

func (d *restorer) incidentState(inc *incident) {
	inc.active = d.len()
	sev := d.uint()
	if sev >= uint64(len(severities)) {
		d.bad("a severity out of bounds")
		return
	}
	inc.severity = uint8(sev)
	inc.worst = d.str()
	inc.lastStart, inc.lastEnd = d.time(), d.time()
	inc.rate = rate{d.int(), d.time()}
	inc.lastID = d.id()
	inc.seenAt, inc.flushAt, inc.resolveAt = d.time(), d.time(), d.time()
	inc.closeAt, inc.quietAt, inc.flapUntil = d.time(), d.time(), d.time()
	inc.minute = d.int()
	inc.joined = int32(d.int())
	inc.timelineSeq = d.int()
	if seq := d.int(); seq != 0 {
		if inc.problem = d.patterns[seq]; inc.problem == nil {
			d.bad("a problem that is not there")
		}
	}
	if d.bool() {
		inc.measured = &measured{revenue: d.float(), cost: d.float(), users: d.int(), currency: d.str()}
	}
	inc.separate = d.bool()
	inc.resolvedBy = d.bool()
	if d.format > oldestFormat {
		inc.worked, inc.costAt = d.bool(), d.time()
	}
	inc.checked = d.len()
}

func (d *restorer) alert(sc *scope) *alert {
	a := &alert{key: keyOf(d.str(), d.text()), seq: d.int()}
	if d.bool() {
		sc.setLatest(a)
	} else {
		a.past = true
	}
	d.each(func() {
		if r := d.recordRef(); r != nil {
			a.records.add(r)
			r.alert = a
		}
	})
	a.name = d.str()
	service := d.str()
	a.instance = d.str()
	a.whereabouts = shared(d.wheres, whereabouts{service, d.str()})
	a.startsAt, a.endsAt, a.seenAt = d.time(), d.time(), d.time()
	var rare rareState
	if d.format > oldestFormat {
		rare.told, rare.wasHeld = d.time(), d.bool()
	}
	rare.flapFrom, rare.flaps = d.time(), int32(d.int())
	if rare != (rareState{}) {
		*a.rarely() = rare
	}
	sev := d.uint()
	if sev >= uint64(len(severities)) {
		d.bad("a severity out of bounds")
		return a
	}
	a.severity = uint8(sev)
	a.firing, a.cut = d.bool(), d.bool()
	d.e.alerts++
	return a
}

func (d *restorer) ticket() *ticket {
	return &ticket{key: d.str(), seq: d.int(), first: d.id(), title: d.text(), state: d.text(), url: d.text(),
		reason: d.text(), service: d.str(), startsAt: d.time(), open: d.bool()}
}

func (d *restorer) places(inc *incident) {
	d.each(func() {
		p := &place{ent: d.entityRef(), first: d.time()}
		p.last = p.first.Add(d.int())
		p.lastID = d.id()
		p.count = int32(d.int())
		p.mentioned = d.bool()
		inc.places[p.ent] = p
		inc.placed = append(inc.placed, p)
	})
	d.each(func() {
		i := d.len()
		if i >= len(inc.placed) {
			d.bad("a place out of bounds")
			return
		}
		if inc.placed[i].primary() {
			d.bad("a place that is listed twice")
			return
		}
		inc.services, inc.firing = append(inc.services, inc.placed[i]), append(inc.firing, int32(d.int()))
		inc.placed[i].nth = int16(len(inc.services))
	})
}

func (d *restorer) group() *group {
	return &group{key: d.text(), seq: d.int(), pending: d.refs(), first: d.time(), last: d.time(), count: int32(d.int())}
}

func (d *restorer) change(sc *scope) *change {
	ch := &change{sc: sc, key: keyOf(d.str(), d.text()), seq: d.int()}
	kind := d.uint()
	if kind >= uint64(len(kindNames)) {
		d.bad("a kind out of bounds")
		return ch
	}
	ch.kind = kindCode(kind)
	ch.id = d.id()
	ch.title = d.text()
	d.each(func() { ch.services = append(ch.services, d.str()) })
	ch.team, ch.contact, ch.by = d.str(), d.text(), d.text()
	ch.status = schemas.Status(d.str())
	ch.startsAt, ch.endsAt = d.time(), d.time()
	ch.suppress = d.bool()
	d.each(func() { ch.texts = append(ch.texts, d.text()) })
	m, err := rules.ParseMatchers(ch.texts)
	if err != nil {
		d.bad(err.Error())
		return ch
	}
	ch.matchers = m
	d.each(func() {
		a := d.alert(sc)
		h := &held{ch: ch, sig: &schemas.Signal{}}
		d.json(h.sig)
		a.rarely().held = h
		ch.held = append(ch.held, a)
	})
	if d.format > oldestFormat {
		ch.text, ch.told, ch.toldAt = d.uint(), d.id(), d.time()
		ch.asSent = d.bool()
		d.each(func() { ch.sets = append(ch.sets, d.text()) })
	}
	ch.endAt, ch.forgetAt = d.time(), d.time()
	d.changes[ch.seq] = ch
	return ch
}
