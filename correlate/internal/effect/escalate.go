package effect

import (
	"slices"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Stop reports whether nobody needs to be called any more for main: somebody
// answered, or it is over.
func Stop(main *state.Incident) bool {
	return main.Talk.Step > 0 && (main.Parent != nil || main.Pub.Status != schemas.IncidentOpen)
}

// Calling reports whether people are being called for main and nobody answered.
func Calling(main *state.Incident) bool {
	return main.Talk.Step > 0 && main.Parent == nil && main.Pub.Status == schemas.IncidentOpen
}

// Answers reports whether an acknowledgement of part by somebody answers the call
// for the incident above it: the procedure that calls is that part's, or it is one
// of those who were called.
func Answers(st *state.State, part *state.Incident, by string) bool {
	main := part.Main()
	tr := treeOf(main)
	if tr.holder == nil || tr.holder == part {
		return tr.holder == part
	}
	steps := tr.procedure.Escalation
	for i := range steps[:min(main.Talk.Step, len(steps))] {
		step := &steps[i]
		if slices.ContainsFunc(people(st, step.Call, step.CalledAt), func(p schemas.Person) bool { return p.Name == by }) {
			return true
		}
	}
	return false
}

// escalation calls the first ones when nobody was called yet.
func (s *Speaker) escalation() {
	p := s.tr.procedure
	if s.inc.Pub.Status != schemas.IncidentOpen || s.talk.Status != schemas.IncidentOpen || s.talk.Step > 0 || p == nil || len(p.Escalation) == 0 {
		return
	}
	s.call("")
}

// call takes the next step, and those after it for as long as there is nobody
// whom a step would call. why says what became of the step before.
func (s *Speaker) call(why string) {
	steps := s.tr.procedure.Escalation
	for s.talk.Step < len(steps) {
		step := &steps[s.talk.Step]
		s.talk.Step++
		who := people(s.st, step.Call, s.st.Now)
		s.talk.StepAt = 0
		if step.Minutes > 0 && len(who) > 0 {
			s.talk.StepAt = s.st.Now.Add(int64(step.Minutes * float64(schemas.Minute)))
		}
		s.step(step, who, why)
		if len(who) > 0 {
			return
		}
		why = "step " + phrase.Itoa(int64(s.talk.Step)) + " of " + s.tr.procedure.Name + " calls nobody"
	}
}

// step says that a step is taken: to the channels, unless it is the first one,
// and to the people who are called.
func (s *Speaker) step(step *schemas.EscalationStep, who []schemas.Person, why string) {
	n := int64(s.talk.Step)
	what := phrase.Itoa(n)
	if why != "" || len(step.Targets) > 0 {
		text := "step " + what + " of " + s.tr.procedure.Name
		if len(who) > 0 {
			text = names(who) + " is called: " + text
		}
		if why != "" {
			text = why + "; " + text
		}
		e := s.effect(schemas.EffectEscalated, what, text)
		e.To.Targets = append(channels(s.st, s.tr), step.Targets...)
		slices.Sort(e.To.Targets)
		e.To.Targets = slices.Compact(e.To.Targets)
		e.Step, e.AnswerBy = n, s.talk.StepAt
		s.say(e)
	}
	if len(who) == 0 {
		return
	}
	e := s.effect(schemas.EffectPage, what, names(who)+" is called: step "+what+" of "+s.tr.procedure.Name)
	e.To.People, e.Step, e.AnswerBy = who, n, s.talk.StepAt
	s.say(e)
}

// Escalate returns what is to be said because nobody answered the page of main.
func Escalate(st *state.State, main *state.Incident) ([]schemas.Effect, state.Talk) {
	s := &Speaker{st: st, inc: main, tr: treeOf(main), talk: main.Talk.Clone()}
	s.talk.StepAt = 0
	p := s.tr.procedure
	if p == nil || s.talk.Step > len(p.Escalation) {
		return nil, s.talk
	}
	before := &p.Escalation[s.talk.Step-1]
	why := names(people(st, before.Call, before.CalledAt)) + " did not answer within " + phrase.Span(int64(before.Minutes*float64(schemas.Minute)))
	if s.talk.Step < len(p.Escalation) {
		s.call(why)
		return s.out, s.talk
	}
	e := s.effect(schemas.EffectEscalated, "end", why+"; "+p.Name+" has no further step")
	e.To.Targets, e.Step = channels(st, s.tr), int64(s.talk.Step)
	s.say(e)
	return s.out, s.talk
}
