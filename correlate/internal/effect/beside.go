package effect

import (
	"slices"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Bounds of what other systems are asked for one incident.
const (
	ticketsCap = 200
	askedCap   = 20
)

// beside says what other systems and teams are to do: once for each thing, so it
// needs no budget.
func (s *Speaker) beside() {
	s.ask()
	s.linkTickets()
	s.announce()
}

func toAsk(n *schemas.Notice, t *state.Talk) bool {
	return n.SignalID != "" && len(t.Asked) < askedCap && !slices.Contains(t.Asked, n.SignalID)
}

// ask asks the teams whose changes may be behind it to stop or undo them.
func (s *Speaker) ask() {
	for _, x := range s.tr.all {
		for i := range x.Pub.Notices {
			if n := &x.Pub.Notices[i]; toAsk(n, &s.talk) {
				s.askFor(x, n)
			}
		}
	}
}

func (s *Speaker) askFor(x *state.Incident, n *schemas.Notice) {
	s.talk.Asked = append(s.talk.Asked, n.SignalID)
	e := s.effect(schemas.EffectChangeNotice, n.SignalID, "it may be behind "+s.inc.Pub.ID)
	e.Change, e.SignalID, e.Ask, e.To.Team = candidate(x, n.SignalID), n.SignalID, n.Text, n.Team
	if c := e.Change; c != nil {
		e.Ask = askText(c, &s.inc.Pub)
	}
	e.To.Targets = slices.Clone(teamChannels(s.st, n.Team))
	if n.Contact != "" {
		e.To.Targets = append(e.To.Targets, n.Contact)
	}
	slices.Sort(e.To.Targets)
	e.To.Targets = slices.Compact(e.To.Targets)
	if team := s.st.Rules.Teams[n.Team]; team != nil && team.OnCall != "" {
		e.To.People = people(s.st, []string{team.OnCall}, s.st.Now)
	}
	s.say(e)
}

// askText is what a change's team is asked, in words for its own people.
func askText(c *schemas.Candidate, inc *schemas.Incident) string {
	what, answers := "stop "+c.Title+" on "+c.Service+" and roll back what was done", "stopped, rolled back, or declined"
	if c.Status == schemas.StatusFinished {
		what, answers = "roll back "+c.Title+" on "+c.Service, "rolled back, or declined"
	}
	when := phrase.Span(inc.StartedAt.Sub(c.StartedAt)) + " before "
	if c.StartedAt > inc.StartedAt { // something of it began later
		when = phrase.Span(c.StartedAt.Sub(inc.StartedAt)) + " after the beginning of "
	}
	return what + ": it began " + when + inc.ID + " (" + inc.Title + "). Answer: " + answers
}

// candidate is the change of that signal as x lists it, or nil.
func candidate(x *state.Incident, signal string) *schemas.Candidate {
	for i := range x.Pub.Candidates {
		if x.Pub.Candidates[i].SignalID == signal {
			c := x.Pub.Candidates[i]
			return &c
		}
	}
	return nil
}

// asked lists the teams that were asked, and what they answered.
func (t *tree) asked(signals []string) []schemas.Asked {
	var list []schemas.Asked
	for _, id := range signals {
		a := schemas.Asked{SignalID: id}
		for _, x := range t.all {
			for i := range x.Pub.Notices {
				if n := &x.Pub.Notices[i]; n.SignalID == id && (a.At == 0 || n.Answer != "") {
					a.Team, a.At, a.Answer, a.By, a.AnswerAt = n.Team, n.At, n.Answer, n.By, n.AnswerAt
				}
			}
			if c := candidate(x, id); c != nil {
				a.Title = c.Title
			}
		}
		list = append(list, a)
	}
	return list
}

// linkTickets has the tickets of the tree linked to the incident's, and those that
// left it unlinked.
func (s *Speaker) linkTickets() {
	there := map[string]*state.Ticket{}
	for _, t := range s.tr.tickets {
		there[t.Key] = t
	}
	for _, key := range slices.Clone(s.talk.Tickets) {
		if there[key] == nil {
			i, _ := slices.BinarySearch(s.talk.Tickets, key)
			s.talk.Tickets = slices.Delete(s.talk.Tickets, i, i+1)
			e := s.effect(schemas.EffectTicketUnlink, key, "ticket "+key+" is no longer part of it")
			e.Ticket, e.Coalesce = &schemas.TicketRef{Key: key}, "ticket "+key
			s.say(e)
		}
	}
	for _, t := range s.tr.tickets {
		i, known := slices.BinarySearch(s.talk.Tickets, t.Key)
		if known || len(s.talk.Tickets) >= ticketsCap {
			continue
		}
		s.talk.Tickets = slices.Insert(s.talk.Tickets, i, t.Key)
		ref := t.Ref()
		e := s.effect(schemas.EffectTicketLink, t.Key, "ticket "+t.Key+" is part of it: "+t.Reason)
		e.Ticket, e.SignalID, e.Coalesce = &ref, ref.SignalID, "ticket "+t.Key
		s.say(e)
	}
}

// announce tells the company, once.
func (s *Speaker) announce() {
	p := s.tr.procedure
	if s.talk.Announced || p == nil || !p.Company || s.inc.Over() {
		return
	}
	s.talk.Announced = true
	s.company(schemas.EffectMailAnnounce, "the procedure "+p.Name+" has everybody told")
}

func (s *Speaker) company(kind schemas.EffectKind, reason string) {
	e := s.effect(kind, "", reason)
	e.To.Company, e.To.Targets = true, slices.Clone(s.st.Rules.Messages.Company)
	s.say(e)
}

// Last returns what is to be said of main when it leaves the engine.
func Last(st *state.State, main *state.Incident) ([]schemas.Effect, state.Talk) {
	s := &Speaker{st: st, inc: main, tr: treeOf(main), talk: main.Talk.Clone()}
	if !s.talk.Opened || s.talk.Parent != "" {
		return nil, s.talk
	}
	if !over(s.talk.Status) {
		s.message()
	}
	if s.talk.Announced {
		s.company(schemas.EffectMailClose, s.endText())
	}
	return s.out, s.talk
}
