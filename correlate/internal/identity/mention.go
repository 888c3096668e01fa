package identity

import (
	"slices"
	"strings"
	"unicode/utf8"

	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// Mention is something a signal's text or labels name.
type Mention struct {
	Entity   *state.Entity   // a service, instance or alert name
	Incident *state.Incident // an incident, by its id or by a ticket's key
	Like     []int32         // services whose names begin with the word
	Text     string
	InText   bool // by an alert, in its text
}

const (
	mentionsCap  = 16
	MinMention   = 4    // shorter alert names and instances are words, not names
	mentionWords = 5    // longest name, in words
	textCap      = 8192 // bytes of text looked at
	alertTextCap = 1024 // of an alert's summary, and of its description
	peersCap     = 4    // services that an alert may name
)

// MentionsOf finds what s names besides what it is about.
func MentionsOf(st *state.State, sc *state.Scope, s *schemas.Signal, sub *Subject) []Mention {
	if s.Kind == schemas.KindAlert {
		return labelMentions(st, sc, s, sub)
	}
	var out []Mention
	if s.Ticket != nil {
		for _, key := range s.Ticket.Links {
			if t := sc.Tickets[key]; t != nil {
				out = append(out, Mention{Incident: t.Incident, Text: "ticket " + key})
			}
		}
	}
	text := s.Name + "\n" + s.Summary + "\n" + s.Description
	if len(text) > textCap {
		text = text[:textCap]
	}
	return textMentions(st, sc, text, sub, out)
}

// labelMentions: a label whose value is a declared service, such as
// upstream="payment", names it.
func labelMentions(st *state.State, sc *state.Scope, s *schemas.Signal, sub *Subject) []Mention {
	if len(st.Topology.Nodes) == 0 {
		return nil
	}
	var out []Mention
	known := sub.Entity != nil && sub.Entity.Node >= 0
	for i := range s.Labels {
		l := &s.Labels[i]
		if !known && len(l.Value) >= MinMention && l.Name != "namespace" {
			if like := st.Topology.Families[l.Value]; like != nil && len(out) < peersCap {
				out = append(out, Mention{Like: st.Topology.Family(l.Value), Text: l.Value})
			}
		}
		if slices.Contains(st.Rules.Correlation.ServiceLabels, l.Name) || l.Value == sub.Service {
			continue
		}
		n := st.Topology.Exact(l.Value)
		if n < 0 {
			if owners := st.Topology.Instances[l.Value]; len(owners) == 1 && l.Value != s.Instance {
				n = owners[0]
			}
		}
		if n < 0 || st.Topology.Nodes[n].Name == sub.Service || len(out) >= peersCap {
			continue
		}
		out = append(out, Mention{Entity: st.NodeEntity(sc, n), Text: st.Topology.Nodes[n].Name})
	}
	out = peers(st, sc, s.Summary, sub, out)
	return peers(st, sc, s.Description, sub, out)
}

// peers finds the declared services that the text of an alert names, such as
// "calls to payment-db time out". Rules write whole names, so each word is
// looked at alone: it is done for every new alert.
func peers(st *state.State, sc *state.Scope, text string, sub *Subject, out []Mention) []Mention {
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
		if len(word) < topology.MinWord || word == sub.Service {
			continue
		}
		n := st.Topology.Folded(word)
		if n < 0 || st.Topology.Nodes[n].Name == sub.Service {
			continue
		}
		name := st.Topology.Nodes[n].Name
		if !slices.ContainsFunc(out, func(m Mention) bool { return m.Text == name }) {
			out = append(out, Mention{Entity: st.NodeEntity(sc, n), Text: name, InText: true})
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
func textMentions(st *state.State, sc *state.Scope, text string, sub *Subject, out []Mention) []Mention {
	raw := strings.FieldsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf || !inName(byte(r)) })
	words := make([]string, 0, len(raw))
	for _, w := range raw {
		if w = strings.Trim(w, "-_."); w != "" {
			words = append(words, w)
		}
	}
	for i := 0; i < len(words) && len(out) < mentionsCap; {
		n, m := mentionAt(st, sc, words[i:], sub)
		if n == 0 {
			i++
			continue
		}
		i += n
		if (m.Entity != nil || m.Incident != nil || m.Like != nil) && !slices.ContainsFunc(out, func(x Mention) bool { return x.Entity == m.Entity && x.Incident == m.Incident && x.Text == m.Text }) {
			out = append(out, m)
		}
	}
	return out
}

// mentionAt matches the longest name at the start of words and returns how
// many of them it takes.
func mentionAt(st *state.State, sc *state.Scope, words []string, sub *Subject) (int, Mention) {
	for n := min(mentionWords, len(words)); n > 1; n-- {
		if ent := serviceNamed(st, sc, topology.Fold(strings.Join(words[:n], "-"))); ent != nil {
			return n, mentionOf(ent, sub)
		}
	}
	w := words[0]
	upper := strings.ToUpper(w)
	if inc := sc.Incidents[upper]; inc != nil {
		return 1, Mention{Incident: inc, Text: upper}
	}
	if t := sc.Tickets[upper]; t != nil {
		return 1, Mention{Incident: t.Incident, Text: "ticket " + upper}
	}
	if ent := serviceNamed(st, sc, topology.Fold(w)); ent != nil {
		return 1, mentionOf(ent, sub)
	}
	if len(w) >= MinMention {
		if ent := st.Entity(sc, state.EntityInstance, w, false); ent != nil {
			return 1, Mention{Entity: ent, Text: w}
		}
		if ent := st.Entity(sc, state.EntityHost, w, false); ent != nil {
			return 1, Mention{Entity: ent, Text: w}
		}
		if owners := st.Topology.Instances[w]; len(owners) == 1 {
			return 1, mentionOf(st.NodeEntity(sc, owners[0]), sub)
		}
		if ent := st.Entity(sc, state.EntityName, w, false); ent != nil {
			return 1, Mention{Entity: ent, Text: w}
		}
		if like := named(st, w); like != nil {
			return 1, Mention{Like: like, Text: w}
		}
	}
	return 0, Mention{}
}

// named lists the services that a word of a text may mean: people write
// "invoices" for what is called invoice-api and invoice-db.
func named(st *state.State, word string) []int32 {
	w := topology.Fold(word)
	if like := st.Topology.Families[w]; like != nil {
		return st.Topology.Family(w)
	}
	if one := strings.TrimSuffix(w, "s"); one != w && st.Topology.Families[one] != nil {
		return st.Topology.Family(one)
	}
	return nil
}

func mentionOf(ent *state.Entity, sub *Subject) Mention {
	if ent == sub.Entity {
		return Mention{} // that is what it is about already
	}
	return Mention{Entity: ent, Text: ent.Key.Name}
}

func serviceNamed(st *state.State, sc *state.Scope, folded string) *state.Entity {
	if n, ok := st.Topology.ByFolded[folded]; ok {
		return st.NodeEntity(sc, n)
	}
	return sc.Entities[state.EntityService][folded]
}
