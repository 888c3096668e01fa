package correlate

import "pinkstar/schemas"

// evidence is one reason in a compact form; its sentence is made when it is
// written.
type evidence struct {
	other    string
	extra    string
	points   int64
	gap      int64 // milliseconds
	n        int32
	kind     evidenceKind
	hops     uint8
	reversed bool
}

// evidenceOf is evs as they are written.
func evidenceOf(evs []evidence, service string) []schemas.Evidence {
	if len(evs) == 0 {
		return nil
	}
	var p prose
	p.tellAll(evs, service)
	text := p.pieces()
	return text.evidence(evs)
}

// tellAll makes a piece of each.
func (p *prose) tellAll(evs []evidence, service string) {
	for i := range evs {
		evs[i].tell(p, service)
		p.end()
	}
}

// evidence takes the pieces of tellAll back.
func (t *pieces) evidence(evs []evidence) []schemas.Evidence {
	if len(evs) == 0 {
		return nil
	}
	out := make([]schemas.Evidence, len(evs))
	for i := range evs {
		out[i] = schemas.Evidence{Kind: kinds[evs[i].kind].name, Points: evs[i].points, Detail: t.next()}
	}
	return out
}

// tell says why in a sentence, about a signal of service.
func (ev *evidence) tell(p *prose, service string) { kinds[ev.kind].tell(p, ev, orThis(service)) }

// reason is the decision in one sentence.
func (w *why) reason(incident string) string {
	if w.text != "" {
		return w.text
	}
	var p prose
	w.tellReason(&p, incident)
	return p.String()
}

func (w *why) tellReason(p *prose, incident string) {
	if w.text != "" {
		p.say(w.text)
		return
	}
	best, when := -1, -1
	for i := range w.evidence {
		ev := &w.evidence[i]
		if ev.kind == evTime || ev.kind == evOnset {
			when = i
		} else if !ev.kind.supportOnly() && (best < 0 || ev.points > w.evidence[best].points) {
			best = i
		}
	}
	if best < 0 {
		p.say("opened ", incident)
		return
	}
	p.say("joined ", incident, ": ")
	w.evidence[best].tell(p, w.service)
	if when >= 0 {
		p.say("; ")
		w.evidence[when].tell(p, w.service)
	}
}

// tellRunner says why the incident that was not chosen was not.
func (w *why) tellRunner(p *prose) {
	switch {
	case w.runnerScore < w.threshold:
		p.say("its evidence falls short of the threshold by ").number(w.threshold - w.runnerScore)
	case w.runnerScore < w.score:
		p.say("its evidence is weaker by ").number(w.score - w.runnerScore)
	default:
		p.say("it fits as well, but is younger or may not grow")
	}
}

func orThis(service string) string {
	if service == "" {
		return "this"
	}
	return service
}
