package schemas

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"

	"pinkstar/schemas/jsonscan"
)

func mustMarshal(t testing.TB, v any) []byte {
	t.Helper()
	b, err := Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fullSignal has every field filled in, so that a field the codec forgets shows.
func fullSignal(t testing.TB) *Signal {
	t.Helper()
	s := &Signal{}
	n := 0
	fill(t, reflect.ValueOf(s).Elem(), &n)
	return s
}

func fill(t testing.TB, v reflect.Value, n *int) {
	*n++
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(t, field, n)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[Labels]() {
			v.Set(reflect.ValueOf(Labels{{"a", "x<&>\"\\\u2028"}, {"b", "\x01é\b\f\n"}}))
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n)
	case reflect.String:
		v.SetString(strings.Repeat("s", *n%7+1) + v.Type().Name())
	case reflect.Uint8:
		v.SetUint(uint64(*n % 256))
	case reflect.Int32:
		v.SetInt(int64(*n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(1763807520123 + *n))
	case reflect.Float64:
		v.SetFloat(float64(*n) / 7)
	case reflect.Bool:
		v.SetBool(true)
	default:
		t.Fatalf("fill: no rule for %s", v.Type())
	}
}

func TestSignalCodecKnowsEveryField(t *testing.T) {
	s := fullSignal(t)
	want := mustMarshal(t, s)
	if got := AppendSignal(nil, s); string(got) != string(want) {
		t.Errorf("AppendSignal\n got %s\nwant %s", got, want)
	}
	var back Signal
	if err := DecodeSignal(want, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(&back, s) {
		t.Errorf("DecodeSignal\n got %+v\nwant %+v", back, *s)
	}
	if got, want := AppendSignal(nil, &Signal{}), mustMarshal(t, &Signal{}); string(got) != string(want) {
		t.Errorf("empty signal\n got %s\nwant %s", got, want)
	}
}

func TestDecodedSignalOwnsItsMemory(t *testing.T) {
	b := mustMarshal(t, fullSignal(t))
	var s Signal
	if err := DecodeSignal(b, &s); err != nil {
		t.Fatal(err)
	}
	before := AppendSignal(nil, &s)
	for i := range b {
		b[i] = '#'
	}
	if after := AppendSignal(nil, &s); string(after) != string(before) {
		t.Errorf("the signal changed with the buffer it was read from:\n%s", after)
	}
}

func TestDecodeSignalSaysWhere(t *testing.T) {
	for in, want := range map[string]string{
		`{"name":"x","labels":{"a":["b"]}}`: `labels.a: a label must be a string at byte 26`,
		`{"ticket":{"links":["A-1",2]}}`:    `ticket.links[1]: want a string, found a number at byte 26`,
		`{"starts_at":"yesterday"}`:         `starts_at: "yesterday" is not an RFC 3339 time such as 2026-11-22T10:32:00Z at byte 13`,
		`{"name":"x"`:                       `want a comma or '}', found the end at byte 11`,
	} {
		var s Signal
		if err := DecodeSignal([]byte(in), &s); err == nil || err.Error() != want {
			t.Errorf("%s\n got %v\nwant %s", in, err, want)
		}
	}
}

// exactNames reports whether every name in text, at any depth, is written in
// lower case and stands once in its object: what the codec reads otherwise
// than encoding/json by intention.
func exactNames(text string) bool {
	ok := true
	r := jsonscan.New(text)
	var walk func() error
	walk = func() error {
		switch r.Kind() {
		case jsonscan.Object:
			seen := map[string]bool{}
			return r.Object(func(name string) error {
				ok = ok && !seen[name] && name == strings.ToLower(name) && name == strings.Map(onlyASCII, name)
				seen[name] = true
				return walk()
			})
		case jsonscan.Array:
			return r.Array(func(int) error { return walk() })
		}
		return r.Skip()
	}
	return walk() == nil && ok
}

func onlyASCII(r rune) rune {
	if r > 127 {
		return -1
	}
	return r
}

func FuzzSignalCodec(f *testing.F) {
	f.Add(string(mustMarshal(f, fullSignal(f))))
	f.Add(`{"starts_at":1763807520123,"ends_at":"","labels":{"a":1,"b":true,"c":null,"d":"","a2":1e3},"flags":[],"impact":null}`)
	f.Add(`{"labels":{"b":"2","a":"1","b":"3"},"impact":{"cost":1e-9,"lost_revenue":1e21,"users":-3}}`)
	f.Add(`{"starts_at":"2026-11-22T10:32:00.5+01:00","ends_at":"0001-01-01T00:00:00Z","truncated":-1,"x":{"y":[1]}}`)
	f.Add(`{"starts_at":"0002-01-01T00:00:00+01:00","ends_at":"0001-12-31T23:59:59-01:00"}`) // the year 1 here, 2 there
	f.Fuzz(func(t *testing.T, text string) {
		var got, want Signal
		err := DecodeSignal([]byte(text), &got)
		if strings.Count(text, "[")+strings.Count(text, "{") < jsonscan.DefaultMaxDepth && exactNames(text) {
			if wantErr := json.Unmarshal([]byte(text), &want); (err == nil) != (wantErr == nil) {
				t.Fatalf("%s: got error %v, encoding/json says %v", text, err, wantErr)
			} else if err == nil && !reflect.DeepEqual(got, want) {
				t.Fatalf("%s\n got %+v\nwant %+v", text, got, want)
			}
		}
		if err != nil {
			return
		}
		b := AppendSignal(nil, &got)
		if want := mustMarshal(t, &got); string(b) != string(want) {
			t.Fatalf("AppendSignal\n got %s\nwant %s", b, want)
		}
		var back Signal
		if err := DecodeSignal(b, &back); err != nil {
			t.Fatalf("own bytes: %v\n%s", err, b)
		}
		if again := AppendSignal(nil, &back); string(again) != string(b) {
			t.Fatalf("not stable:\n%s\n%s", b, again)
		}
	})
}

func TestFloatsAsEncodingJSONWritesThem(t *testing.T) {
	for _, v := range []float64{0, 1, -1.5, 1e-6, 9.9e-7, 1e-9, 1e-10, 1e20, 1e21, 1e300, math.MaxFloat64, math.SmallestNonzeroFloat64} {
		if got, want := string(appendFloat(nil, v)), string(mustMarshal(t, v)); got != want {
			t.Errorf("%g: got %s, want %s", v, got, want)
		}
	}
	s := Signal{Impact: &Impact{Cost: math.Inf(1), LostRevenue: math.NaN()}}
	if b := AppendSignal(nil, &s); !json.Valid(b) {
		t.Errorf("a figure that is no number breaks the record: %s", b)
	}
}

func TestTimesOutsideFourDigitYears(t *testing.T) {
	for _, in := range []string{`253402300800000`, `-62104060800001`, `"9999-12-31T23:59:59-01:00"`, `1.5`, `7`, `-7`, `99999999`, `1e30`, `true`, `{}`, `"17000000001e1"`} {
		var v Time
		if err := json.Unmarshal([]byte(in), &v); err == nil {
			t.Errorf("%s was taken as %s", in, v)
		}
	}
	for in, want := range map[string]Time{
		`"0002-01-01T00:00:00+01:00"`: 0, `"0001-12-31T23:30:00-01:00"`: minTime + 30*60*1000,
		`"0001-01-01T00:00:00Z"`: 0, `null`: 0, `""`: 0, `"1970-01-01T00:00:00.007Z"`: 7, `0`: 0, `-62135596800`: 0,
		// Seconds, milliseconds, microseconds, nanoseconds: one instant.
		`1795343520`: 1795343520000, `1795343520.1239`: 1795343520123, `1795343520123`: 1795343520123, `1795343520123456`: 1795343520123,
		`1795343520123456789`: 1795343520123, `"1795343520"`: 1795343520000, `"1795343520123"`: 1795343520123, `1.79534352e+09`: 1795343520000,
		`99999999999`: 99999999999000, `100000000000`: 100000000000,
		`"2026-11-22T11:32:00.123456+01:00"`: 1795343520123,
	} {
		var v Time
		if err := json.Unmarshal([]byte(in), &v); err != nil || v != want {
			t.Errorf("%s: got %d, %v, want %d", in, v, err, want)
		}
	}
}

func realisticSignal() *Signal {
	return &Signal{
		ID: "00112233445566778899aabbccddeeff", Kind: KindAlert, Source: "alertmanager", Fingerprint: "a1b2c3d4e5f60718",
		Status: StatusFiring, Tenant: "default", Environment: "production", Scope: "default/production",
		Name: "HighErrorRate", Severity: SeverityCritical, Service: "turret-control", Instance: "turret-control-7d9f8b6c5-x2x4z",
		Host: "node-12", Team: "defence", StartsAt: 1795343520123, ReceivedAt: 1795343530000,
		Summary:     "Error rate of turret-control is 12 %",
		Description: "More than 5 % of the requests to turret-control failed in the last 5 minutes.",
		Labels: Labels{{"alertname", "HighErrorRate"}, {"cluster", "eu-1"}, {"environment", "production"}, {"job", "turret-control"},
			{"namespace", "defence"}, {"node", "node-12"}, {"pod", "turret-control-7d9f8b6c5-x2x4z"}, {"service", "turret-control"},
			{"severity", "critical"}, {"team", "defence"}},
		Annotations: Labels{{"description", "More than 5 % of the requests to turret-control failed in the last 5 minutes."},
			{"runbook_url", "https://runbooks.example/turret"}, {"summary", "Error rate of turret-control is 12 %"}},
		URL: "http://prometheus.example/graph?g0.expr=x", Runbook: "https://runbooks.example/turret",
		GroupKey: `{}/{team="defence"}:{alertname="HighErrorRate"}`,
	}
}

func BenchmarkDecodeSignal(b *testing.B) {
	text := AppendSignal(nil, realisticSignal())
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		var s Signal
		for b.Loop() {
			if err := DecodeSignal(text, &s); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(text)))
		for b.Loop() {
			var s Signal
			if err := json.Unmarshal(text, &s); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAppendSignal(b *testing.B) {
	s := realisticSignal()
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		var buf []byte
		for b.Loop() {
			buf = AppendSignal(buf[:0], s)
		}
	})
	b.Run("encoding-json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := json.Marshal(s); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestTimesAreWrittenAsFormatWritesThem(t *testing.T) {
	for _, v := range []Time{minTime, minTime + 1, -1, 1, 999, 951782400000 - 1, 951868799999, 1795343520123, 4107542400000, maxTime - 1, maxTime} {
		if got, want := string(v.AppendJSON(nil)), `"`+v.Std().Format(timeLayout)+`"`; got != want {
			t.Errorf("%d: got %s, want %s", int64(v), got, want)
		}
	}
}

// One rule for durations: what is not whole is cut.
func TestSpansReadTheSameEverywhere(t *testing.T) {
	for ms, want := range map[int64]string{0: "0.0 s", 449: "0.4 s", -9_999: "9.9 s", 10_000: "10 s", 119_999: "119 s", 120_000: "2 min", 2_190_000: "36 min",
		2 * Hour: "2 h 0 min", 2*Day - 1: "47 h 59 min", 2 * Day: "2 days"} {
		if got := SpanText(ms); got != want {
			t.Errorf("%d ms: %s, want %s", ms, got, want)
		}
	}
}
