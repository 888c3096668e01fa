package evidence

import (
	"pinkstar/correlate/internal/phrase"
	"pinkstar/schemas"
)

// Item is one reason in a compact form; its sentence is made when it is
// written.
type Item struct {
	Other    string
	Extra    string
	Points   int64
	Gap      int64 // milliseconds
	Count    int32
	Kind     Kind
	Hops     uint8
	Reversed bool
}

// Written is evs as they are written.
func Written(evs []Item, service string) []schemas.Evidence {
	if len(evs) == 0 {
		return nil
	}
	var p phrase.Builder
	RenderAll(&p, evs, service)
	text := p.Pieces()
	return WrittenFrom(&text, evs)
}

// RenderAll makes a piece of each.
func RenderAll(p *phrase.Builder, evs []Item, service string) {
	for i := range evs {
		evs[i].Render(p, service)
		p.End()
	}
}

// WrittenFrom takes the pieces of RenderAll back.
func WrittenFrom(t *phrase.Pieces, evs []Item) []schemas.Evidence {
	if len(evs) == 0 {
		return nil
	}
	out := make([]schemas.Evidence, len(evs))
	for i := range evs {
		out[i] = schemas.Evidence{Kind: kinds[evs[i].Kind].name, Points: evs[i].Points, Detail: t.Next()}
	}
	return out
}

// Render says why in a sentence, about a signal of service.
func (ev *Item) Render(p *phrase.Builder, service string) {
	kinds[ev.Kind].render(p, ev, orThis(service))
}

// Sentence is the decision in one sentence.
func (w *Reason) Sentence(incident string) string {
	if w.Text != "" {
		return w.Text
	}
	var p phrase.Builder
	w.Render(&p, incident)
	return p.String()
}

// Render tells the decision in one sentence.
func (w *Reason) Render(p *phrase.Builder, incident string) {
	if w.Text != "" {
		p.Say(w.Text)
		return
	}
	best, when, strongest := w.leading()
	if best < 0 {
		p.Say("opened ", incident)
		return
	}
	p.Say("joined ", incident, ": ")
	if w.Items[best].Points < 0 && w.Items[strongest].Points > 0 {
		// What connects the two speaks against it by itself: what speaks for it is said
		// first.
		if when >= 0 && w.Items[when].Points > 0 {
			strongest = when
		}
		w.Items[strongest].Render(p, w.Service)
		p.Say("; ")
		w.Items[best].Render(p, w.Service)
		p.Say(", which alone would not do")
		return
	}
	w.Items[best].Render(p, w.Service)
	if when >= 0 {
		p.Say("; ")
		w.Items[when].Render(p, w.Service)
	}
}

// leading are the strongest that can link, the last that tells of times, and the
// strongest of all; -1 for none.
func (w *Reason) leading() (best, when, strongest int) {
	best, when, strongest = -1, -1, -1
	for i := range w.Items {
		ev := &w.Items[i]
		if strongest < 0 || ev.Points > w.Items[strongest].Points {
			strongest = i
		}
		if ev.Kind == Time || ev.Kind == Onset {
			when = i
		} else if !ev.Kind.SupportOnly() && (best < 0 || ev.Points > w.Items[best].Points) {
			best = i
		}
	}
	return best, when, strongest
}

// RenderRunnerUp says why the incident that was not chosen was not.
func (w *Reason) RenderRunnerUp(p *phrase.Builder) {
	switch {
	case w.RunnerScore < w.Threshold:
		p.Say("its evidence falls short of the threshold by ").Milli(w.Threshold - w.RunnerScore).Say(" points")
	case w.RunnerScore < w.Score:
		p.Say("its evidence is weaker by ").Milli(w.Score - w.RunnerScore).Say(" points")
	default:
		p.Say("it fits as well, but is younger or may not grow")
	}
}

func orThis(service string) string {
	if service == "" {
		return "this"
	}
	return service
}

// Reason is the reason of a decision. Its text is rendered when it is written; in
// between it is kept encoded, which keeps a million of them small.
type Reason struct {
	Text        string // the sentence; "" when it follows from the evidence
	Items       []Item // in memory that the next signal uses again
	Anchor      schemas.ID
	Window      schemas.ID // that suppressed it
	RunnerUp    string     // the incident that was not chosen
	RunnerScore int64
	Service     string // the service as the engine understood it
	Score       int64
	Threshold   int64
	Candidates  int32
}
