package correlate

import (
	"slices"
	"strings"

	"pinkstar/schemas"
)

// mention is something a signal's text or labels name.
type mention struct {
	ent  *entity   // a service, instance or alert name
	inc  *incident // an incident, by its id or by a ticket's key
	text string
}

const (
	mentionsCap  = 16
	minMention   = 4    // shorter alert names and instances are words, not names
	mentionWords = 5    // longest name, in words
	textCap      = 8192 // bytes of text looked at
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
	for i := range s.Labels {
		l := &s.Labels[i]
		if slices.Contains(e.set.Correlation.ServiceLabels, l.Name) || l.Value == sub.service {
			continue
		}
		n := e.topo.exact(l.Value)
		if n < 0 {
			if owners := e.topo.instances[l.Value]; len(owners) == 1 && l.Value != s.Instance {
				n = owners[0]
			}
		}
		if n < 0 || e.topo.nodes[n].name == sub.service || len(out) >= 4 {
			continue
		}
		out = append(out, mention{ent: e.nodeEntity(sc, n), text: e.topo.nodes[n].name})
	}
	return out
}

// textMentions looks for names in free text. The longest name wins, so that
// "payment-api" is not taken for "payment".
func (e *Engine) textMentions(sc *scope, text string, sub *subject, out []mention) []mention {
	raw := strings.FieldsFunc(text, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.')
	})
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
		if (m.ent != nil || m.inc != nil) && !slices.ContainsFunc(out, func(x mention) bool { return x.ent == m.ent && x.inc == m.inc }) {
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
	}
	return 0, mention{}
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

// scoreMentions adds what the signal names of inc. It reports whether
// something links.
func (e *Engine) scoreMentions(q *query, inc *incident, res *scored, add func(evidence), tied bool) bool {
	w := &e.set.Correlation.Weights
	linked := false
	for i := range q.mentions {
		m := &q.mentions[i]
		if m.inc == inc && inc != nil {
			add(evidence{kind: evMentionKey, points: w.MentionKey, other: m.text})
			res.decisive = true
			return true
		}
	}
	for i := range q.mentions {
		m := &q.mentions[i]
		if m.ent == nil || linked {
			continue
		}
		if m.ent.key.kind == entityName {
			if inc.names[m.ent.key.name] == 0 {
				continue
			}
			if tied {
				continue
			}
			add(evidence{kind: evMention, points: w.MentionName, other: m.text})
		} else {
			p := inc.places[m.ent]
			if p == nil {
				continue
			}
			if tied {
				add(evidence{kind: evMention, points: w.MentionToo, other: m.text})
				return true
			}
			add(evidence{kind: evMention, points: e.mentionPoints(q), other: m.text})
			if res.anchor.IsZero() {
				res.anchor = p.lastID
			}
		}
		linked = true
		if !hasTime(res.evidence) {
			gap := e.gapTo(q, inc, inc.pub.StartedAt, inc.lastStart)
			add(evidence{kind: evTime, points: e.pointsAt(e.set.Correlation.Time, gap), gap: gap})
		}
	}
	return linked
}

// mentionPoints: a person who names a service means it; an alert's label names
// a peer, which may or may not be ill.
func (e *Engine) mentionPoints(q *query) int64 {
	if q.kind == schemas.KindAlert {
		return e.set.Correlation.Weights.MentionPeer
	}
	return e.set.Correlation.Weights.Mention
}

func hasTime(evs []evidence) bool {
	return slices.ContainsFunc(evs, func(ev evidence) bool { return ev.kind == evTime })
}
