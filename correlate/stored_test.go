package correlate

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// notStored are the fields of the state that a snapshot leaves out, each with the
// reason why an engine without them goes on as one that has them.
var notStored = map[string]string{
	"state.State.Rules":      "stored as its text",
	"state.State.Topology":   "stored as its text",
	"state.State.Learnt":     "stored as its text",
	"state.State.At":         "of the record being taken",
	"state.State.Strings":    "memory shared by equal strings",
	"state.State.Known":      "an index of the signals in Expiry",
	"state.State.Bases":      "Relays the other way round",
	"state.Scope.Alerts":     "an index of the alerts in incidents, windows and Lone",
	"state.Scope.origin":     "shared by what is decided now",
	"state.Scope.found":      "an index of Changes",
	"state.Change.found":     "under what it is found there",
	"state.Scope.ByKey":      "an index of Changes",
	"state.Scope.Incidents":  "an index of Live",
	"state.Entity.Location":  "shared memory for the next alert on it",
	"state.Incident.Listing": "members as last written",
	"state.Incident.Roots":   "computed anew when it is written",
	"state.Incident.Named":   "how many services Pub.Services was made of",

	"business.Series.sums":    "a ring, larger than what is held: compared by business.TestALedgerIsStored",
	"business.Series.marks":   "likewise",
	"business.Series.minute":  "likewise",
	"business.Series.first":   "what is older than the ring holds is not held",
	"business.Series.version": "counts changes since it was read",
	"business.Series.view":    "computed anew from the figures",

	"state.State.Looked": "counts work, for tests",
	"state.tally[pinkstar/correlate/internal/state.EntityKey].fading": "made anew when there is no room",
	"state.tally[pinkstar/correlate/internal/state.EntityKey].looked": "counts work, for tests",
	"state.tally[string].fading":                                      "made anew when there is no room",
	"state.tally[string].looked":                                      "counts work, for tests",
	"state.Affected.told":                                             "summed up anew: see state.Tree",
	"state.part.told":                                                 "likewise",
	"state.part.changed":                                              "likewise",
	"state.part.unshared":                                             "likewise",
	"state.part.teams":                                                "likewise",
	"state.part.notices":                                              "likewise",
	"state.part.candidates":                                           "likewise",
	"state.Tree.sum":                                                  "likewise",
	"state.Tree.changed":                                              "likewise",
	"state.Tree.unshared":                                             "likewise",
	"state.Tree.stale":                                                "likewise",
	"state.Tree.extent":                                               "likewise",

	"schemas.Incident.Members":         "made anew from the alerts and tickets when it is written",
	"schemas.Incident.Tree":            "made anew from what is below it when it is written",
	"schemas.Incident.ChildrenOmitted": "made anew with the list",
	"schemas.Incident.ServicesOmitted": "made anew with the list",
	"schemas.Incident.TicketsOmitted":  "made anew with the list",
	"schemas.Incident.MembersOmitted":  "made anew with the list",
	"schemas.Incident.TimelineOmitted": "made anew with the list",
	"schemas.Incident.Tickets":         "made anew from the tickets when it is written",
	"schemas.Incident.Services":        "made anew from what is affected when it is written",
	"schemas.Incident.Children":        "made anew from the children when it is written",
	"schemas.Incident.Teams":           "made anew from the teams when it is written",
	"schemas.Incident.Roots":           "computed anew when it is written",

	"state.Corrections.byKey":    "an index of list",
	"state.Corrections.of":       "an index of list",
	"state.Corrections.cannot":   "an index of list",
	"state.Corrections.mustLink": "an index of list",
	"state.ExpiryQueue.Head":     "where Items begins: compared from there",
	"state.NodeEntities.pages":   "entities that nothing refers to are left out, the others are reached from incidents",
	"state.TimerQueue.Heap":      "in another order, and without timers of what ended",
	"state.TimerQueue.Ended":     "how many those are",
	"state.TimerQueue.clean":     "when they are thrown out",
}

