package correlate

import (
	"slices"
	"strings"
	"unicode/utf8"

	"pinkstar/schemas"
)

// mention is something a signal's text or labels name.
type mention struct {
	ent  *entity   // a service, instance or alert name
	inc  *incident // an incident, by its id or by a ticket's key
	like []int32   // services whose names begin with the word
	text string
	told bool // by an alert, in its text
}

const (
	mentionsCap  = 16
	minMention   = 4    // shorter alert names and instances are words, not names
	mentionWords = 5    // longest name, in words
	textCap      = 8192 // bytes of text looked at
	alertTextCap = 1024 // of an alert's summary, and of its description
	peersCap     = 4    // services that an alert may name
)

// mentionsOf finds what s names besides what it is about.
func (e *Engine) mentionsOf(sc *scope, s *schemas.Signal, sub *subject) []mention {
	if s.Kind == schemas.KindAlert {
		return e.labelMentions(sc, s, sub)
	}
	var out []mention
	if s.Ticket != nil {
		for _, key := range s.Ticket.Links {
			if t := sc.tickets[key]; t != nil {
				out = append(out, mention{inc: t.inc, text: "ticket " + key})
			}
		}
	}
	text := s.Name + "\n" + s.Summary + "\n" + s.Description
	if len(text) > textCap {
		text = text[:textCap]
	}
	return e.textMentions(sc, text, sub, out)
}

// labelMentions: a label whose value is a declared service, such as
// upstream="payment", names it.
func (e *Engine) labelMentions(sc *scope, s *schemas.Signal, sub *subject) []mention {
	if len(e.topo.nodes) == 0 {
		return nil
	}
	var out []mention
	known := sub.ent != nil && sub.ent.node >= 0
	for i := range s.Labels {
		l := &s.Labels[i]
		if !known && len(l.Value) >= minMention && l.Name != "namespace" {
			if like := e.topo.families[l.Value]; like != nil && len(out) < peersCap {
				out = append(out, mention{like: e.topo.family(l.Value), text: l.Value})
			}
		}
		if slices.Contains(e.set.Correlation.ServiceLabels, l.Name) || l.Value == sub.service {
			continue
		}
		n := e.topo.exact(l.Value)
		if n < 0 {
			if owners := e.topo.instances[l.Value]; len(owners) == 1 && l.Value != s.Instance {
				n = owners[0]
			}
		}
		if n < 0 || e.topo.nodes[n].name == sub.service || len(out) >= peersCap {
			continue
		}
		out = append(out, mention{ent: e.nodeEntity(sc, n), text: e.topo.nodes[n].name})
	}
	out = e.peers(sc, s.Summary, sub, out)
	return e.peers(sc, s.Description, sub, out)
}

// peers finds the declared services that the text of an alert names, such as
// "calls to payment-db time out". Rules write whole names, so each word is
// looked at alone: it is done for every new alert.
func (e *Engine) peers(sc *scope, text string, sub *subject, out []mention) []mention {
	text = text[:min(len(text), alertTextCap)]
	for from := 0; from < len(text) && len(out) < peersCap; {
		if !inName(text[from]) {
			from++
			continue
		}
		to := from + 1
		for to < len(text) && inName(text[to]) {
			to++
		}
		word := strings.TrimRight(text[from:to], "-_.")
		from = to
		if len(word) < minWord || word == sub.service {
			continue
		}
		n := e.topo.folded(word)
		if n < 0 || e.topo.nodes[n].name == sub.service {
			continue
		}
		name := e.topo.nodes[n].name
		if !slices.ContainsFunc(out, func(m mention) bool { return m.text == name }) {
			out = append(out, mention{ent: e.nodeEntity(sc, n), text: name, told: true})
		}
	}
	return out
}

// inName reports whether c may stand in the name of a service.
func inName(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.'
}

// textMentions looks for names in free text. The longest name wins, so that
// "payment-api" is not taken for "payment".
func (e *Engine) textMentions(sc *scope, text string, sub *subject, out []mention) []mention {
	raw := strings.FieldsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf || !inName(byte(r)) })
	words := make([]string, 0, len(raw))
	for _, w := range raw {
		if w = strings.Trim(w, "-_."); w != "" {
			words = append(words, w)
		}
	}
	for i := 0; i < len(words) && len(out) < mentionsCap; {
		n, m := e.mentionAt(sc, words[i:], sub)
		if n == 0 {
			i++
			continue
		}
		i += n
		if (m.ent != nil || m.inc != nil || m.like != nil) && !slices.ContainsFunc(out, func(x mention) bool { return x.ent == m.ent && x.inc == m.inc && x.text == m.text }) {
			out = append(out, m)
		}
	}
	return out
}

