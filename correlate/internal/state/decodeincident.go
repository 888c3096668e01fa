package state

import (
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

func (d *decoder) incident(inc *Incident) {
	d.json(&inc.Pub)
	inc.ID = d.incidentID(inc.Pub.ID)
	inc.Parent = d.ref()
	inc.Children = d.refs()
	d.Each(func() {
		a := d.alert(inc.Scope)
		a.Incident = inc
		inc.Alerts = append(inc.Alerts, a)
	})
	d.Each(func() {
		t := d.ticket()
		t.Incident = inc
		inc.Tickets = append(inc.Tickets, t)
		inc.Scope.Tickets[t.Key] = t
	})
	d.places(inc)
	d.Each(func() {
		n := d.Str()
		inc.Order = append(inc.Order, n)
		inc.Names[n] = int32(d.Int())
	})
	d.Each(func() {
		ent := d.entityRef()
		ent.Refs++
		inc.RecentIn = append(inc.RecentIn, ent)
	})
	d.Each(func() {
		g := d.group()
		g.Incident = inc
		inc.Groups = append(inc.Groups, g)
		inc.Scope.Groups[g.Key] = g
	})
	d.Each(func() { inc.Teams = append(inc.Teams, d.Str()) })
	d.incidentState(inc)
}

func (d *decoder) incidentState(inc *Incident) {
	inc.Active = d.Len()
	sev := d.Uint()
	if sev >= uint64(len(Severities)) {
		d.Bad("a severity out of bounds")
		return
	}
	inc.Severity = uint8(sev)
	inc.Worst = d.Str()
	inc.LastStart, inc.LastEnd = d.Time(), d.Time()
	inc.Rate = Rate{d.Int(), d.Time()}
	inc.LastID = d.ID()
	inc.SeenAt, inc.FlushAt, inc.ResolveAt = d.Time(), d.Time(), d.Time()
	inc.CloseAt, inc.QuietAt, inc.FlapUntil = d.Time(), d.Time(), d.Time()
	inc.Minute = d.Int()
	inc.Joined = int32(d.Int())
	inc.TimelineSeq = d.Int()
	if seq := d.Int(); seq != 0 {
		if inc.Problem = d.patterns[seq]; inc.Problem == nil {
			d.Bad("a problem that is not there")
		}
	}
	if d.Bool() {
		inc.Measured = &Measured{Revenue: d.Float(), Cost: d.Float(), Users: d.Int(), Currency: d.Str()}
	}
	inc.Separate = d.Bool()
	inc.ResolvedBy = d.Bool()
	if d.format > oldestFormat {
		inc.Worked, inc.CostAt = d.Bool(), d.Time()
	}
	inc.Checked = d.Len()
	if d.format >= formatTree {
		d.trees[inc] = Rate{d.Int(), d.Time()}
		d.talk(&inc.Talk)
		d.Each(func() { inc.Responders = append(inc.Responders, Responder{d.Str(), d.Time()}) })
	}
}

// family makes the trees of what has been read.
func (d *decoder) family(sc *Scope) {
	placed, listed := 0, map[*Incident]bool{}
	for _, inc := range sc.Live {
		for _, c := range inc.Children {
			if c.Parent != inc || listed[c] {
				d.Bad("a child of two incidents")
				return
			}
			listed[c] = true
		}
	}
	for _, main := range sc.Live {
		if main.Parent != nil {
			continue
		}
		all := main.Tree(nil)
		if placed += len(all); len(all) == 1 {
			continue
		}
		t := &Tree{Main: main, Rate: d.trees[main]}
		for _, x := range all {
			t.join(x)
			if d.format < formatTree {
				t.Rate = Rate{t.Rate.Level + x.Rate.Now(d.e.Now, IncidentHalfLife), d.e.Now}
			}
		}
	}
	if placed != len(sc.Live) {
		d.Bad("incidents that are below each other")
	}
}

func (d *decoder) alert(sc *Scope) *Alert {
	a := &Alert{Key: KeyOf(d.Str(), d.Text()), Seq: d.Int()}
	if d.Bool() {
		sc.SetLatest(a)
	} else {
		a.Past = true
	}
	d.Each(func() {
		if r := d.recordRef(); r != nil {
			a.Signals.add(r)
			r.Alert = a
		}
	})
	a.Name = d.Str()
	where := Location{Service: d.Str()}
	a.Instance = d.Str()
	where.Host = d.Str()
	if d.format >= formatBehaviour {
		where.Machine, where.Namespace = d.Str(), d.Str()
	}
	a.Location = shared(d.wheres, where)
	a.StartsAt, a.EndsAt, a.SeenAt = d.Time(), d.Time(), d.Time()
	var rare RareState
	if d.format > oldestFormat {
		rare.Told, rare.WasHeld = d.Time(), d.Bool()
	}
	rare.FlapFrom, rare.Flaps = d.Time(), int32(d.Int())
	if rare != (RareState{}) {
		*a.Rarely() = rare
	}
	sev := d.Uint()
	if sev >= uint64(len(Severities)) {
		d.Bad("a severity out of bounds")
		return a
	}
	a.Severity = uint8(sev)
	a.Firing, a.Truncated = d.Bool(), d.Bool()
	d.e.Alerts++
	return a
}

func (d *decoder) ticket() *Ticket {
	t := &Ticket{Key: d.Str(), Seq: d.Int(), First: d.ID(), Title: d.Text(), State: d.Text(), Url: d.Text(),
		Reason: d.Text(), Service: d.Str(), StartsAt: d.Time(), Open: d.Bool()}
	if d.format >= formatTree {
		t.Cost, t.Currency, t.Users = d.Float(), d.Str(), d.Int()
	}
	return t
}

func (d *decoder) places(inc *Incident) {
	d.Each(func() {
		p := &Affected{Entity: d.entityRef(), First: d.Time()}
		p.Last = p.First.Add(d.Int())
		p.LastID = d.ID()
		p.Count = int32(d.Int())
		p.Mentioned = d.Bool()
		inc.Affected[p.Entity] = p
		inc.AffectedOrder = append(inc.AffectedOrder, p)
	})
	d.Each(func() {
		i := d.Len()
		if i >= len(inc.AffectedOrder) {
			d.Bad("a place out of bounds")
			return
		}
		if inc.AffectedOrder[i].Primary() {
			d.Bad("a place that is listed twice")
			return
		}
		inc.Services, inc.Firing = append(inc.Services, inc.AffectedOrder[i]), append(inc.Firing, int32(d.Int()))
		inc.AffectedOrder[i].Nth = int16(len(inc.Services))
	})
}

func (d *decoder) group() *Group {
	return &Group{Key: d.Text(), Seq: d.Int(), Pending: d.refs(), First: d.Time(), Last: d.Time(), Count: int32(d.Int())}
}

func (d *decoder) change(sc *Scope) *Change {
	ch := &Change{Scope: sc, Key: KeyOf(d.Str(), d.Text()), Seq: d.Int()}
	kind := d.Uint()
	if kind >= uint64(len(KindNames)) {
		d.Bad("a kind out of bounds")
		return ch
	}
	ch.Kind = KindCode(kind)
	ch.ID = d.ID()
	ch.Title = d.Text()
	d.Each(func() { ch.Services = append(ch.Services, d.Str()) })
	ch.Team, ch.Contact, ch.By = d.Str(), d.Text(), d.Text()
	ch.Status = schemas.Status(d.Str())
	ch.StartsAt, ch.EndsAt = d.Time(), d.Time()
	ch.Suppress = d.Bool()
	d.Each(func() { ch.Texts = append(ch.Texts, d.Text()) })
	m, err := rules.ParseMatchers(ch.Texts)
	if err != nil {
		d.Bad(err.Error())
		return ch
	}
	ch.Matchers = m
	d.Each(func() {
		a := d.alert(sc)
		h := &Suppression{Window: ch, Signal: &schemas.Signal{}}
		d.json(h.Signal)
		a.Rarely().Suppression = h
		ch.Suppressed = append(ch.Suppressed, a)
	})
	if d.format > oldestFormat {
		ch.Text, ch.Told, ch.ToldAt = d.Uint(), d.ID(), d.Time()
		ch.AsSent = d.Bool()
		d.Each(func() { ch.Sets = append(ch.Sets, d.Text()) })
	}
	ch.EndAt, ch.EvictAt = d.Time(), d.Time()
	if d.format >= formatTree {
		ch.Undoes = d.Bool()
	}
	d.changes[ch.Seq] = ch
	return ch
}