// neverSet are fields that an engine at rest, between two inputs, does not have.
var neverSet = map[string]string{
	"business.Series.daily":      "of series of weeks: see TestFiguresSurviveARestart",
	"business.Series.calibrated": "likewise",

	"state.Alert.Evicted":      "nothing that is left refers to it",
	"state.Change.Evicted":     "nothing that is left refers to it",
	"state.Correction.gone":    "it is left out",
	"state.Incident.Closed":    "nothing that is left refers to it",
	"state.Incident.Urgent":    "until the end of an input",
	"state.Incident.Heard":     "until the end of an input",
	"state.Stats.Alerts":       "counted when asked",
	"state.Stats.Incidents":    "counted when asked",
	"state.Stats.KnownSignals": "counted when asked",
	"state.Stats.Scopes":       "counted when asked",
	"state.Stats.Wakes":        "counted when asked",
}

// What a snapshot does not hold is lost by every restart. Whoever adds a field to
// the state stores it, or says here why it need not be.
func TestEveryFieldOfTheStateIsStored(t *testing.T) {
	w := &walk{seen: map[[2]any]bool{}, set: map[string]bool{}, all: map[string]bool{}, lost: map[string]string{}}
	for seed := range uint64(6) {
		for _, newEngine := range []func() *Engine{newTestEngine, newTightEngine} {
			e := newEngine()
			log := logOf(seed+1, 700)
			var out Output
			for _, part := range [][]entry{log[:200], log[200:450], log[450:]} {
				feed(e, part, &out)
				back, err := Restore(bytes.NewReader(snapshotOf(t, e)))
				if err != nil {
					t.Fatal(err)
				}
				w.compare(reflect.ValueOf(e.st), reflect.ValueOf(back.st), "")
				setRare(back)
				again, err := Restore(bytes.NewReader(snapshotOf(t, back)))
				if err != nil {
					t.Fatal(err)
				}
				w.compare(reflect.ValueOf(back.st), reflect.ValueOf(again.st), "")
			}
		}
	}
	for _, field := range slices.Sorted(maps.Keys(w.lost)) {
		t.Errorf("%s is lost: %s. Store it (encode and decode, a new format), or say in notStored why that is not needed", field, w.lost[field])
	}
	for _, field := range slices.Sorted(maps.Keys(w.all)) {
		// What is published is stored as JSON, whole.
		if !w.set[field] && neverSet[field] == "" && notStored[field] == "" && !strings.HasPrefix(field, "schemas.") {
			t.Errorf("%s is never set by the logs of this test: have setRare do it, or it can't be known whether it is stored", field)
		}
	}
	for field := range notStored {
		if !w.all[field] {
			t.Errorf("notStored names %s, which there is not", field)
		}
	}
}

// walk compares two values and everything below them, by the fields that lead
// there.
type walk struct {
	seen map[[2]any]bool
	all  map[string]bool   // fields
	set  map[string]bool   // that had a value
	lost map[string]string // that came back otherwise
}

func (w *walk) compare(a, b reflect.Value, field string) {
	if a.Kind() != b.Kind() {
		w.lose(field, a, b)
		return
	}
	switch a.Kind() {
	case reflect.Pointer:
		if a.IsNil() || b.IsNil() {
			if a.IsNil() != b.IsNil() {
				w.lose(field, a, b)
			}
			return
		}
		k := [2]any{a.Pointer(), b.Pointer()}
		if !w.seen[k] {
			w.seen[k] = true
			w.compare(a.Elem(), b.Elem(), field)
		}
	case reflect.Struct:
		from := 0
		if f := a.FieldByName("Head"); f.IsValid() && a.Type().Name() == "ExpiryQueue" {
			from = int(f.Int())
		}
		for i := range a.NumField() {
			f := a.Type().Field(i)
			name := a.Type().String() + "." + f.Name
			if !strings.HasPrefix(a.Type().PkgPath(), "pinkstar/") {
				name = field
			}
			w.all[name] = true
			w.set[name] = w.set[name] || !a.Field(i).IsZero()
			switch {
			case f.Name == "Items" && from > 0:
				w.compare(a.Field(i).Slice(from, a.Field(i).Len()), b.Field(i), name)
			case name == "state.Corrections.list":
				w.compareHolding(a.Field(i), b.Field(i), name)
			case notStored[name] == "":
				w.compare(a.Field(i), b.Field(i), name)
			}
		}
	case reflect.Slice, reflect.Array:
		if a.Len() != b.Len() {
			w.lose(field, a, b)
			return
		}
		for i := range a.Len() {
			w.compare(a.Index(i), b.Index(i), field)
		}
	case reflect.Map:
		w.maps(a, b, field)
	case reflect.Interface, reflect.Func, reflect.Chan:
		w.lost[field] = "a " + a.Kind().String() + " can't be compared"
	default:
		// The key of no alert is empty or the key of two empty strings.
		if x, y := fmt.Sprint(a), fmt.Sprint(b); x != y && !(x == "" && y == "\x00") {
			w.lose(field, a, b)
		}
	}
}

