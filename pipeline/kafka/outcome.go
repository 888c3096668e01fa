package kafka

import (
	"bytes"
	"encoding/json"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// outcomeBuffers hold an outcome while its size is not known yet.
var outcomeBuffers = sync.Pool{New: func() any { return new([]byte) }}

// outcomeRecord is a record with its headers in one piece of memory.
type outcomeRecord struct {
	kgo.Record
	headers [5]kgo.RecordHeader
}

// OutcomeRecord returns the record of one of our outcomes. at is log time, so
// that the same log gives the same records.
func OutcomeRecord(cfg *Config, topic, typ, key, id string, at schemas.Time, v any) (*kgo.Record, error) {
	buf, ok := outcomeBuffers.Get().(*[]byte)
	if !ok { // it holds nothing else
		buf = new([]byte)
	}
	defer outcomeBuffers.Put(buf)
	b, err := encodeOutcome((*buf)[:0], v)
	if err != nil {
		return nil, err
	}
	*buf = b
	// Value, key, id and type share one allocation: they live and die together.
	mem := make([]byte, 0, len(b)+len(key)+len(id)+len(typ))
	part := func(at int) []byte { return mem[at:len(mem):len(mem)] }
	r := &outcomeRecord{Record: kgo.Record{Topic: cfg.Topic(topic), Timestamp: time.UnixMilli(int64(at))}}
	mem = append(mem, b...)
	r.Value = part(0)
	mem = append(mem, key...)
	r.Key = part(len(b))
	mem = append(mem, id...)
	r.headers[0] = kgo.RecordHeader{Key: schemas.HeaderID, Value: part(len(b) + len(key))}
	mem = append(mem, typ...)
	r.headers[1] = kgo.RecordHeader{Key: schemas.HeaderType, Value: part(len(b) + len(key) + len(id))}
	r.headers[2], r.headers[3], r.headers[4] = ourSource, specVersion, contentType
	r.Headers = r.headers[:]
	return &r.Record, nil
}

// encodeOutcome appends v to b with the bytes of json.Marshal, which escapes <,
// > and &.
func encodeOutcome(b []byte, v any) ([]byte, error) {
	b, ok := schemas.AppendOutcome(b, v)
	switch {
	case !ok:
		return json.Marshal(v)
	case hasHTML(b):
		var escaped bytes.Buffer
		json.HTMLEscape(&escaped, b)
		return escaped.Bytes(), nil
	}
	return b, nil
}

// hasHTML is three fast scans; bytes.ContainsAny would be one slow one.
func hasHTML(b []byte) bool {
	return bytes.IndexByte(b, '&') >= 0 || bytes.IndexByte(b, '<') >= 0 || bytes.IndexByte(b, '>') >= 0
}
