package correlate

import (
	"bytes"
	"strconv"
	"strings"

	"pinkstar/correlate/internal/topology"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// activate puts what an activation record carries in force. What is in force
// already changes nothing. A text that can't be read changes nothing either:
// whoever appended it checked it, so this is a newer version's, and the log must
// still be readable.
func (e *Engine) activate(s *schemas.Signal) {
	if s.Activation == nil || !e.activated(s.Activation) {
		e.st.Stats.BadActivations++
	}
}

func (e *Engine) activated(a *schemas.Activation) bool {
	text := []byte(a.Text)
	switch a.What {
	case schemas.WhatRules:
		if bytes.Equal(text, e.st.Rules.Text) {
			return true
		}
		set, err := rules.Parse("activation", text, rules.FromLog)
		if err == nil {
			e.setRules(set)
		}
		return err == nil
	case schemas.WhatTopology:
		if bytes.Equal(text, e.st.Topology.Source.Text) {
			return true
		}
		t, err := rules.ParseTopology("activation", text, rules.FromLog)
		if err == nil {
			e.setTopology(t)
		}
		return err == nil
	case schemas.WhatLearnt:
		if a.Text == e.st.Learnt.Text {
			return true
		}
		l, err := rules.ParseLearnt("activation", text, rules.FromLog)
		if err == nil {
			e.SetLearnt(l)
		}
		return err == nil
	case schemas.WhatBehaviour:
		n, err := strconv.ParseInt(a.Text, 10, 64)
		if err == nil {
			e.st.Behaviour = n
		}
		return err == nil
	case schemas.WhatShifts:
		shifts, err := rules.ParseShifts(a.Text)
		if err == nil {
			e.st.SetShifts(shifts)
		}
		return err == nil
	case schemas.WhatProblems:
		return e.meet(text) == nil
	case schemas.WhatClock:
		at, err := schemas.ParseTime(a.Text)
		if err == nil {
			e.st.SetClock(at)
		}
		return err == nil
	}
	return false
}

// Active returns the version in force of what an activation with this key
// (schemas.Activation.Key) can set, or "". That of the engine's behaviour is the
// one that the log says.
func (e *Engine) Active(what string) string {
	if name, ok := strings.CutPrefix(what, schemas.WhatShifts+"/"); ok {
		if s := e.st.Shifts[name]; s != nil {
			return rules.VersionOf([]byte(s.Text))
		}
		return ""
	}
	switch what {
	case schemas.WhatRules:
		return e.RulesVersion()
	case schemas.WhatTopology:
		return e.TopologyVersion()
	case schemas.WhatLearnt:
		return e.LearntVersion()
	case schemas.WhatBehaviour:
		if e.st.Behaviour != 0 {
			return strconv.FormatInt(e.st.Behaviour, 10)
		}
	}
	return ""
}

// setRules changes the rules; live incidents keep the version they were opened
// under and go on.
func (e *Engine) setRules(set *rules.Set) {
	old := e.st.Rules
	e.st.Rules = set
	if old.Messages.PerIncident == 0 && set.Messages.PerIncident > 0 {
		e.life.BeginMessages()
	}
	if old.Correlation.Hops != set.Correlation.Hops || old.Correlation.HubDegree != set.Correlation.HubDegree {
		e.setTopology(e.st.Topology.Source)
	}
	e.st.NewVersions()
}

// setTopology changes the topology; what live incidents affect stays known.
func (e *Engine) setTopology(src *rules.Topology) {
	e.life.SetTopology(topology.New(src, &e.st.Rules.Correlation))
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
