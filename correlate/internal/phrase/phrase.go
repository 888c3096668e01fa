package phrase

import (
	"strconv"

	"pinkstar/schemas"
)

// OrUnknown is a service's name, or words for none.
func OrUnknown(s string) string {
	if s == "" {
		return "an unknown service"
	}
	return s
}

// OrNone is what was given, or words for nothing.
func OrNone(s string) string {
	if s == "" {
		return "(none given)"
	}
	return s
}

// Builder puts the texts of one output together, piece by piece, in memory that
// the next one uses again: a decision has a dozen, and they share one string.
type Builder struct {
	B    []byte
	ends []int // of the pieces
}

// Reset begins anew, in the same memory.
func (p *Builder) Reset() { p.B, p.ends = p.B[:0], p.ends[:0] }

// Say appends texts.
func (p *Builder) Say(parts ...string) *Builder {
	for _, s := range parts {
		p.B = append(p.B, s...)
	}
	return p
}

// Number appends a number.
func (p *Builder) Number(n int64) *Builder {
	p.B = strconv.AppendInt(p.B, n, 10)
	return p
}

// Milli renders thousandths with one digit after the point.
func (p *Builder) Milli(n int64) *Builder {
	return p.Number(n / 1000).Say(".").Number(n % 1000 / 100)
}

// Plural appends a count with its noun.
func (p *Builder) Plural(n int64, noun string) *Builder {
	if p.Number(n).Say(" ", noun); n != 1 {
		p.Say("s")
	}
	return p
}

// Span renders milliseconds for people, without a sign: 0.4 s, 12 s, 3 min,
// 2 h 5 min.
func (p *Builder) Span(ms int64) *Builder {
	p.B = schemas.AppendSpan(p.B, ms)
	return p
}

// Hops says how far a dependency is when it is not direct.
func (p *Builder) Hops(n uint8) *Builder {
	if n > 1 {
		p.Say(" (").Number(int64(n)).Say(" hops)")
	}
	return p.Say(", ")
}

// ID appends an id.
func (p *Builder) ID(id schemas.ID) *Builder {
	p.B = id.Append(p.B)
	return p
}

// End ends a piece.
func (p *Builder) End() { p.ends = append(p.ends, len(p.B)) }

// String is the whole text.
func (p *Builder) String() string { return string(p.B) }

// Pieces are the pieces of a text, to be taken in the order they were made in.
type Pieces struct {
	text string
	ends []int
	at   int
}

// Pieces are what was said between one End and the next.
func (p *Builder) Pieces() Pieces { return Pieces{text: p.String(), ends: p.ends} }

// Next takes a piece.
func (t *Pieces) Next() string {
	s := t.text[t.at:t.ends[0]]
	t.at, t.ends = t.ends[0], t.ends[1:]
	return s
}

// Itoa is a number as text.
func Itoa(n int64) string { return strconv.FormatInt(n, 10) }

// Plural is a count with its noun.
func Plural(n int64, noun string) string { return new(Builder).Plural(n, noun).String() }

// Span is a time in milliseconds, for people.
func Span(ms int64) string { return new(Builder).Span(ms).String() }
