package schemas

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
)

// check holds one outcome of the registry to its type: whatever is set, it is
// written with the bytes of encoding/json and read back as it was.
func (o *Outcome[T]) check(t *testing.T, what string, v *T) {
	t.Helper()
	got := o.Append(nil, v)
	if want := mustMarshal(t, v); string(got) != string(want) {
		t.Errorf("%s %s\n got %s\nwant %s", what, o.Name, got, want)
	}
	if back, err := o.Decode(got); err != nil || !reflect.DeepEqual(back, v) && string(o.Append(nil, back)) != string(got) {
		t.Errorf("%s %s was read back as\n%+v, %v\nwant %+v", what, o.Name, back, err, v)
	}
}

func (o *Outcome[T]) checkEveryField(t *testing.T) {
	full, n := new(T), 0
	v := reflect.ValueOf(full).Elem()
	fill(t, v, &n)
	o.check(t, "full", full)
	if back, err := o.Decode(o.Append(nil, full)); err != nil || !reflect.DeepEqual(back, full) {
		t.Errorf("a full %s was read back as\n%+v, %v\nwant %+v", o.Name, back, err, full)
	}
	o.check(t, "zero", new(T))
	for i := range v.NumField() { // each field empty by itself: what is left out, and what becomes null
		one := new(T)
		*one = *full
		f := reflect.ValueOf(one).Elem().Field(i)
		f.SetZero()
		o.check(t, "without "+v.Type().Field(i).Name, one)
		if f.Kind() == reflect.Slice {
			f.Set(reflect.MakeSlice(f.Type(), 0, 0))
			o.check(t, "empty "+v.Type().Field(i).Name, one)
		}
	}
	o.checkNames(t, full)
	before := o.Append(nil, full)
	e := o.Emission(full)
	if small := e.Shrunk(); len(small.Append(nil)) >= len(before)+200 || small.ID != e.ID || small.Key != e.Key {
		t.Errorf("a shrunk %s has %d bytes of %d", o.Name, len(small.Append(nil)), len(before))
	}
	if string(o.Append(nil, full)) != string(before) {
		t.Errorf("shrinking a %s changed the one that was shrunk", o.Name)
	}
}

func (o *Outcome[T]) checkNames(t *testing.T, full *T) {
	e := o.Emission(full)
	if o.Name == "" || o.Plural == "" || o.Type == "" || e.ID == "" || e.At == 0 || (e.Key == "") != (o.Key == nil) {
		t.Errorf("%T lacks something: %+v, emitted as %+v", o, o.Names(), e)
	}
	if o.Revision != nil {
		if thing, n := RevisionIn(e.ID); thing != o.ID(full) || n != o.Revision(full) || n == 0 {
			t.Errorf("%s: %q is read as %q, revision %d", o.Name, e.ID, thing, n)
		}
	}
	if !slices.Contains(OutTopicNames(), o.Topic) {
		t.Errorf("%s: topic %q is not one of %v", o.Name, o.Topic, OutTopicNames())
	}
}

func TestEveryOutcomeIsWrittenAndReadWithEveryField(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Outcomes {
		n := k.Names()
		for _, name := range []string{"name " + n.Name, "plural " + n.Plural, "type " + n.Type} {
			if seen[name] {
				t.Errorf("two outcomes have the %s", name)
			}
			seen[name] = true
		}
		if OutcomeNamed(n.Name) != k {
			t.Errorf("%s is not found by its name", n.Name)
		}
		k.(interface{ checkEveryField(*testing.T) }).checkEveryField(t)
	}
	for _, topic := range OutTopicNames() {
		if !slices.ContainsFunc(Outcomes, func(k AnyOutcome) bool { return k.Names().Topic == topic }) {
			t.Errorf("no outcome goes to topic %s", topic)
		}
	}
}

