package correlate

import (
	"encoding/binary"

	"pinkstar/schemas"
)

// packedWhy is a why as it is remembered with a decision, in some ninety bytes
// that the garbage collector need not look into: there is one for every active
// alert, and it is read again only when the decision is written anew.
//
// It begins with its flags and the two ids, so that these can be read alone.
type packedWhy string

const (
	whyAnchor = 1 << iota
	whyWindow
	whyText
	whyService
	whyRunner
)

const (
	packReversed = 1 << iota
	packGap
	packCount
	packExtra
	packService = 1 << 7 // other is the service of the whole
)

// pack appends w to buf.
func (w *why) pack(buf []byte) []byte {
	at := len(buf)
	buf = append(buf, 0)
	flag := func(is bool, f byte) bool {
		if is {
			buf[at] |= f
		}
		return is
	}
	if flag(!w.anchor.IsZero(), whyAnchor) {
		buf = append(buf, w.anchor[:]...)
	}
	if flag(!w.window.IsZero(), whyWindow) {
		buf = append(buf, w.window[:]...)
	}
	if flag(w.text != "", whyText) {
		buf = packText(buf, w.text)
	}
	if flag(w.service != "", whyService) {
		buf = packText(buf, w.service)
	}
	if flag(w.runnerUp != "", whyRunner) {
		buf = packText(buf, w.runnerUp)
	}
	for _, n := range [...]int64{w.runnerScore, w.score, w.threshold, int64(w.candidates)} {
		buf = binary.AppendVarint(buf, n)
	}
	return packEvidence(buf, w.evidence, w.service)
}

// anchor is the anchor of the packed why.
func (p packedWhy) anchor() (id schemas.ID) {
	if len(p) > len(id) && p[0]&whyAnchor != 0 {
		copy(id[:], p[1:])
	}
	return id
}

// hasWindow reports whether a window suppressed it.
func (p packedWhy) hasWindow() bool { return len(p) > 0 && p[0]&whyWindow != 0 }

// unpack reads p back, its evidence into the memory of room. The texts share
// the memory of p. What follows something damaged is left out.
func (p packedWhy) unpack(room []evidence) (w why) {
	r := packReader{b: string(p)}
	flags := r.byte()
	if flags&whyAnchor != 0 {
		w.anchor = r.id()
	}
	if flags&whyWindow != 0 {
		w.window = r.id()
	}
	if flags&whyText != 0 {
		w.text = r.text()
	}
	if flags&whyService != 0 {
		w.service = r.text()
	}
	if flags&whyRunner != 0 {
		w.runnerUp = r.text()
	}
	w.runnerScore, w.score, w.threshold = r.varint(), r.varint(), r.varint()
	w.candidates = int32(r.varint())
	w.evidence = unpackEvidence(room, r.b, w.service)
	return w
}

func packText(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

// packEvidence appends a list in some ten bytes each. What names service, which
// most lists do, needs no bytes for it.
func packEvidence(buf []byte, evs []evidence, service string) []byte {
	for i := range evs {
		ev := &evs[i]
		flags := ev.hops << 4 // at most 3
		if ev.other == service && service != "" {
			flags |= packService
		}
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
		if flags&packService == 0 {
			buf = packText(buf, ev.other)
		}
		if ev.extra != "" {
			buf = packText(buf, ev.extra)
		}
	}
	return buf
}

// unpackEvidence reads a list back, into the memory of room. What follows a
// damaged entry is left out.
func unpackEvidence(room []evidence, b, service string) []evidence {
	out := room[:0]
	r := packReader{b: b}
	for len(r.b) >= 2 && !r.bad {
		kind, flags := r.byte(), r.byte()
		ev := evidence{kind: evidenceKind(kind), hops: flags >> 4 & 3, reversed: flags&packReversed != 0, points: r.varint()}
		if flags&packGap != 0 {
			ev.gap = r.varint()
		}
		if flags&packCount != 0 {
			ev.n = int32(r.varint())
		}
		if ev.other = service; flags&packService == 0 {
			ev.other = r.text()
		}
		if flags&packExtra != 0 {
			ev.extra = r.text()
		}
		if r.bad || !ev.kind.known() {
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

// take returns the next n bytes.
func (r *packReader) take(n uint64) string {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}

func (r *packReader) byte() byte {
	if s := r.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (r *packReader) id() (id schemas.ID) {
	copy(id[:], r.take(uint64(len(id))))
	return id
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

// text shares the memory of what is read.
func (r *packReader) text() string { return r.take(r.uvarint()) }
