package correlate

func (s *snapshotter) incident(inc *incident) {
	pub := inc.pub
	// What is recomputed whenever it is written needs no room here.
	pub.Members, pub.Tickets, pub.Services, pub.Children, pub.Teams, pub.Roots = nil, nil, nil, nil, nil, nil
	s.json(&pub)
	s.ref(inc.parent)
	s.refs(inc.children)
	s.len(len(inc.alerts))
	for _, a := range inc.alerts {
		s.alert(inc.sc, a)
	}
	s.len(len(inc.tickets))
	for _, t := range inc.tickets {
		s.ticket(t)
	}
	s.places(inc)
	s.len(len(inc.order))
	for _, n := range inc.order {
		s.str(n)
		s.int(int64(inc.names[n]))
	}
	s.len(len(inc.rings))
	for _, ent := range inc.rings {
		s.uint(s.entities[ent])
	}
	s.len(len(inc.groups))
	for _, g := range inc.groups {
		s.group(g)
	}
	s.len(len(inc.teams))
	for _, t := range inc.teams {
		s.str(t)
	}
	s.incidentState(inc)
}

func (s *snapshotter) incidentState(inc *incident) {
	s.len(inc.active)
	s.uint(uint64(inc.severity))
	s.str(inc.worst)
	s.time(inc.lastStart)
	s.time(inc.lastEnd)
	s.int(inc.rate.level)
	s.time(inc.rate.at)
	s.id(inc.lastID)
	s.time(inc.seenAt)
	s.time(inc.flushAt)
	s.time(inc.resolveAt)
	s.time(inc.closeAt)
	s.time(inc.quietAt)
	s.time(inc.flapUntil)
	s.int(inc.minute)
	s.int(int64(inc.joined))
	s.int(inc.timelineSeq)
	if inc.problem == nil {
		s.int(0)
	} else {
		s.int(inc.problem.seq)
	}
	s.bool(inc.measured != nil)
	if m := inc.measured; m != nil {
		s.float(m.revenue)
		s.float(m.cost)
		s.int(m.users)
		s.str(m.currency)
	}
	s.bool(inc.separate)
	s.bool(inc.resolvedBy)
	s.bool(inc.worked)
	s.time(inc.costAt)
	s.len(inc.checked)
}

func (s *snapshotter) key(k alertKey) {
	source, fingerprint := k.parts()
	s.str(source)
	s.text(fingerprint)
}

func (s *snapshotter) alert(sc *scope, a *alert) {
	s.key(a.key)
	s.int(a.seq)
	s.bool(sc.alerts.has(a.key.hash(), a))
	s.len(a.records.len())
	for r := range a.records.all() {
		s.uint(s.records[r])
	}
	s.str(a.name)
	s.str(a.service)
	s.str(a.instance)
	s.str(a.host)
	s.time(a.startsAt)
	s.time(a.endsAt)
	s.time(a.seenAt)
	var flap rareState
	if a.rare != nil {
		flap = *a.rare
	}
	s.time(flap.told)
	s.bool(flap.wasHeld)
	s.time(flap.flapFrom)
	s.int(int64(flap.flaps))
	s.uint(uint64(a.severity))
	s.bool(a.firing)
	s.bool(a.cut)
}

func (s *snapshotter) ticket(t *ticket) {
	s.str(t.key)
	s.int(t.seq)
	s.id(t.first)
	s.text(t.title)
	s.text(t.state)
	s.text(t.url)
	s.text(t.reason)
	s.str(t.service)
	s.time(t.startsAt)
	s.bool(t.open)
}

func (s *snapshotter) places(inc *incident) {
	s.len(len(inc.placed))
	at := make(map[*place]int, len(inc.placed))
	for i, p := range inc.placed {
		at[p] = i
		s.uint(s.entities[p.ent])
		s.time(p.first)
		s.int(p.last.Sub(p.first))
		s.id(p.lastID)
		s.int(int64(p.count))
		s.bool(p.mentioned)
	}
	s.len(len(inc.services))
	for _, p := range inc.services {
		s.len(at[p])
		s.int(int64(inc.firingAt(p)))
	}
}

func (s *snapshotter) group(g *group) {
	s.text(g.key)
	s.int(g.seq)
	s.refs(g.pending)
	s.time(g.first)
	s.time(g.last)
	s.int(int64(g.count))
}

func (s *snapshotter) change(ch *change) {
	s.key(ch.key)
	s.int(ch.seq)
	s.uint(uint64(ch.kind))
	s.id(ch.id)
	s.text(ch.title)
	s.len(len(ch.services))
	for _, n := range ch.services {
		s.str(n)
	}
	s.str(ch.team)
	s.text(ch.contact)
	s.text(ch.by)
	s.str(string(ch.status))
	s.time(ch.startsAt)
	s.time(ch.endsAt)
	s.bool(ch.suppress)
	s.len(len(ch.texts))
	for _, t := range ch.texts {
		s.text(t)
	}
	s.len(len(ch.held))
	for _, a := range ch.held {
		s.alert(ch.sc, a)
		s.json(a.held().sig)
	}
	s.uint(ch.text)
	s.id(ch.told)
	s.time(ch.toldAt)
	s.bool(ch.asSent)
	s.len(len(ch.sets))
	for _, name := range ch.sets {
		s.text(name)
	}
	s.time(ch.endAt)
	s.time(ch.forgetAt)
}
