package ingest

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceCloudEvents is CloudEvents 1.0: structured, binary or batched.
const SourceCloudEvents Source = "cloudevents"

var cloudEvents = sender{
	name: SourceCloudEvents, path: "/webhook/cloudevents", topic: schemas.TopicChanges,
	mediaTypes: []string{"application/cloudevents+json", "application/cloudevents-batch+json"}, onlyMedia: true,
	looks: func(m members) bool { return m.have("specversion", "type") },
	hint:  "specversion with type",
	read:  (*batch).cloudEvent,
}

// envelope is what CloudEvents says about its data.
type envelope struct {
	id, typ, source, specVersion, contentType string
	at                                        schemas.Time
}

func (e *envelope) check() error {
	for _, a := range []struct{ name, value string }{
		{"specversion", e.specVersion}, {"id", e.id}, {"source", e.source}, {"type", e.typ},
	} {
		if a.value == "" {
			return fmt.Errorf("%s: missing; CloudEvents 1.0 requires it", a.name)
		}
	}
	if !strings.HasPrefix(e.specVersion, "1.") {
		return fmt.Errorf("specversion: %q; 1.0 can be read", e.specVersion)
	}
	return nil
}

// cloudEvent reads one event in structured mode. The data may stand before the
// attributes that say what it is, hence the second look.
func (b *batch) cloudEvent(r *jsonscan.Reader) error {
	var e envelope
	var data, data64 jsonscan.Mark
	hasData, hasData64 := false, false
	err := r.Object(func(name string) (err error) {
		switch name {
		case "specversion":
			e.specVersion, err = r.String()
		case "id":
			e.id, err = r.String()
		case "type":
			e.typ, err = r.String()
		case "source":
			e.source, err = r.String()
		case "datacontenttype":
			e.contentType, err = r.String()
		case "time":
			e.at, err = schemas.ReadTime(r)
		case "data":
			data, hasData = r.Mark(), true
		case "data_base64":
			data64, hasData64 = r.Mark(), true
		}
		return err
	})
	if err == nil {
		err = e.check()
	}
	if err != nil {
		return err
	}
	end := r.Mark()
	defer r.Rewind(end)
	before := len(b.found)
	switch {
	case hasData:
		r.Rewind(data)
		err = b.inside("data", func() error { return b.cloudData(&e, r) })
		if err != nil {
			return jsonscan.Within(err, "data", data.Offset())
		}
	case hasData64:
		r.Rewind(data64)
		if err := b.cloudData64(&e, r); err != nil {
			return jsonscan.Within(err, "data_base64", data64.Offset())
		}
	default:
		return errors.New("data: missing")
	}
	b.fromEnvelope(&e, before)
	return nil
}

// cloudEventBinary reads the data of an event whose attributes came as headers.
func (b *batch) cloudEventBinary(text string) error {
	a := b.meta.Attributes
	e := envelope{id: a["id"], typ: a["type"], source: a["source"], specVersion: a["specversion"], contentType: b.meta.ContentType}
	if err := e.check(); err != nil {
		return fmt.Errorf("header ce_%w", err)
	}
	if v := a["time"]; v != "" {
		at, err := schemas.ParseTime(v)
		if err != nil {
			return fmt.Errorf("header ce_time: %w", err)
		}
		e.at = at
	}
	source, err := e.dataSource()
	if err != nil {
		return fmt.Errorf("header ce_%w", err)
	}
	outer := b.meta
	b.meta = Meta{ReceivedAt: outer.ReceivedAt, ContentType: e.contentType}
	err = b.inside("", func() error { return b.body(source, text) })
	b.meta = outer
	if err == nil {
		b.fromEnvelope(&e, 0)
	}
	return err
}

// dataSource says what the data of an event is, by its type. Of another type
// than these the data itself must show what it is.
func (e *envelope) dataSource() (Source, error) {
	switch {
	case e.typ == schemas.TypeSignal:
		return SourceSignals, nil
	case strings.HasPrefix(e.typ, "pinkstar."):
		return "", fmt.Errorf("type: %q is an outcome of Pinkstar; only %s can be sent", e.typ, schemas.TypeSignal)
	case strings.HasPrefix(e.typ, "dev.cdevents."):
		return SourceCDEvents, nil
	}
	return SourceAny, nil
}

func (b *batch) cloudData(e *envelope, r *jsonscan.Reader) error {
	source, err := e.dataSource()
	if err != nil {
		return err
	}
	return b.payload(source, r)
}

func (b *batch) cloudData64(e *envelope, r *jsonscan.Reader) error {
	source, err := e.dataSource()
	if err != nil {
		return err
	}
	v, err := r.String()
	if err != nil {
		return err
	}
	data, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		return errors.New("not base64")
	}
	outer := b.meta
	b.meta = Meta{ReceivedAt: outer.ReceivedAt, ContentType: e.contentType}
	err = b.inside("data_base64", func() error { return b.body(source, string(data)) })
	b.meta = outer
	return err
}

// fromEnvelope fills in what the data left out.
func (b *batch) fromEnvelope(e *envelope, from int) {
	for i := from; i < len(b.found); i++ {
		s := &b.found[i].signal
		if s.Source == "" {
			s.Source = e.source
		}
		if s.StartsAt == 0 {
			s.StartsAt = e.at
		}
	}
}
