package ndjson

import (
	"encoding/json"
	"testing"

	"pinkstar/schemas"
)

// A command is taken out of the log as everything else is, although its id does
// not follow from what it says; a payload whose sender has ids of its own is not
// taken for a record of ours, unless the record's envelope says that it is one.
func TestOwnRecords(t *testing.T) {
	const at = schemas.Time(1_790_000_000_000)
	const id = "0123456789abcdef0123456789abcdef"
	signal := func(kind schemas.Kind) *schemas.Signal {
		return &schemas.Signal{ID: id, Kind: kind, Source: "x", Fingerprint: "f", Status: schemas.StatusIssued, Scope: "default/production",
			StartsAt: at, ReceivedAt: at, Command: &schemas.Command{Action: schemas.ActionAcknowledge, By: "sam", IncidentID: "INC-1"}}
	}
	for _, c := range []struct {
		name     string
		kind     schemas.Kind
		envelope bool
		want     bool
	}{
		{"a command", schemas.KindCommand, false, true},
		{"a command in its envelope", schemas.KindCommand, true, true},
		{"an alert with an id of its sender's", schemas.KindAlert, false, false},
		{"an alert in its envelope", schemas.KindAlert, true, true},
	} {
		text := schemas.AppendSignal(nil, signal(c.kind))
		if c.envelope {
			var err error
			if text, err = json.Marshal(map[string]any{"topic": "pinkstar.signals", "partition": 3, "offset": 1, "ts": int64(at), "payload": string(text)}); err != nil {
				t.Fatal(err)
			}
		}
		r, err := OwnRecord(text)
		if err != nil || (r != nil) != c.want || r != nil && (r.Signal.ID != id || r.At != at) {
			t.Errorf("%s: %+v, %v", c.name, r, err)
		}
	}
}

// A record of the log that can't be read is lost, not a payload of somebody else.
func TestARecordThatCannotBeReadIsAnError(t *testing.T) {
	for text, lost := range map[string]bool{
		`{"topic":"pinkstar.signals","partition":0,"ts":1790000000000,"payload":"{\"kind\":\"al"}`:       true,
		`{"partition":0,"ts":1790000000000,"payload":"{\"kind\":\"al"}`:                                  true, // what --topic reads
		`{"topic":"pinkstar.alerts","partition":0,"ts":1790000000000,"payload":"{\"version\":\"4\"}"}`:   false,
		`{"source":"alertmanager","received_at":"2026-11-22T10:00:00Z","payload":"{\"version\":\"4\"}"}`: false,
	} {
		if r, err := OwnRecord([]byte(text)); (err != nil) != lost || r != nil {
			t.Errorf("%s: %+v, %v", text, r, err)
		}
	}
}
