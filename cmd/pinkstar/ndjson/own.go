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
	if c := asConsumed(text); c != nil {
		if s = recorded([]byte(*c.Payload)); s != nil {
			return s, c.Time, c.Partition, true
		}
	}
	if s = recorded(text); s != nil && follows(s) {
		return s, s.ReceivedAt, 0, true
	}
	return nil, 0, 0, false
}

func asConsumed(text []byte) *consumed {
	if !bytes.Contains(text, []byte(`"payload"`)) || !bytes.Contains(text, []byte(`"partition"`)) {
		return nil
	}
	var c consumed
	if json.Unmarshal(text, &c) != nil || c.Payload == nil || c.Time == 0 {
		return nil
	}
	return &c
}

// recorded returns a signal as Pinkstar writes it: complete, with its id. nil: it
// is something else.
func recorded(text []byte) *schemas.Signal {
	if !bytes.Contains(text, []byte(`"received_at"`)) {
		return nil
	}
	s := new(schemas.Signal)
	if schemas.DecodeSignal(text, s) != nil || s.ReceivedAt == 0 {
		return nil
	}
	if control(s) {
		return s
	}
	if _, err := schemas.ParseID(s.ID); err != nil || s.Scope == "" {
		return nil
	}
	return s
}

func control(s *schemas.Signal) bool {
	return s.Kind == schemas.KindTick || s.Kind == schemas.KindActivation
}

// follows tells a record without its envelope from a payload whose sender has ids
// of its own: the id follows from what the record says. A command's was made
// before its time was set, and no sender can give one.
func follows(s *schemas.Signal) bool {
	return control(s) || s.Kind == schemas.KindCommand || schemas.SignalID(s).String() == s.ID
}
