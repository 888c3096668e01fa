package state

func (s *encoder) incident(inc *Incident) {
	pub := inc.Pub
	// What is recomputed whenever it is written needs no room here.
	pub.Members, pub.Tickets, pub.Services, pub.Children, pub.Teams, pub.Roots, pub.Tree = nil, nil, nil, nil, nil, nil, nil
	pub.ChildrenOmitted, pub.ServicesOmitted, pub.TicketsOmitted, pub.MembersOmitted, pub.TimelineOmitted = 0, 0, 0, 0, 0
	s.json(&pub)
	s.ref(inc.Parent)
	s.refs(inc.Children)
	s.Len(len(inc.Alerts))
	for _, a := range inc.Alerts {
		s.alert(inc.Scope, a)
	}
	s.Len(len(inc.Tickets))
	for _, t := range inc.Tickets {
		s.ticket(t)
	}
	s.places(inc)
	s.Len(len(inc.Order))
	for _, n := range inc.Order {
		s.Str(n)
		s.Int(int64(inc.Names[n]))
	}
	s.Len(len(inc.RecentIn))
	for _, ent := range inc.RecentIn {
		s.Uint(s.entities[ent])
	}
	s.Len(len(inc.Groups))
	for _, g := range inc.Groups {
		s.group(g)
	}
	s.Len(len(inc.Teams))
	for _, t := range inc.Teams {
		s.Str(t)
	}
	s.incidentState(inc)
}

func (s *encoder) incidentState(inc *Incident) {
	s.Len(inc.Active)
	s.Uint(uint64(inc.Severity))
	s.Str(inc.Worst)
	s.Time(inc.LastStart)
	s.Time(inc.LastEnd)
	s.Int(inc.Rate.Level)
	s.Time(inc.Rate.at)
	s.ID(inc.LastID)
	s.Time(inc.SeenAt)
	s.Time(inc.FlushAt)
	s.Time(inc.ResolveAt)
	s.Time(inc.CloseAt)
	s.Time(inc.QuietAt)
	s.Time(inc.FlapUntil)
	s.Int(inc.Minute)
	s.Int(int64(inc.Joined))
	s.Int(inc.TimelineSeq)
	if inc.Problem == nil {
		s.Int(0)
	} else {
		s.Int(inc.Problem.Seq)
	}
	s.Bool(inc.Measured != nil)
	if m := inc.Measured; m != nil {
		s.Float(m.Revenue)
		s.Float(m.Cost)
		s.Int(m.Users)
		s.Str(m.Currency)
	}
	s.Bool(inc.Separate)
	s.Bool(inc.ResolvedBy)
	s.Bool(inc.Worked)
	s.Time(inc.CostAt)
	s.Len(inc.Checked)
	var tree Rate
	if inc.Parent == nil && inc.part != nil {
		tree = inc.part.tree.Rate
	}
	s.Int(tree.Level)
	s.Time(tree.at)
	s.talk(&inc.Talk)
	s.Len(len(inc.Responders))
	for _, r := range inc.Responders {
		s.Str(r.Name)
		s.Time(r.Since)
	}
}

func (s *encoder) key(k AlertKey) {
	source, fingerprint := k.Parts()
	s.Str(source)
	s.Text(fingerprint)
}

func (s *encoder) alert(sc *Scope, a *Alert) {
	s.key(a.Key)
	s.Int(a.Seq)
	s.Bool(sc.Alerts.has(a.Key.hash(), a))
	s.Len(a.Signals.Len())
	for r := range a.Signals.All() {
		s.Uint(s.records[r])
	}
	s.Str(a.Name)
	s.Str(a.Service)
	s.Str(a.Instance)
	s.Str(a.Host)
	s.Str(a.Machine)
	s.Str(a.Namespace)
	s.Time(a.StartsAt)
	s.Time(a.EndsAt)
	s.Time(a.SeenAt)
	var flap RareState
	if a.Rare != nil {
		flap = *a.Rare
	}
	s.Time(flap.Told)
	s.Bool(flap.WasHeld)
	s.Time(flap.FlapFrom)
	s.Int(int64(flap.Flaps))
	s.Uint(uint64(a.Severity))
	s.Bool(a.Firing)
	s.Bool(a.Truncated)
}

func (s *encoder) ticket(t *Ticket) {
	s.Str(t.Key)
	s.Int(t.Seq)
	s.ID(t.First)
	s.Text(t.Title)
	s.Text(t.State)
	s.Text(t.Url)
	s.Text(t.Reason)
	s.Str(t.Service)
	s.Time(t.StartsAt)
	s.Bool(t.Open)
	s.Float(t.Cost)
	s.Str(t.Currency)
	s.Int(t.Users)
}

func (s *encoder) places(inc *Incident) {
	s.Len(len(inc.AffectedOrder))
	at := make(map[*Affected]int, len(inc.AffectedOrder))
	for i, p := range inc.AffectedOrder {
		at[p] = i
		s.Uint(s.entities[p.Entity])
		s.Time(p.First)
		s.Int(p.Last.Sub(p.First))
		s.ID(p.LastID)
		s.Int(int64(p.Count))
		s.Bool(p.Mentioned)
	}
	s.Len(len(inc.Services))
	for _, p := range inc.Services {
		s.Len(at[p])
		s.Int(int64(inc.FiringAt(p)))
	}
}

func (s *encoder) group(g *Group) {
	s.Text(g.Key)
	s.Int(g.Seq)
	s.refs(g.Pending)
	s.Time(g.First)
	s.Time(g.Last)
	s.Int(int64(g.Count))
}

func (s *encoder) change(ch *Change) {
	s.key(ch.Key)
	s.Int(ch.Seq)
	s.Uint(uint64(ch.Kind))
	s.ID(ch.ID)
	s.Text(ch.Title)
	s.Len(len(ch.Services))
	for _, n := range ch.Services {
		s.Str(n)
	}
	s.Str(ch.Team)
	s.Text(ch.Contact)
	s.Text(ch.By)
	s.Str(string(ch.Status))
	s.Time(ch.StartsAt)
	s.Time(ch.EndsAt)
	s.Bool(ch.Suppress)
	s.Len(len(ch.Texts))
	for _, t := range ch.Texts {
		s.Text(t)
	}
	s.Len(len(ch.Suppressed))
	for _, a := range ch.Suppressed {
		s.alert(ch.Scope, a)
		s.json(a.Suppression().Signal)
	}
	s.Uint(ch.Text)
	s.ID(ch.Told)
	s.Time(ch.ToldAt)
	s.Bool(ch.AsSent)
	s.Len(len(ch.Sets))
	for _, name := range ch.Sets {
		s.Text(name)
	}
	s.Time(ch.EndAt)
	s.Time(ch.EvictAt)
	s.Bool(ch.Undoes)
}
