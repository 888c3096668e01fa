package jsonscan

import (
	"errors"
	"strconv"
	"strings"
)

// DefaultMaxDepth is how deeply objects and arrays may be nested. The payloads
// that Pinkstar knows need six.
const DefaultMaxDepth = 64

// Kind is the type of a JSON value.
type Kind byte

// The kinds of value. None means the end of the text or something that begins
// no value.
const (
	None Kind = iota
	Object
	Array
	String
	Number
	Bool
	Null
)

// Reader reads one JSON text. Make it with New, NewCopying or
// NewSharing.
type Reader struct {
	text     string
	pos      int
	depth    int
	maxDepth int
	copying  bool
	shared   *Shared // where copies are from; nil: each is made
}

// New returns a Reader whose strings share the text's memory.
func New(text string) Reader { return Reader{text: text, maxDepth: DefaultMaxDepth} }

// NewCopying returns a Reader whose strings are copies.
func NewCopying(text string) Reader {
	return Reader{text: text, maxDepth: DefaultMaxDepth, copying: true}
}

// NewSharing returns a Reader whose strings are copies, those of m where it has
// them.
func NewSharing(text string, m *Shared) Reader {
	return Reader{text: text, maxDepth: DefaultMaxDepth, copying: true, shared: m}
}

// SetMaxDepth limits the nesting of objects and arrays.
func (r *Reader) SetMaxDepth(n int) { r.maxDepth = n }

// Mark is a place to go back to.
type Mark struct{ pos, depth int }

// Mark returns the present place, before the next value.
func (r *Reader) Mark() Mark {
	r.space()
	return Mark{r.pos, r.depth}
}

// Offset returns the byte the mark stands at.
func (m Mark) Offset() int { return m.pos }

// Rewind goes back to m.
func (r *Reader) Rewind(m Mark) { r.pos, r.depth = m.pos, m.depth }

func (r *Reader) space() {
	for r.pos < len(r.text) {
		switch r.text[r.pos] {
		case ' ', '\n', '\t', '\r':
			r.pos++
		default:
			return
		}
	}
}

// Kind returns the type of the next value without reading it.
func (r *Reader) Kind() Kind {
	r.space()
	if r.pos >= len(r.text) {
		return None
	}
	switch c := r.text[r.pos]; {
	case c == '{':
		return Object
	case c == '[':
		return Array
	case c == '"':
		return String
	case c == '-' || c >= '0' && c <= '9':
		return Number
	case c == 't' || c == 'f':
		return Bool
	case c == 'n':
		return Null
	}
	return None
}

// More reports whether anything but white space is left.
func (r *Reader) More() bool {
	r.space()
	return r.pos < len(r.text)
}

// End returns an error if anything but white space is left.
func (r *Reader) End() error {
	if r.More() {
		return r.errorf(r.pos, "unexpected text after the value")
	}
	return nil
}

// Object reads an object, calling f for each member. f reads the member's
// value or leaves it alone.
func (r *Reader) Object(f func(name string) error) error {
	if r.Kind() == Null {
		return r.word("null")
	}
	if r.Kind() != Object {
		return r.want("an object")
	}
	if err := r.enter(); err != nil {
		return err
	}
	for first := true; ; first = false {
		done, err := r.next('}', first)
		if err != nil {
			return err
		}
		if done {
			return nil
		}
		if r.Kind() != String {
			return r.want("a member's name")
		}
		name, err := r.str()
		if err != nil {
			return err
		}
		if r.space(); r.pos >= len(r.text) || r.text[r.pos] != ':' {
			return r.want("a colon after a member's name")
		}
		r.pos++
		r.space()
		if err := r.member(name, f); err != nil {
			return err
		}
	}
}

func (r *Reader) member(name string, f func(string) error) error {
	at := r.pos
	err := f(name)
	if err == nil && r.pos == at {
		err = r.Skip()
	}
	if err != nil && !errors.Is(err, ErrStop) {
		return Within(err, name, at)
	}
	return err
}

// ErrStop may be returned by a function given to Object or Array to end the
// reading early; it comes back unchanged, and the Reader stands anywhere.
var ErrStop = errors.New("stop")

// Array reads an array, calling f for each element. f reads the element or
// leaves it alone.
func (r *Reader) Array(f func(i int) error) error {
	if r.Kind() == Null {
		return r.word("null")
	}
	if r.Kind() != Array {
		return r.want("an array")
	}
	if err := r.enter(); err != nil {
		return err
	}
	for i := 0; ; i++ {
		done, err := r.next(']', i == 0)
		if err != nil {
			return err
		}
		if done {
			return nil
		}
		r.space()
		at := r.pos
		err = f(i)
		if err == nil && r.pos == at {
			err = r.Skip()
		}
		if errors.Is(err, ErrStop) {
			return err
		}
		if err != nil {
			return Within(err, "["+strconv.Itoa(i)+"]", at)
		}
	}
}

func (r *Reader) enter() error {
	if r.depth >= r.maxDepth {
		return r.errorf(r.pos, "nested more than "+strconv.Itoa(r.maxDepth)+" deep")
	}
	r.depth++
	r.pos++
	return nil
}

// next passes the comma before the next member, or the closing character.
func (r *Reader) next(closing byte, first bool) (done bool, err error) {
	r.space()
	if r.pos < len(r.text) && r.text[r.pos] == closing {
		r.pos++
		r.depth--
		return true, nil
	}
	if first {
		return false, nil
	}
	if r.pos >= len(r.text) || r.text[r.pos] != ',' {
		return false, r.want("a comma or " + strconv.QuoteRune(rune(closing)))
	}
	r.pos++
	return false, nil
}

// Skip reads the next value, whatever it is, and checks it.
func (r *Reader) Skip() error {
	switch r.Kind() {
	case Object:
		return r.Object(func(string) error { return nil })
	case Array:
		return r.Array(func(int) error { return nil })
	case String:
		_, _, err := r.rawString()
		return err
	case Number:
		_, err := r.number()
		return err
	case Bool:
		_, err := r.Bool()
		return err
	case Null:
		return r.word("null")
	}
	return r.want("a value")
}

// Raw reads the next value and returns its text.
func (r *Reader) Raw() (string, error) {
	r.space()
	at := r.pos
	if err := r.Skip(); err != nil {
		return "", err
	}
	return r.text[at:r.pos], nil
}

// Own returns s, copied if the Reader copies: for a member's name that is kept.
func (r *Reader) Own(s string) string {
	switch {
	case r.shared != nil:
		return r.shared.of(s)
	case r.copying:
		return strings.Clone(s)
	}
	return s
}
