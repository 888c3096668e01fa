package scoring

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// keyOf is the mention of inc itself, or of one of its tickets.
func (q *Query) keyOf(inc *state.Incident) *identity.Mention {
	for i := range q.Mentions {
		if m := &q.Mentions[i]; m.Incident == inc {
			return m
		}
	}
	return nil
}

func (wr *Weigher) relatePeers(t *relations) {
	w := wr.tiesOf(t.q.scope)
	for i := range t.q.Mentions {
		m := &t.q.Mentions[i]
		if m.Entity == nil || t.incident.Affected[m.Entity] == nil {
			continue
		}
		base := &w.MentionPeer
		if m.InText {
			base = &w.MentionInText
		}
		t.consider(nearAcross, t.incident.Affected[m.Entity], evidence.Item{Kind: evidence.Mention, Other: m.Text}, base, nil)
	}
}

// namedIn is the first service, instance or host of inc that is mentioned.
func (q *Query) namedIn(inc *state.Incident) *identity.Mention {
	for i := range q.Mentions {
		if m := &q.Mentions[i]; m.Entity != nil && m.Entity.Key.Kind != state.EntityName && inc.Affected[m.Entity] != nil {
			return m
		}
	}
	return nil
}

// relateMentions offers what the signal names of the incident. A person who names
// a service means it; what an alert names is a peer, which may or may not be
// ill.
func (wr *Weigher) relateMentions(t *relations) {
	w := wr.tiesOf(t.q.scope)
	if t.q.kind == schemas.KindAlert {
		wr.relatePeers(t)
	} else if m := t.q.namedIn(t.incident); m != nil {
		t.consider(nearSame, t.incident.Affected[m.Entity], evidence.Item{Kind: evidence.Mention, Other: m.Text}, &w.Mention, nil)
	}
	if t.best.at != nil {
		return
	}
	for i := range t.q.Mentions {
		m := &t.q.Mentions[i]
		for _, n := range m.Like {
			if x := t.q.scope.Nodes.At(n); x != nil && t.incident.Affected[x] != nil && t.incident.Affected[x].Primary() {
				t.consider(nearAcross, t.incident.Affected[x], evidence.Item{Kind: evidence.Mention, Other: m.Text}, &w.MentionAlike, nil)
			}
		}
	}
	if t.best.at != nil {
		return
	}
	for i := range t.q.Mentions {
		if m := &t.q.Mentions[i]; m.Entity != nil && m.Entity.Key.Kind == state.EntityName && t.incident.Names[m.Entity.Key.Name] > 0 {
			t.consider(nearSame, nil, evidence.Item{Kind: evidence.Mention, Other: m.Text}, &w.MentionName, nil)
			return
		}
	}
}
