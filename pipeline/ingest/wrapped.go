package ingest

import (
	"errors"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceWrapped is a form of ours: a payload as it came, with what is not in it. Replay
// files are made of it.
const SourceWrapped Source = "wrapped"

var wrapped = sender{
	name: SourceWrapped,
	looks: func(m members) bool {
		return m.have("payload", "source") && !m.have("event_action") && !m.have("specversion")
	},
	hint: "payload with source",
	read: (*batch).wrapped,
}

// wrapped reads {"source": "alertmanager", "received_at": "…", "payload": …}:
// a payload as it came, with what is not in it.
func (b *batch) wrapped(r *jsonscan.Reader) error {
	var source string
	var receivedAt schemas.Time
	var payload jsonscan.Mark
	found := false
	err := r.Object(func(name string) (err error) {
		switch name {
		case "source":
			source, err = r.String()
		case "received_at":
			receivedAt, err = schemas.ReadTime(r)
		case "payload":
			payload, found = r.Mark(), true
		}
		return err
	})
	if err != nil {
		return err
	}
	if !found {
		return errors.New("payload: missing")
	}
	end := r.Mark()
	outer := b.meta
	b.meta = Meta{ReceivedAt: earlier(outer.ReceivedAt, receivedAt)} // a calendar is written out around it
	before := len(b.found)
	r.Rewind(payload)
	err = b.inside("payload", func() error { return b.payload(b.t.known(source), r) })
	r.Rewind(end)
	b.meta = outer
	for i := before; receivedAt != 0 && i < len(b.found); i++ {
		b.found[i].wrapped = receivedAt
	}
	if err != nil {
		return jsonscan.Within(err, "payload", payload.Offset())
	}
	return nil
}

// payload reads a value in an envelope; a string holds a text of its own, such
// as a calendar.
func (b *batch) payload(source Source, r *jsonscan.Reader) error {
	if r.Kind() != jsonscan.String {
		return b.value(senderNamed(b.t.senders, string(source)), r)
	}
	text, err := r.String()
	if err != nil {
		return err
	}
	return b.body(source, text)
}

// known returns the source that a sender of that name has. An unknown one is a
// team's own name: the payload is then recognised.
func (t *Translator) known(name string) Source {
	if snd := senderNamed(t.senders, name); snd != nil && snd.name != SourceWrapped {
		return snd.name
	}
	return SourceAny
}
