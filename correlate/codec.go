package correlate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"pinkstar/schemas"
)

// encoder writes the primitive values of a snapshot. Strings that repeat are
// written once: the first time with their bytes, then as a number.
type encoder struct {
	w       *bufio.Writer
	err     error
	buf     [binary.MaxVarintLen64]byte
	strings map[string]uint64
}

func (c *encoder) bytes(b []byte) {
	if c.err == nil {
		_, c.err = c.w.Write(b)
	}
}

func (c *encoder) uint(v uint64) { c.bytes(c.buf[:binary.PutUvarint(c.buf[:], v)]) }
func (c *encoder) int(v int64)   { c.bytes(c.buf[:binary.PutVarint(c.buf[:], v)]) }
func (c *encoder) len(n int)     { c.uint(uint64(n)) }
func (c *encoder) id(v schemas.ID) {
	c.bytes(v[:])
}
func (c *encoder) time(v schemas.Time) { c.int(int64(v)) }
func (c *encoder) float(v float64)     { c.uint(math.Float64bits(v)) }

func (c *encoder) bool(v bool) {
	n := uint64(0)
	if v {
		n = 1
	}
	c.uint(n)
}

// text writes a string that hardly repeats.
func (c *encoder) text(s string) {
	c.len(len(s))
	if c.err == nil {
		_, c.err = c.w.WriteString(s)
	}
}

// str writes a string that often repeats: 0 and the bytes, or its number.
func (c *encoder) str(s string) {
	if n, ok := c.strings[s]; ok {
		c.uint(n)
		return
	}
	c.strings[s] = uint64(len(c.strings)) + 1
	c.uint(0)
	c.text(s)
}

// decoder reads what encoder wrote. The first error sticks; values read after
// it are zero.
type decoder struct {
	r       *bufio.Reader
	err     error
	strings []string
}

var errCorrupt = errors.New("the snapshot is damaged")

func (d *decoder) fail(err error) {
	if d.err == nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		d.err = err
	}
}

func (d *decoder) bad(what string) { d.fail(fmt.Errorf("%w: %s", errCorrupt, what)) }

func (d *decoder) uint() uint64 {
	if d.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(d.r)
	if err != nil {
		d.fail(err)
		return 0
	}
	return v
}

func (d *decoder) int() int64 {
	if d.err != nil {
		return 0
	}
	v, err := binary.ReadVarint(d.r)
	if err != nil {
		d.fail(err)
		return 0
	}
	return v
}

// len reads a length. No list in a snapshot comes near the bound; a damaged
// one must not make us ask for all the memory there is.
func (d *decoder) len() int {
	n := d.uint()
	if n > 1<<28 {
		d.bad("a length out of bounds")
		return 0
	}
	return int(n)
}

// each calls f as often as a length read says, or until an error.
func (d *decoder) each(f func()) {
	for n := d.len(); n > 0 && d.err == nil; n-- {
		f()
	}
}

func (d *decoder) time() schemas.Time { return schemas.Time(d.int()) }
func (d *decoder) float() float64     { return math.Float64frombits(d.uint()) }
func (d *decoder) bool() bool         { return d.uint() == 1 }

func (d *decoder) id() (id schemas.ID) {
	if d.err == nil {
		if _, err := io.ReadFull(d.r, id[:]); err != nil {
			d.fail(err)
		}
	}
	return id
}

func (d *decoder) text() string {
	n := d.len()
	if d.err != nil || n == 0 {
		return ""
	}
	b := make([]byte, 0, min(n, 1<<16))
	for len(b) < n { // grow with what is really there
		part := min(n-len(b), 1<<16)
		at := len(b)
		b = append(b, make([]byte, part)...)
		if _, err := io.ReadFull(d.r, b[at:]); err != nil {
			d.fail(err)
			return ""
		}
	}
	return string(b)
}

func (d *decoder) str() string {
	n := d.uint()
	if n == 0 {
		s := d.text()
		d.strings = append(d.strings, s)
		return s
	}
	if n > uint64(len(d.strings)) {
		d.bad("a string out of bounds")
		return ""
	}
	return d.strings[n-1]
}
