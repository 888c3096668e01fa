package eval

import (
	"fmt"
	"strings"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/schemas"
)

// Oracle knows every fault: where it began, whom it reached when, and when it
// ended. It sees of a signal only what arrived. It gives a signal to the fault
// that had reached the entity the signal names, the one that reached it last
// if there are several, and leaves the rest alone. What it gets wrong cannot
// be known from what arrives: background on a service that is just then ill,
// two faults on one service, tickets that name nothing. It is a ceiling, not
// a competitor.
type Oracle struct{ data *Data }

// Name implements Assigner.
func (*Oracle) Name() string { return "oracle" }

func (o *Oracle) know(d *Data) { o.data = d }

// Assign implements Assigner.
func (o *Oracle) Assign(_ []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	if o.data == nil || o.data.World == nil {
		return nil, nil, fmt.Errorf("the oracle knows simulated worlds only")
	}
	w := o.data.World
	out := make([]string, len(signals))
	roots := map[string][]string{}
	names := w.ServiceNames()
	last, times := map[string]schemas.Time{}, map[string]int{}
	for i := range signals {
		l := &signals[i]
		if !l.Scored() || l.Environment != "production" {
			continue
		}
		entity := w.EntityOf(&l.Signal)
		if l.Kind == schemas.KindTicket {
			entity = mentioned(l, names, w)
		}
		if f := o.faultAt(entity, l.StartsAt); f != nil {
			out[i] = f.ID
			roots[f.ID] = []string{f.Root}
			continue
		}
		// What no fault explains stands alone; when it flaps, with itself.
		if l.StartsAt.Sub(last[l.Fingerprint]) > 15*schemas.Minute {
			times[l.Fingerprint]++
		}
		last[l.Fingerprint] = l.StartsAt
		out[i] = fmt.Sprint(l.Fingerprint, "/", times[l.Fingerprint])
	}
	return out, roots, nil
}

// faultAt allows for clocks that differ and for reports that come after the end.
func (o *Oracle) faultAt(entity string, at schemas.Time) *sim.Fault {
	var best *sim.Fault
	var onset schemas.Time
	slack := max(5*schemas.Second, 2*o.data.World.Params.Skew)
	for i := range o.data.Faults {
		f := &o.data.Faults[i]
		after, touched := f.Touched[entity]
		if !touched {
			continue
		}
		t := f.Start.Add(int64(after))
		if at >= t.Add(-slack) && at <= f.End.Add(slack) && (best == nil || t > onset) {
			best, onset = f, t
		}
	}
	return best
}

// mentioned finds the longest service name in a ticket, separators folded, or
// the instance it names.
func mentioned(l *sim.Labelled, names []string, w *sim.World) string {
	if l.Service != "" {
		return l.Service
	}
	text := " " + l.Summary + " " + l.Description + " "
	for word := range strings.FieldsSeq(text) {
		if e := w.EntityOf(&schemas.Signal{Labels: schemas.Labels{{Name: "pod", Value: strings.Trim(word, ".,")}}}); e != "" {
			if strings.Contains(word, "-") {
				return e
			}
		}
	}
	folded := strings.NewReplacer("-", " ", ".", " ", ",", " ").Replace(strings.ToLower(text))
	best := ""
	for _, n := range names {
		if len(n) > len(best) && strings.Contains(folded, " "+strings.ReplaceAll(n, "-", " ")+" ") {
			best = n
		}
	}
	return best
}
