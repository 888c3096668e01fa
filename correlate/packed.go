package correlate

import "encoding/binary"

// packedEvidence is a list of evidence as it is remembered with a decision, in
// some ten bytes each: there is one list for every active alert, and it is
// read again only when the decision is written anew.
type packedEvidence string

const (
	packReversed = 1 << iota
	packGap
	packCount
	packExtra
)

func pack(buf []byte, evs []evidence) []byte {
	for i := range evs {
		ev := &evs[i]
		flags := ev.hops << 4
		if ev.reversed {
			flags |= packReversed
		}
		if ev.gap != 0 {
			flags |= packGap
		}
		if ev.n != 0 {
			flags |= packCount
		}
		if ev.extra != "" {
			flags |= packExtra
		}
		buf = append(buf, byte(ev.kind), flags)
		buf = binary.AppendVarint(buf, ev.points)
		if ev.gap != 0 {
			buf = binary.AppendVarint(buf, ev.gap)
		}
		if ev.n != 0 {
			buf = binary.AppendVarint(buf, int64(ev.n))
		}
		buf = binary.AppendUvarint(buf, uint64(len(ev.other)))
		buf = append(buf, ev.other...)
		if ev.extra != "" {
			buf = binary.AppendUvarint(buf, uint64(len(ev.extra)))
			buf = append(buf, ev.extra...)
		}
	}
	return buf
}

// unpack reads the list back. What follows a damaged entry is left out.
func (p packedEvidence) unpack() []evidence {
	if p == "" {
		return nil
	}
	out := make([]evidence, 0, 10)
	r := packReader{b: string(p)}
	for len(r.b) >= 2 && !r.bad {
		kind, flags := r.b[0], r.b[1]
		r.b = r.b[2:]
		ev := evidence{kind: evidenceKind(kind), hops: flags >> 4, reversed: flags&packReversed != 0, points: r.varint()}
		if flags&packGap != 0 {
			ev.gap = r.varint()
		}
		if flags&packCount != 0 {
			ev.n = int32(r.varint())
		}
		ev.other = r.text()
		if flags&packExtra != 0 {
			ev.extra = r.text()
		}
		if r.bad || int(ev.kind) >= len(evidenceNames) {
			break
		}
		out = append(out, ev)
	}
	return out
}

type packReader struct {
	b   string
	bad bool
}

func (r *packReader) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(r.b) && i < binary.MaxVarintLen64; i++ {
		c := r.b[i]
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.b = r.b[i+1:]
			return v
		}
	}
	r.bad = true
	return 0
}

func (r *packReader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// text shares the memory of the packed list.
func (r *packReader) text() string {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}
