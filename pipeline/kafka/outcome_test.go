package kafka

import (
	"encoding/json"
	"testing"

	"pinkstar/schemas"
)

func TestOutcomeRecordIsEncodingJSON(t *testing.T) {
	cfg := Config{TopicPrefix: "t."}
	for _, v := range []any{
		&schemas.Decision{SignalID: "a", Reason: "plain"},
		&schemas.Decision{SignalID: "a", Reason: `<b> & "c"` + "\u2028é\x00", Signal: &schemas.Signal{URL: "/graph?a=1&b=2"}},
		&schemas.Incident{ID: "INC-1", Timeline: []string{"a > b"}},
		&schemas.Problem{ID: "P"},
		&schemas.TimelineEntry{Text: "<"},
		schemas.DeadLetter{SignalID: "x", Value: []byte("<&>")},
	} {
		r, err := OutcomeRecord(&cfg, "topic", "type", "key", "id", 1795343520123, v)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		if string(r.Value) != string(want) {
			t.Errorf("%T\n got %s\nwant %s", v, r.Value, want)
		}
		if string(r.Key) != "key" || r.Topic != "t.topic" || r.Timestamp.UnixMilli() != 1795343520123 ||
			string(r.Headers[0].Value) != "id" || string(r.Headers[1].Value) != "type" || len(r.Headers) != 5 {
			t.Errorf("%T: %+v", v, r)
		}
	}
}
