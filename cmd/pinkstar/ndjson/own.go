package ndjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"pinkstar/schemas"
)

// Record is a record of the signals topic.
type Record struct {
	Signal    *schemas.Signal
	At        schemas.Time // the record's timestamp
	Partition int32
}

// consumed is a record as `kcat -J` prints it.
type consumed struct {
	Topic     string       `json:"topic"` // "" in what `pinkstar replay --topic` reads
	Partition int32        `json:"partition"`
	Time      schemas.Time `json:"ts"` // milliseconds
	Payload   *string      `json:"payload"`
}

// OwnRecord reads a record of the signals topic: its value, or all that kcat
// says of it. It returns nil for anything else, which is a payload to be
// translated, and an error for a record that can't be read.
func OwnRecord(text []byte) (*Record, error) {
	if c := asConsumed(text); c != nil {
		s, err := recorded([]byte(*c.Payload))
		if err == nil {
			return &Record{s, c.Time, c.Partition}, nil
		}
		if c.Topic == "" || strings.HasSuffix(c.Topic, schemas.TopicSignals) {
			return nil, fmt.Errorf("a record of the signals topic (partition %d) that can't be read: %w", c.Partition, err)
		}
	}
	if s, err := recorded(text); err == nil && follows(s) {
		return &Record{Signal: s, At: s.ReceivedAt}, nil
	}
	return nil, nil
}

// Resembles reports whether text is complete enough for a record of the signals
// topic, though its id does not follow from what it says.
func Resembles(text []byte) bool {
	_, err := recorded(text)
	return err == nil
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

// recorded returns a signal as Pinkstar writes it: complete, with its id. An
// error says that it is something else.
func recorded(text []byte) (*schemas.Signal, error) {
	if !bytes.Contains(text, []byte(`"received_at"`)) {
		return nil, errors.New("it does not say when it was received")
	}
	s := new(schemas.Signal)
	if err := schemas.DecodeSignal(text, s); err != nil {
		return nil, err
	}
	if s.ReceivedAt == 0 {
		return nil, errors.New("received_at is no time")
	}
	if s.Control() {
		return s, nil
	}
	if _, err := schemas.ParseID(s.ID); err != nil {
		return nil, err
	}
	if s.Scope == "" {
		return nil, errors.New("it has no scope")
	}
	return s, nil
}

// follows tells a record without its envelope from a payload whose sender has ids
// of its own: the id follows from what the record says. A command's was made
// before its time was set, and no sender can give one.
func follows(s *schemas.Signal) bool {
	return s.Control() || s.Kind == schemas.KindCommand || schemas.SignalID(s).String() == s.ID
}
