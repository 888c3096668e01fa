package correlate

import (
	"strconv"

	"pinkstar/schemas"
)

// prose puts the texts of one output together, piece by piece, in memory that
// the next one uses again: a decision has a dozen, and they share one string.
type prose struct {
	b    []byte
	ends []int // of the pieces
}

func (p *prose) reset() { p.b, p.ends = p.b[:0], p.ends[:0] }

func (p *prose) say(parts ...string) *prose {
	for _, s := range parts {
		p.b = append(p.b, s...)
	}
	return p
}

func (p *prose) number(n int64) *prose {
	p.b = strconv.AppendInt(p.b, n, 10)
	return p
}

// milli renders thousandths with one digit after the point.
func (p *prose) milli(n int64) *prose {
	return p.number(n / 1000).say(".").number(n % 1000 / 100)
}

func (p *prose) plural(n int64, noun string) *prose {
	if p.number(n).say(" ", noun); n != 1 {
		p.say("s")
	}
	return p
}

// span renders milliseconds for people, without a sign: 0.4 s, 12 s, 3 min,
// 2 h 5 min.
func (p *prose) span(ms int64) *prose {
	if ms < 0 {
		ms = -ms
	}
	switch {
	case ms < 10*schemas.Second:
		return p.milli(ms).say(" s")
	case ms < 2*schemas.Minute:
		return p.number(ms / schemas.Second).say(" s")
	case ms < 2*schemas.Hour:
		return p.number(ms / schemas.Minute).say(" min")
	case ms < 2*schemas.Day:
		return p.number(ms / schemas.Hour).say(" h ").number(ms % schemas.Hour / schemas.Minute).say(" min")
	}
	return p.number(ms / schemas.Day).say(" days")
}

// hops says how far a dependency is when it is not direct.
func (p *prose) hops(n uint8) *prose {
	if n > 1 {
		p.say(" (").number(int64(n)).say(" hops)")
	}
	return p.say(", ")
}

func (p *prose) id(id schemas.ID) *prose {
	p.b = id.Append(p.b)
	return p
}

// end ends a piece.
func (p *prose) end() { p.ends = append(p.ends, len(p.b)) }

// String is the whole text.
func (p *prose) String() string { return string(p.b) }

// pieces are the pieces of a prose, to be taken in the order they were made in.
type pieces struct {
	text string
	ends []int
	at   int
}

func (p *prose) pieces() pieces { return pieces{text: p.String(), ends: p.ends} }

func (t *pieces) next() string {
	s := t.text[t.at:t.ends[0]]
	t.at, t.ends = t.ends[0], t.ends[1:]
	return s
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func plural(n int64, noun string) string { return new(prose).plural(n, noun).String() }

func spanText(ms int64) string { return new(prose).span(ms).String() }