// Every list of an Output is one outcome's, is written, and is emptied.
func TestOutputKnowsEveryOutcome(t *testing.T) {
	typ := reflect.TypeFor[Output]()
	for i := range typ.NumField() {
		var o Output
		f := reflect.ValueOf(&o).Elem().Field(i)
		f.Set(reflect.MakeSlice(f.Type(), 2, 2))
		written := map[string]int{}
		o.Each(func(e Emission) { written[e.Type]++ })
		if o.Empty() || len(written) != 1 {
			t.Errorf("%s: empty %v, written %v; want one type", typ.Field(i).Name, o.Empty(), written)
		}
		for kind, n := range written {
			if n != 2 {
				t.Errorf("%d of %s were written, want 2", n, kind)
			}
		}
		o.Reset()
		if !o.Empty() || f.Len() != 0 || f.Cap() != 2 {
			t.Errorf("%s is not emptied", typ.Field(i).Name)
		}
	}
	said := 0
	for _, k := range Outcomes {
		if k.FromEngine() {
			said++
		}
	}
	if said != typ.NumField() {
		t.Errorf("the engine says %d outcomes in %d lists", said, typ.NumField())
	}
}

func TestEmptyPartsAreFollowedByAComma(t *testing.T) {
	s := &Signal{Kind: KindChange, Change: &Change{}, Impact: &Impact{}}
	if got, want := AppendSignal(nil, s), mustMarshal(t, s); string(got) != string(want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func realisticDecision() *Decision {
	return &Decision{SignalID: "00112233445566778899aabbccddeeff", Revision: 1, Scope: "default/production", Kind: KindAlert,
		Verdict: VerdictPlaced, IncidentID: "INC-NCSP4X4J6D84", At: 1795343530000, LastAt: 1795343530000, Score: 4210, Threshold: 2000,
		Reason: "joined INC-NCSP4X4J6D84: turret-control depends on shield-core, which was affected first; 12 s between the starts",
		Evidence: []Evidence{{"depends_on", 2600, "turret-control depends on shield-core, which was affected first"},
			{"time", 900, "12 s between the starts"}, {"onset", 410, "14 s after shield-core was first affected"},
			{"pace", 300, "signals are joining it just now (4.2 within the last half-minutes)"}},
		AnchorID: "ffeeddccbbaa99887766554433221100", RunnerUp: &RunnerUp{"INC-X8R8WTG2TGXA", 1200, "its evidence falls short of the threshold by 800"},
		Rules: "0011223344556677", Topology: "8899aabbccddeeff", Candidates: 3, Signal: realisticSignal()}
}

func realisticIncident() *Incident {
	in := &Incident{ID: "INC-NCSP4X4J6D84", Revision: 4, Scope: "default/production", Status: IncidentOpen, Severity: SeverityCritical,
		Title:    "HighErrorRate on shield-core (+19 alerts on 4 services)",
		Services: []string{"bridge", "shield-core", "turret-control", "weapons"}, Teams: []string{"defence"},
		Roots:     []SuspectedRoot{{"shield-core", 640, "affected first; 3 affected services depend on it; nothing it depends on is affected"}},
		StartedAt: 1795343520123, DetectedAt: 1795343530000, UpdatedAt: 1795343590000, SignalCount: 20, AlertCount: 20, ActiveAlerts: 20,
		Timeline: []string{"2026-11-22T10:32:10.000Z opened by HighErrorRate on shield-core", "2026-11-22T10:32:20.000Z now also affects bridge"}}
	for range 20 {
		in.Members = append(in.Members, MemberRef{"00112233445566778899aabbccddeeff", KindAlert, "HighErrorRate", "turret-control",
			"turret-control-7d9f8b6c5-x2x4z", SeverityCritical, StatusFiring, 1795343520123,
			"joined INC-NCSP4X4J6D84: turret-control depends on shield-core, which was affected first; 12 s between the starts"})
	}
	return in
}

func BenchmarkAppendOutcome(b *testing.B) {
	for _, c := range []struct {
		name string
		e    Emission
	}{{"decision", Decisions.Emission(realisticDecision())}, {"incident-of-20", Incidents.Emission(realisticIncident())}} {
		b.Run(c.name+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf = c.e.Append(buf[:0])
			}
			b.SetBytes(int64(len(buf)))
		})
		b.Run(c.name+"/encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := json.Marshal(c.e.v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestAppendStringAtEveryPlace(t *testing.T) {
	for c := range 256 {
		for at := range 20 {
			s := []byte("abcdefghijklmnopqrst")
			s[at] = byte(c)
			if got, want := string(AppendString(nil, string(s))), string(mustMarshal(t, string(s))); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		}
	}
}
