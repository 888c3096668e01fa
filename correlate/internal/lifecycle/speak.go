package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/effect"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// hear has inc looked at when the input has been taken, for what people should
// hear. Its main incident, which is summed up for that, is looked at when it is
// written itself: soon after anything below it, at once when that is worse.
func (lc *Lifecycle) hear(inc *state.Incident) {
	if lc.Rules.Messages.PerIncident == 0 {
		return
	}
	if !inc.Heard {
		inc.Heard = true
		lc.heard = append(lc.heard, inc)
	}
}

// speakOfHeard looks at the incidents of which something was written.
func (lc *Lifecycle) speakOfHeard() {
	for i := 0; i < len(lc.heard); i++ { // what is said may have more written
		inc := lc.heard[i]
		inc.Heard = false
		if inc.Closed {
			continue
		}
		switch effect.Look(lc.State, inc) {
		case effect.Now:
			lc.speak(inc)
		case effect.Soon:
			lc.speakSoon(inc)
		case effect.Nothing:
		}
	}
	clear(lc.heard)
	lc.heard = lc.heard[:0]
}

// speakSoon has inc spoken of when a message may come.
func (lc *Lifecycle) speakSoon(inc *state.Incident) {
	t, m := &inc.Talk, &lc.Rules.Messages
	due := inc.Pub.DetectedAt.Add(int64(m.Wait))
	switch {
	case effect.Spent(lc.State, inc):
		due = t.Since.Add(int64(m.Period))
	case t.Opened:
		due = t.LastAt.Add(int64(m.Interval))
	}
	if due <= lc.Now {
		lc.speak(inc)
		return
	}
	if t.DueAt != 0 && t.DueAt <= due {
		return
	}
	t.DueAt = due
	lc.SetTimer(due, state.SpeakDue, inc, nil)
}

func (lc *Lifecycle) speak(inc *state.Incident) {
	said, talk := effect.Speak(lc.State, inc)
	talk.DueAt = 0
	lc.say(inc, said, &talk)
	if effect.Spent(lc.State, inc) && effect.Look(lc.State, inc) != effect.Nothing {
		lc.speakSoon(inc)
	}
}

// say writes what is said of inc; talk is what people have heard then.
func (lc *Lifecycle) say(inc *state.Incident, said []schemas.Effect, talk *state.Talk) {
	step := inc.Talk.Step
	inc.Talk = *talk
	lc.out.Effects = append(lc.out.Effects, said...)
	for i := range said {
		if e := &said[i]; e.Kind == schemas.EffectPage || e.Kind == schemas.EffectEscalated {
			lc.Timeline(inc, string(e.Kind), 0, e.Reason, nil, "")
			lc.EmitNow(inc)
		}
	}
	for ; step < talk.Step; step++ {
		lc.called(inc, step)
	}
	if talk.StepAt > lc.Now {
		lc.SetTimer(talk.StepAt, state.EscalateDue, inc, nil)
	}
}

// called notes in the procedure when a step of its escalation was taken.
func (lc *Lifecycle) called(inc *state.Incident, step int) {
	x := effect.Escalating(inc)
	if x == nil || step >= len(x.Pub.Procedure.Escalation) {
		return
	}
	p := *x.Pub.Procedure // the published one may still be in an Output
	p.Escalation = slices.Clone(p.Escalation)
	p.Escalation[step].CalledAt = lc.Now
	x.Pub.Procedure = &p
	lc.EmitNow(x)
}

// OnSpeakDue: a message about inc may come now.
func (lc *Lifecycle) OnSpeakDue(inc *state.Incident) {
	inc.Talk.DueAt = 0
	if lc.Rules.Messages.PerIncident > 0 {
		lc.speak(inc)
	}
}

// OnEscalateDue: nobody acknowledged inc in time.
func (lc *Lifecycle) OnEscalateDue(inc *state.Incident) {
	if lc.Rules.Messages.PerIncident == 0 {
		inc.Talk.StepAt = 0
		return
	}
	said, talk := effect.Escalate(lc.State, inc)
	lc.say(inc, said, &talk)
}

// speakLast says how inc ended, before it leaves.
func (lc *Lifecycle) speakLast(inc *state.Incident) {
	if lc.Rules.Messages.PerIncident == 0 {
		return
	}
	said, talk := effect.Last(lc.State, inc)
	lc.say(inc, said, &talk)
}

// BeginMessages takes what is open as told: people hear of it when it changes.
func (lc *Lifecycle) BeginMessages() {
	for _, sc := range lc.Order {
		for _, inc := range sc.Live {
			inc.Talk = effect.Known(lc.State, inc)
		}
	}
}
