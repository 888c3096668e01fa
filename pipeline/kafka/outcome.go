package kafka

import (
	"bytes"
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
	b := e.Append((*buf)[:0])
	*buf = b
	n := len(b) + htmlGrowth*countHTML(b)
	// Value, key, id and type share one allocation: they live and die together.
	mem := make([]byte, 0, n+len(e.Key)+len(e.ID)+len(e.Type))
	part := func(at int) []byte { return mem[at:len(mem):len(mem)] }
	r := &outcomeRecord{Record: kgo.Record{Topic: cfg.Topic(e.Topic), Timestamp: time.UnixMilli(int64(e.At))}}
	mem = appendHTMLEscaped(mem, b)
	r.Value = part(0)
	mem = append(mem, e.Key...)
	r.Key = part(n)
	mem = append(mem, e.ID...)
	r.headers[0] = kgo.RecordHeader{Key: schemas.HeaderID, Value: part(n + len(e.Key))}
	mem = append(mem, e.Type...)
	r.headers[1] = kgo.RecordHeader{Key: schemas.HeaderType, Value: part(n + len(e.Key) + len(e.ID))}
	r.headers[2], r.headers[3], r.headers[4] = ourSource, specVersion, contentType
	r.Headers = r.headers[:]
	return &r.Record
}

// Values have the bytes of json.Marshal, which escapes <, > and &: what was
// released does. What appends them leaves these as they are.
const (
	html       = "<>&"
	htmlGrowth = len(`\u003c`) - 1 // of each that is escaped
)

func countHTML(b []byte) (n int) {
	for i := range len(html) {
		n += bytes.Count(b, []byte{html[i]})
	}
	return n
}

// appendHTMLEscaped appends the JSON in src with <, > and & escaped. Each of the
// three is looked for by itself, many bytes at once: an expression in a link has
// some of them, and what is between them is long.
func appendHTMLEscaped(dst, src []byte) []byte {
	var next [len(html)]int // where each comes next
	for i := range next {
		next[i] = indexFrom(src, 0, html[i])
	}
	for from := 0; ; {
		first := 0
		for i, at := range next {
			if at < next[first] {
				first = i
			}
		}
		at := next[first]
		dst = append(dst, src[from:at]...)
		if at == len(src) {
			return dst
		}
		dst = append(dst, `\u00`...)
		dst = append(dst, hexDigits[html[first]>>4], hexDigits[html[first]&15])
		from = at + 1
		next[first] = indexFrom(src, from, html[first])
	}
}

const hexDigits = "0123456789abcdef"

// indexFrom returns where c stands in b at or behind from, or the length of b.
func indexFrom(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}
