package evidence

import (
	"encoding/binary"

	"pinkstar/schemas"
)

// Encoded is a why as it is kept with a decision, in some ninety bytes
// that the garbage collector need not look into: there is one for every active
// alert, and it is read again only when the decision is written anew.
//
// It begins with its flags and the two ids, so that these can be read alone.
type Encoded string

const (
	hasAnchor = 1 << iota
	hasWindow
	hasText
	hasService
	hasRunner
)

const (
	itemReversed = 1 << iota
	itemGap
	itemCount
	itemExtra
	itemService = 1 << 7 // other is the service of the whole
)

// Encode appends w to buf.
func (w *Reason) Encode(buf []byte) []byte {
	at := len(buf)
	buf = append(buf, 0)
	flag := func(is bool, f byte) bool {
		if is {
			buf[at] |= f
		}
		return is
	}
	if flag(!w.Anchor.IsZero(), hasAnchor) {
		buf = append(buf, w.Anchor[:]...)
	}
	if flag(!w.Window.IsZero(), hasWindow) {
		buf = append(buf, w.Window[:]...)
	}
	if flag(w.Text != "", hasText) {
		buf = appendText(buf, w.Text)
	}
	if flag(w.Service != "", hasService) {
		buf = appendText(buf, w.Service)
	}
	if flag(w.RunnerUp != "", hasRunner) {
		buf = appendText(buf, w.RunnerUp)
	}
	for _, n := range [...]int64{w.RunnerScore, w.Score, w.Threshold, int64(w.Candidates)} {
		buf = binary.AppendVarint(buf, n)
	}
	return EncodeItems(buf, w.Items, w.Service)
}

// Anchor is the anchor of an encoded reason.
func (p Encoded) Anchor() (id schemas.ID) {
	if len(p) > len(id) && p[0]&hasAnchor != 0 {
		copy(id[:], p[1:])
	}
	return id
}

// HasWindow reports whether a window suppressed it.
func (p Encoded) HasWindow() bool { return len(p) > 0 && p[0]&hasWindow != 0 }

// Decode reads p back, its evidence into the memory of room. The texts share
// the memory of p. What follows something damaged is left out.
func (p Encoded) Decode(room []Item) (w Reason) {
	r := reader{b: string(p)}
	flags := r.byte()
	if flags&hasAnchor != 0 {
		w.Anchor = r.id()
	}
	if flags&hasWindow != 0 {
		w.Window = r.id()
	}
	if flags&hasText != 0 {
		w.Text = r.text()
	}
	if flags&hasService != 0 {
		w.Service = r.text()
	}
	if flags&hasRunner != 0 {
		w.RunnerUp = r.text()
	}
	w.RunnerScore, w.Score, w.Threshold = r.varint(), r.varint(), r.varint()
	w.Candidates = int32(r.varint())
	w.Items = DecodeItems(room, r.b, w.Service)
	return w
}

func appendText(buf []byte, s string) []byte {
	return append(binary.AppendUvarint(buf, uint64(len(s))), s...)
}

// EncodeItems appends a list in some ten bytes each. What names service, which
// most lists do, needs no bytes for it.
func EncodeItems(buf []byte, evs []Item, service string) []byte {
	for i := range evs {
		ev := &evs[i]
		flags := ev.Hops << 4 // at most 3
		if ev.Other == service && service != "" {
			flags |= itemService
		}
		if ev.Reversed {
			flags |= itemReversed
		}
		if ev.Gap != 0 {
			flags |= itemGap
		}
		if ev.Count != 0 {
			flags |= itemCount
		}
		if ev.Extra != "" {
			flags |= itemExtra
		}
		buf = append(buf, byte(ev.Kind), flags)
		buf = binary.AppendVarint(buf, ev.Points)
		if ev.Gap != 0 {
			buf = binary.AppendVarint(buf, ev.Gap)
		}
		if ev.Count != 0 {
			buf = binary.AppendVarint(buf, int64(ev.Count))
		}
		if flags&itemService == 0 {
			buf = appendText(buf, ev.Other)
		}
		if ev.Extra != "" {
			buf = appendText(buf, ev.Extra)
		}
	}
	return buf
}

// DecodeItems reads a list back, into the memory of room. What follows a
// damaged entry is left out.
func DecodeItems(room []Item, b, service string) []Item {
	out := room[:0]
	r := reader{b: b}
	for len(r.b) >= 2 && !r.bad {
		kind, flags := r.byte(), r.byte()
		ev := Item{Kind: Kind(kind), Hops: flags >> 4 & 3, Reversed: flags&itemReversed != 0, Points: r.varint()}
		if flags&itemGap != 0 {
			ev.Gap = r.varint()
		}
		if flags&itemCount != 0 {
			ev.Count = int32(r.varint())
		}
		if ev.Other = service; flags&itemService == 0 {
			ev.Other = r.text()
		}
		if flags&itemExtra != 0 {
			ev.Extra = r.text()
		}
		if r.bad || !ev.Kind.Known() {
			break
		}
		out = append(out, ev)
	}
	return out
}

type reader struct {
	b   string
	bad bool
}

// take returns the next n bytes.
func (r *reader) take(n uint64) string {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := r.b[:n]
	r.b = r.b[n:]
	return s
}

func (r *reader) byte() byte {
	if s := r.take(1); s != "" {
		return s[0]
	}
	return 0
}

func (r *reader) id() (id schemas.ID) {
	copy(id[:], r.take(uint64(len(id))))
	return id
}

func (r *reader) uvarint() uint64 {
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

func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// text shares the memory of what is read.
func (r *reader) text() string { return r.take(r.uvarint()) }