// mentionAt matches the longest name at the start of words and returns how
// many of them it takes.
func (e *Engine) mentionAt(sc *scope, words []string, sub *subject) (int, mention) {
	for n := min(mentionWords, len(words)); n > 1; n-- {
		if ent := e.serviceNamed(sc, foldName(strings.Join(words[:n], "-"))); ent != nil {
			return n, mentionOf(ent, sub)
		}
	}
	w := words[0]
	upper := strings.ToUpper(w)
	if inc := sc.incidents[upper]; inc != nil {
		return 1, mention{inc: inc, text: upper}
	}
	if t := sc.tickets[upper]; t != nil {
		return 1, mention{inc: t.inc, text: "ticket " + upper}
	}
	if ent := e.serviceNamed(sc, foldName(w)); ent != nil {
		return 1, mentionOf(ent, sub)
	}
	if len(w) >= minMention {
		if ent := e.entity(sc, entityInstance, w, false); ent != nil {
			return 1, mention{ent: ent, text: w}
		}
		if ent := e.entity(sc, entityHost, w, false); ent != nil {
			return 1, mention{ent: ent, text: w}
		}
		if owners := e.topo.instances[w]; len(owners) == 1 {
			return 1, mentionOf(e.nodeEntity(sc, owners[0]), sub)
		}
		if ent := e.entity(sc, entityName, w, false); ent != nil {
			return 1, mention{ent: ent, text: w}
		}
		if like := e.named(w); like != nil {
			return 1, mention{like: like, text: w}
		}
	}
	return 0, mention{}
}

// named lists the services that a word of a text may mean: people write
// "invoices" for what is called invoice-api and invoice-db.
func (e *Engine) named(word string) []int32 {
	w := foldName(word)
	if like := e.topo.families[w]; like != nil {
		return e.topo.family(w)
	}
	if one := strings.TrimSuffix(w, "s"); one != w && e.topo.families[one] != nil {
		return e.topo.family(one)
	}
	return nil
}

func mentionOf(ent *entity, sub *subject) mention {
	if ent == sub.ent {
		return mention{} // that is what it is about already
	}
	return mention{ent: ent, text: ent.key.name}
}

func (e *Engine) serviceNamed(sc *scope, folded string) *entity {
	if n, ok := e.topo.byFolded[folded]; ok {
		return e.nodeEntity(sc, n)
	}
	return sc.entities[entityService][folded]
}

// keyOf is the mention of inc itself, or of one of its tickets.
func (q *query) keyOf(inc *incident) *mention {
	for i := range q.mentions {
		if m := &q.mentions[i]; m.inc == inc {
			return m
		}
	}
	return nil
}

func (e *Engine) peerTies(t *ties) {
	w := &e.set.Correlation.Weights
	for i := range t.q.mentions {
		m := &t.q.mentions[i]
		if m.ent == nil || t.inc.places[m.ent] == nil {
			continue
		}
		base := &w.MentionPeer
		if m.told {
			base = &w.MentionTold
		}
		t.consider(tieAcross, t.inc.places[m.ent], evidence{kind: evMention, other: m.text}, base, nil)
	}
}

// namedIn is the first service, instance or host of inc that is mentioned.
func (q *query) namedIn(inc *incident) *mention {
	for i := range q.mentions {
		if m := &q.mentions[i]; m.ent != nil && m.ent.key.kind != entityName && inc.places[m.ent] != nil {
			return m
		}
	}
	return nil
}

// mentionTies offers what the signal names of the incident. A person who names
// a service means it; what an alert names is a peer, which may or may not be
// ill.
func (e *Engine) mentionTies(t *ties) {
	w := &e.set.Correlation.Weights
	if t.q.kind == schemas.KindAlert {
		e.peerTies(t)
	} else if m := t.q.namedIn(t.inc); m != nil {
		t.consider(tieSame, t.inc.places[m.ent], evidence{kind: evMention, other: m.text}, &w.Mention, nil)
	}
	if t.best.place != nil {
		return
	}
	for i := range t.q.mentions {
		m := &t.q.mentions[i]
		for _, n := range m.like {
			if x := t.q.sc.nodes[n]; x != nil && t.inc.places[x] != nil && t.inc.places[x].primary() {
				t.consider(tieAcross, t.inc.places[x], evidence{kind: evMention, other: m.text}, &w.MentionAlike, nil)
			}
		}
	}
	if t.best.place != nil {
		return
	}
	for i := range t.q.mentions {
		if m := &t.q.mentions[i]; m.ent != nil && m.ent.key.kind == entityName && t.inc.names[m.ent.key.name] > 0 {
			t.consider(tieSame, nil, evidence{kind: evMention, other: m.text}, &w.MentionName, nil)
			return
		}
	}
}