// maps compares what stands under equal keys; pointers as keys lead nowhere, but
// what they point to is reached otherwise.
func (w *walk) maps(a, b reflect.Value, field string) {
	if a.Len() != b.Len() {
		w.lose(field, a, b)
		return
	}
	if a.Type().Key().Kind() == reflect.Pointer {
		return
	}
	for _, k := range a.MapKeys() {
		v := b.MapIndex(k)
		if !v.IsValid() {
			w.lose(field, a, b)
			return
		}
		w.compare(a.MapIndex(k), v, field)
	}
}

// compareHolding compares corrections without those that hold no longer.
func (w *walk) compareHolding(a, b reflect.Value, field string) {
	hold := func(list reflect.Value) (at []int) {
		for i := range list.Len() {
			if !list.Index(i).Elem().FieldByName("gone").Bool() {
				at = append(at, i)
			}
		}
		return at
	}
	left, right := hold(a), hold(b)
	if len(left) != len(right) {
		w.lose(field, a, b)
		return
	}
	for i := range left {
		w.compare(a.Index(left[i]), b.Index(right[i]), field)
	}
}

func (w *walk) lose(field string, a, b reflect.Value) {
	if w.lost[field] == "" {
		w.lost[field] = fmt.Sprintf("%.60q came back as %.60q", fmt.Sprint(a), fmt.Sprint(b))
	}
}

// setRare gives a value to what the logs of this test leave empty.
func setRare(e *Engine) {
	e.st.Behaviour, e.st.Stats.BadActivations = 7, 8
	if s, err := rules.ParseShifts("calendar: nights\nshifts: [{from: '2026-11-22T20:00:00Z', to: '2026-11-23T06:00:00Z', people: [kim]}]"); err == nil {
		e.st.SetShifts(s)
	}
	e.st.ReviseAt = e.st.Now + 1
	for _, sc := range e.st.Order {
		sc.Actions = []*schemas.ActionItem{{ID: "ACT-1", What: "mend it", Status: schemas.ActionOpen}}
		for _, a := range sc.Business.Accounts {
			a.Due, a.Final, a.KeptUntil, a.Closed = true, true, e.st.Now+1, &schemas.Incident{ID: a.ID}
		}
		for _, p := range sc.Patterns.List {
			p.Schedule = "every 8 hours"
		}
		for _, ch := range sc.Changes {
			ch.AsSent, ch.Undoes, ch.Contact, ch.Sets = true, true, "kim", []string{"calendar"}
		}
		for _, inc := range sc.Live {
			inc.FlapUntil = e.st.Now + 1
			inc.Talk.Expired, inc.Talk.By, inc.Talk.Via, inc.Talk.SeverityBy = true, "kim", "chat", "ona"
			if inc.Measured != nil {
				inc.Measured.Cost = 9
			}
			for _, x := range inc.Tickets {
				x.Cost, x.Currency, x.Users = 1200.5, "EUR", 30
				x.Url = "https://tickets.example/1"
			}
		}
	}
}
