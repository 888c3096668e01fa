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

// maxOutcomeBytes is what an outcome may take: brokers take 1 MB by default.
const maxOutcomeBytes = 900 << 10

// FittingRecord is OutcomeRecord for an outcome of any size: one that no broker
// would take whole goes without what makes it large, and shrunk says so.
func FittingRecord(cfg *Config, e schemas.Emission) (r *kgo.Record, shrunk bool) {
	if r = OutcomeRecord(cfg, &e); len(r.Value) <= maxOutcomeBytes {
		return r, false
	}
	e = e.Shrunk()
	return OutcomeRecord(cfg, &e), true
}

// OutcomeRecord returns the record of an outcome. Its timestamp is log time, so
// that the same log gives the same records.
func OutcomeRecord(cfg *Config, e *schemas.Emission) *kgo.Record {
	buf, ok := outcomeBuffers.Get().(*[]byte)
	if !ok { // it holds nothing else
		buf = new([]byte)
	}
	defer outcomeBuffers.Put(buf)
	b := encodeOutcome((*buf)[:0], e)
	*buf = b
	// Value, key, id and type share one allocation: they live and die together.
	mem := make([]byte, 0, len(b)+len(e.Key)+len(e.ID)+len(e.Type))
	part := func(at int) []byte { return mem[at:len(mem):len(mem)] }
	r := &outcomeRecord{Record: kgo.Record{Topic: cfg.Topic(e.Topic), Timestamp: time.UnixMilli(int64(e.At))}}
	mem = append(mem, b...)
	r.Value = part(0)
	mem = append(mem, e.Key...)
	r.Key = part(len(b))
	mem = append(mem, e.ID...)
	r.headers[0] = kgo.RecordHeader{Key: schemas.HeaderID, Value: part(len(b) + len(e.Key))}
	mem = append(mem, e.Type...)
	r.headers[1] = kgo.RecordHeader{Key: schemas.HeaderType, Value: part(len(b) + len(e.Key) + len(e.ID))}
	r.headers[2], r.headers[3], r.headers[4] = ourSource, specVersion, contentType
	r.Headers = r.headers[:]
	return &r.Record
}

// encodeOutcome appends e to b with the bytes of json.Marshal, which escapes <,
// > and &: what was released does.
func encodeOutcome(b []byte, e *schemas.Emission) []byte {
	if b = e.Append(b); !hasHTML(b) {
		return b
	}
	var escaped bytes.Buffer
	json.HTMLEscape(&escaped, b)
	return escaped.Bytes()
}

// hasHTML is three fast scans; bytes.ContainsAny would be one slow one.
func hasHTML(b []byte) bool {
	return bytes.IndexByte(b, '&') >= 0 || bytes.IndexByte(b, '<') >= 0 || bytes.IndexByte(b, '>') >= 0
}
