package ndjson

import (
	"bytes"
	"encoding/json"

	"pinkstar/schemas"
)

// consumed is a record as `kcat -J` prints it.
type consumed struct {
	Partition int32        `json:"partition"`
	Time      schemas.Time `json:"ts"` // milliseconds
	Payload   *string      `json:"payload"`
}

// OwnRecord reads a record of the signals topic: its value, or all that kcat
// says of it. Anything else is a payload to be translated.
func OwnRecord(text []byte) (s *schemas.Signal, at schemas.Time, part int32, ok bool) {
	if bytes.Contains(text, []byte(`"payload"`)) && bytes.Contains(text, []byte(`"partition"`)) {
		var c consumed
		if json.Unmarshal(text, &c) == nil && c.Payload != nil && c.Time != 0 {
			if s = ownSignal([]byte(*c.Payload)); s != nil {
				return s, c.Time, c.Partition, true
			}
		}
	}
	if s = ownSignal(text); s != nil {
		return s, s.ReceivedAt, 0, true
	}
	return nil, 0, 0, false
}

// ownSignal returns a signal as Pinkstar wrote it, which is taken as it is: a
// control record, or one with the id that follows from what it says. nil: it is
// something else.
func ownSignal(text []byte) *schemas.Signal {
	if !bytes.Contains(text, []byte(`"received_at"`)) {
		return nil
	}
	s := new(schemas.Signal)
	if schemas.DecodeSignal(text, s) != nil || s.ReceivedAt == 0 {
		return nil
	}
	if s.Kind == schemas.KindTick || s.Kind == schemas.KindActivation {
		return s
	}
	if s.Scope == "" || s.ID == "" || schemas.SignalID(s).String() != s.ID {
		return nil
	}
	return s
}
