package kafka

import (
	"encoding/json"
	"testing"

	"pinkstar/schemas"
)

func TestOutcomeRecordIsEncodingJSON(t *testing.T) {
	cfg := Config{TopicPrefix: "t."}
	checkRecord(t, &cfg, schemas.Decisions, &schemas.Decision{SignalID: "a", Revision: 2, Scope: "s/p", Reason: "plain", LastAt: 1795343520123}, "a/2", "s/p")
	checkRecord(t, &cfg, schemas.Decisions, &schemas.Decision{
		SignalID: "a", Reason: `<b> & "c"` + "\u2028é\x00", Signal: &schemas.Signal{URL: "/graph?a=1&b=2"},
	}, "a/0", "")
	checkRecord(t, &cfg, schemas.Incidents, &schemas.Incident{ID: "INC-1", Revision: 3, Timeline: []string{"a > b"}}, "INC-1/3", "INC-1")
	checkRecord(t, &cfg, schemas.Problems, &schemas.Problem{ID: "P"}, "P/0", "P")
	checkRecord(t, &cfg, schemas.Timeline, &schemas.TimelineEntry{IncidentID: "INC-1", Seq: 4, Scope: "s/p", Text: "<"}, "INC-1/4", "s/p")
	checkRecord(t, &cfg, schemas.DeadLetters, &schemas.DeadLetter{SignalID: "x", Value: []byte("<&>")}, "x", "")
}

func checkRecord[T any](t *testing.T, cfg *Config, o *schemas.Outcome[T], v *T, id, key string) {
	t.Helper()
	e := o.Emission(v)
	r := OutcomeRecord(cfg, &e)
	want, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if string(r.Value) != string(want) {
		t.Errorf("%T\n got %s\nwant %s", v, r.Value, want)
	}
	if string(r.Key) != key || r.Topic != "t."+o.Topic || r.Timestamp.UnixMilli() != int64(o.At(v)) ||
		string(r.Headers[0].Value) != id || string(r.Headers[1].Value) != o.Type || len(r.Headers) != 5 {
		t.Errorf("%T: %+v", v, r)
	}
}

// Whatever an outcome says, its record's value is what json.Marshal gives.
func FuzzOutcomeRecordIsEncodingJSON(f *testing.F) {
	for _, s := range []string{"", "a", "<", ">&<", "&&&&", "<script>alert('x > y && z')</script>", `\u003c "\`, "\u2028<\u2029", "x>", "é&\xff<\x00"} {
		f.Add(s, "https://example.test/graph?g0.expr=a>b&g0.tab=1")
	}
	f.Fuzz(func(t *testing.T, reason, url string) {
		cfg := Config{TopicPrefix: "t."}
		checkRecord(t, &cfg, schemas.Decisions, &schemas.Decision{SignalID: "a", Revision: 1, Scope: "s", Reason: reason, Signal: &schemas.Signal{URL: url}}, "a/1", "s")
	})
}
