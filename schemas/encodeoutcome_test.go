package schemas

import (
	"encoding/json"
	"reflect"
	"testing"
)

// outcomes are the types AppendOutcome knows.
var outcomes = []any{&Decision{}, &Incident{}, &TimelineEntry{}, &Problem{}}

func TestOutcomeCodecKnowsEveryField(t *testing.T) {
	for _, zero := range outcomes {
		v := reflect.New(reflect.TypeOf(zero).Elem())
		n := 0
		fill(t, v.Elem(), &n)
		check := func(what string, v any) {
			t.Helper()
			if got, _ := AppendOutcome(nil, v); string(got) != string(mustMarshal(t, v)) {
				t.Errorf("%s %T\n got %s\nwant %s", what, v, got, mustMarshal(t, v))
			}
		}
		check("full", v.Interface())
		check("zero", zero)
		for i := range v.Elem().NumField() { // each field empty by itself: what is left out, and what becomes null
			one := reflect.New(v.Elem().Type())
			one.Elem().Set(v.Elem())
			one.Elem().Field(i).SetZero()
			check("without "+v.Elem().Type().Field(i).Name, one.Interface())
			if f := one.Elem().Field(i); f.Kind() == reflect.Slice {
				f.Set(reflect.MakeSlice(f.Type(), 0, 0))
				check("empty "+v.Elem().Type().Field(i).Name, one.Interface())
			}
		}
	}
	if b, ok := AppendOutcome(nil, &DeadLetter{}); ok || len(b) > 0 {
		t.Errorf("a dead letter: %s", b)
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
		v    any
	}{{"decision", realisticDecision()}, {"incident-of-20", realisticIncident()}} {
		b.Run(c.name+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf, _ = AppendOutcome(buf[:0], c.v)
			}
			b.SetBytes(int64(len(buf)))
		})
		b.Run(c.name+"/encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := json.Marshal(c.v); err != nil {
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
