package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"pinkstar/schemas"
)

// Header is one header of a Kafka record.
type Header struct {
	Key   string
	Value []byte
}

// Recognise translates a record of any known form, as Translate does. topic is
// only for the reader of an error. With receivedAt zero the time comes from
// the payload.
func (t *Translator) Recognise(topic string, headers []Header, value []byte, receivedAt schemas.Time) ([]schemas.Signal, error) {
	meta := Meta{ReceivedAt: receivedAt}
	for _, h := range headers {
		key := strings.ToLower(h.Key)
		if key == schemas.HeaderContentType {
			meta.ContentType = string(h.Value)
		}
		if name, ok := strings.CutPrefix(key, "ce_"); ok {
			if meta.Attributes == nil {
				meta.Attributes = map[string]string{}
			}
			meta.Attributes[name] = validText(string(h.Value))
		}
	}
	signals, err := t.Translate(SourceAny, value, meta)
	var rs Refusals
	if errors.As(err, &rs) && len(rs) > 0 && rs[0].Index < 0 && topic != "" {
		rs[0].Err = fmt.Errorf("topic %s: %w", topic, rs[0].Err)
	}
	return signals, err
}

// validText replaces broken UTF-8, as the JSON reader does: an id must be the
// hash of what is written out.
func validText(s string) string { return strings.ToValidUTF8(s, "\ufffd") }

// recogniseText decides by what stands around the value and by its first
// bytes; a JSON value is then recognised by its members.
func (b *batch) recogniseText(text string) error {
	ct := strings.ToLower(b.meta.ContentType)
	switch {
	case text == "":
		return errors.New("the value is empty")
	case strings.HasPrefix(ct, "application/cloudevents"):
		return b.values(senderNamed(b.t.senders, string(SourceCloudEvents)), text)
	case b.meta.Attributes["type"] != "":
		return b.cloudEventBinary(text)
	case len(text) >= 5 && text[0] == 0:
		return fmt.Errorf("framed for a Confluent schema registry (schema id %d), which is not supported: "+
			"produce plain JSON or plain protobuf", binary.BigEndian.Uint32([]byte(text[1:5])))
	}
	for _, snd := range b.t.senders {
		if snd.isText != nil && snd.isText(text, ct) {
			return snd.text(b, text)
		}
	}
	return b.values(nil, text)
}

// maxNested is how many envelopes may lie around a payload.
const maxNested = 3

// inside runs f for a value within an envelope.
func (b *batch) inside(step string, f func() error) error {
	if b.nested >= maxNested {
		return errors.New("more than 3 envelopes around each other")
	}
	outer := b.prefix
	b.nested++
	if b.prefix != "" {
		b.prefix += "."
	}
	b.prefix += step
	err := f()
	b.nested--
	b.prefix = outer
	return err
}
