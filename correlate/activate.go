package correlate

import (
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// activate puts the rule set, topology or learnt pairs of an activation record in force. A
// text that can't be read changes nothing: whoever appended it checked it, so
// this is a newer version's, and the log must still be readable.
func (e *Engine) activate(s *schemas.Signal) {
	if s.Activation == nil {
		e.st.Stats.BadActivations++
		return
	}
	text := []byte(s.Activation.Text)
	var err error
	switch s.Activation.What {
	case schemas.WhatRules:
		var set *rules.Set
		if set, err = rules.Parse("activation", text, rules.FromLog); err == nil {
			e.setRules(set)
		}
	case schemas.WhatTopology:
		var t *rules.Topology
		if t, err = rules.ParseTopology("activation", text, rules.FromLog); err == nil {
			e.setTopology(t)
		}
	case schemas.WhatLearnt:
		var l *rules.Learnt
		if l, err = rules.ParseLearnt("activation", text, rules.FromLog); err == nil {
			e.SetLearnt(l)
		}
	case schemas.WhatClock:
		var at schemas.Time
		if at, err = schemas.ParseTime(s.Activation.Text); err == nil {
			e.st.SetClock(at)
		}
	case schemas.WhatProblems:
		err = e.meet(text)
	default:
		e.st.Stats.BadActivations++
	}
	if err != nil {
		e.st.Stats.BadActivations++
	}
}

// Active returns the version in force of what an activation can set, or "".
func (e *Engine) Active(what string) string {
	switch what {
	case schemas.WhatRules:
		return e.RulesVersion()
	case schemas.WhatTopology:
		return e.TopologyVersion()
	case schemas.WhatLearnt:
		return e.LearntVersion()
	default:
		return ""
	}
}

// setRules changes the rules; live incidents keep the version they were opened
// under and go on.
func (e *Engine) setRules(set *rules.Set) {
	old := e.st.Rules
	e.st.Rules = set
	if old.Correlation.Hops != set.Correlation.Hops || old.Correlation.HubDegree != set.Correlation.HubDegree {
		e.setTopology(e.st.Topology.Source)
	}
	e.st.NewVersions()
}

// setTopology changes the topology and has every live incident affect its
// entities anew, oldest first.
func (e *Engine) setTopology(src *rules.Topology) {
	e.st.Topology = topology.New(src, &e.st.Rules.Correlation)
	e.st.NewVersions()
	for _, sc := range e.st.Order {
		for _, inc := range sc.Live {
			sc.LeaveRecent(inc)
		}
		sc.Nodes = state.NewNodeEntities(len(e.st.Topology.Nodes))
		for _, inc := range sc.Live {
			e.life.Reaffect(inc)
		}
	}
}

// SetLearnt puts learnt pairs in force before the first record, as New does with
// rules and topology; nil takes them away. Later ones come by the log.
func (e *Engine) SetLearnt(src *rules.Learnt) {
	if src == nil {
		src = rules.EmptyLearnt()
	}
	e.st.Learnt = topology.NewPairs(src)
	e.st.NewVersions()
}
