package web

import (
	"encoding/json"
	"fmt"

	"github.com/klauspost/compress/zstd"

	"pinkstar/schemas"
)

// An incident's members and the end of its story are most of what it takes, ten
// kilobytes and more, and only who asks for that one incident sees them. So the view
// keeps them packed, in a tenth.

// packed are the lists of one incident, nil for none.
type packed []byte

// lists is what packed holds, in JSON.
type lists struct {
	Members  []schemas.MemberRef `json:"members"`
	Timeline []string            `json:"recent_timeline"`
}

// One encoder and one decoder serve all views: they are for many goroutines, and
// what they hold is as large as the largest lists.
var (
	packer, _   = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(64<<10), zstd.WithLowerEncoderMem(true))
	unpacker, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true))
)

// pack returns inc without its lists, and these. inc stays as it is.
func pack(inc *schemas.Incident) (*schemas.Incident, packed) {
	if len(inc.Members) == 0 && len(inc.Timeline) == 0 {
		return inc, nil
	}
	text, err := json.Marshal(lists{inc.Members, inc.Timeline})
	if err != nil {
		panic(fmt.Sprint("packing an incident: ", err)) // it has nothing that JSON can't say
	}
	short := *inc
	short.Members, short.Timeline = nil, nil
	return &short, packer.EncodeAll(text, nil)
}

// decode does to a record what pack does to an incident. Its lists are packed as they
// are written: reading them would be most of the work.
func decode(record []byte) (*schemas.Incident, packed, error) {
	var r struct {
		schemas.Incident
		Members  json.RawMessage `json:"members"` // instead of the incident's own
		Timeline json.RawMessage `json:"recent_timeline"`
	}
	if err := json.Unmarshal(record, &r); err != nil {
		return nil, nil, err
	}
	inc := r.Incident // without what else is in r
	if r.Members == nil && r.Timeline == nil {
		return &inc, nil, nil
	}
	text := make([]byte, 0, len(r.Members)+len(r.Timeline)+64)
	text = append(text, `{"members":`...)
	text = append(text, orNull(r.Members)...)
	text = append(text, `,"recent_timeline":`...)
	text = append(text, orNull(r.Timeline)...)
	return &inc, packer.EncodeAll(append(text, '}'), nil), nil
}

func orNull(list json.RawMessage) json.RawMessage {
	if list == nil {
		return json.RawMessage("null")
	}
	return list
}

// unpack returns short with its lists. What is no list in the record is none here.
func (p packed) unpack(short *schemas.Incident) *schemas.Incident {
	if p == nil {
		return short
	}
	text, err := unpacker.DecodeAll(p, nil)
	if err != nil {
		panic(fmt.Sprint("unpacking an incident: ", err)) // it was packed in this process
	}
	var l lists
	_ = json.Unmarshal(text, &l) // the rest of the incident was read, and is shown
	whole := *short
	whole.Members, whole.Timeline = l.Members, l.Timeline
	return &whole
}
