package notify

import (
	"cmp"
	"slices"

	"pinkstar/schemas"
)

// laneKey is an incident's conversation with one address.
type laneKey struct{ incident, target string }

// lane has the deliveries of one incident to one target that are not final, in
// the order of their effects, and what the earlier ones left there.
type lane struct {
	key    laneKey
	open   []*schemas.Delivery
	thread schemas.Labels
	queued bool         // with its courier
	last   schemas.Time // when a delivery last became final
}

// put adds d or replaces the revision before; a final one leaves.
func (l *lane) put(d *schemas.Delivery) {
	i := slices.IndexFunc(l.open, func(x *schemas.Delivery) bool { return x.ID == d.ID })
	if d.State.Final() {
		if i >= 0 {
			l.open = slices.Delete(l.open, i, i+1)
		}
		l.last = max(l.last, d.At)
		l.learn(d.Thread)
		return
	}
	if i >= 0 {
		l.open[i] = d
		return
	}
	at, _ := slices.BinarySearchFunc(l.open, d, func(a, b *schemas.Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	for at < len(l.open) && l.open[at].Seq == d.Seq { // several people by one target
		at++
	}
	l.open = slices.Insert(l.open, at, d)
}

// learn takes what a message left, over what is known.
func (l *lane) learn(left schemas.Labels) {
	if len(left) == 0 {
		return
	}
	all := map[string]string{}
	for _, x := range slices.Concat(l.thread, left) {
		all[x.Name] = x.Value
	}
	l.thread = schemas.LabelsOf(all)
}

func (l *lane) head() *schemas.Delivery {
	if len(l.open) == 0 {
		return nil
	}
	return l.open[0]
}

// superseded returns the deliveries at the front that a later one makes needless:
// they were never tried, and one behind them says all of it.
func (l *lane) superseded() []*schemas.Delivery {
	var out []*schemas.Delivery
	for i, d := range l.open {
		if d.State != schemas.DeliveryWaiting || d.Attempts > 0 || d.Effect.Coalesce == "" {
			break
		}
		later := slices.ContainsFunc(l.open[i+1:], func(x *schemas.Delivery) bool {
			return x.Effect.Coalesce == d.Effect.Coalesce && x.Person == d.Person
		})
		if !later {
			break
		}
		out = append(out, d)
	}
	return out
}

// urgent reports whether somebody is to be woken: that goes before news.
func urgent(d *schemas.Delivery) bool {
	return d.Kind == schemas.EffectPage || d.Kind == schemas.EffectEscalated
}
