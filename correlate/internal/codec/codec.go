package codec

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"pinkstar/schemas"
)

// Encoder writes the primitive values of a snapshot. Strings that repeat are
// written once: the first time with their bytes, then as a number.
type Encoder struct {
	W       *bufio.Writer
	Err     error
	buf     [binary.MaxVarintLen64]byte
	Strings map[string]uint64
}

func (c *Encoder) Bytes(b []byte) {
	if c.Err == nil {
		_, c.Err = c.W.Write(b)
	}
}

func (c *Encoder) Uint(v uint64) { c.Bytes(c.buf[:binary.PutUvarint(c.buf[:], v)]) }

func (c *Encoder) Int(v int64) { c.Bytes(c.buf[:binary.PutVarint(c.buf[:], v)]) }

func (c *Encoder) Len(n int) { c.Uint(uint64(n)) }

func (c *Encoder) ID(v schemas.ID) {
	c.Bytes(v[:])
}

func (c *Encoder) Time(v schemas.Time) { c.Int(int64(v)) }

func (c *Encoder) Float(v float64) { c.Uint(math.Float64bits(v)) }

func (c *Encoder) Bool(v bool) {
	n := uint64(0)
	if v {
		n = 1
	}
	c.Uint(n)
}

// Text writes a string that hardly repeats.
func (c *Encoder) Text(s string) {
	c.Len(len(s))
	if c.Err == nil {
		_, c.Err = c.W.WriteString(s)
	}
}

// Str writes a string that often repeats: 0 and the bytes, or its number.
func (c *Encoder) Str(s string) {
	if n, ok := c.Strings[s]; ok {
		c.Uint(n)
		return
	}
	c.Strings[s] = uint64(len(c.Strings)) + 1
	c.Uint(0)
	c.Text(s)
}

// Decoder reads what encoder wrote. The first error sticks; values read after
// it are zero.
type Decoder struct {
	R       *bufio.Reader
	Err     error
	strings []string
}

var errCorrupt = errors.New("the snapshot is damaged")

func (d *Decoder) Fail(err error) {
	if d.Err == nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		d.Err = err
	}
}

func (d *Decoder) Bad(what string) { d.Fail(fmt.Errorf("%w: %s", errCorrupt, what)) }

func (d *Decoder) Uint() uint64 {
	if d.Err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(d.R)
	if err != nil {
		d.Fail(err)
		return 0
	}
	return v
}

func (d *Decoder) Int() int64 {
	if d.Err != nil {
		return 0
	}
	v, err := binary.ReadVarint(d.R)
	if err != nil {
		d.Fail(err)
		return 0
	}
	return v
}

// Len reads a length. No list in a snapshot comes near the bound; a damaged
// one must not make us ask for all the memory there is.
func (d *Decoder) Len() int {
	n := d.Uint()
	if n > 1<<28 {
		d.Bad("a length out of bounds")
		return 0
	}
	return int(n)
}

// Each calls f as often as a length read says, or until an error.
func (d *Decoder) Each(f func()) {
	for n := d.Len(); n > 0 && d.Err == nil; n-- {
		f()
	}
}

func (d *Decoder) Time() schemas.Time { return schemas.Time(d.Int()) }

func (d *Decoder) Float() float64 { return math.Float64frombits(d.Uint()) }

func (d *Decoder) Bool() bool { return d.Uint() == 1 }

func (d *Decoder) ID() (id schemas.ID) {
	if d.Err == nil {
		if _, err := io.ReadFull(d.R, id[:]); err != nil {
			d.Fail(err)
		}
	}
	return id
}

func (d *Decoder) Text() string {
	n := d.Len()
	if d.Err != nil || n == 0 {
		return ""
	}
	b := make([]byte, 0, min(n, 1<<16))
	for len(b) < n { // grow with what is really there
		part := min(n-len(b), 1<<16)
		at := len(b)
		b = append(b, make([]byte, part)...)
		if _, err := io.ReadFull(d.R, b[at:]); err != nil {
			d.Fail(err)
			return ""
		}
	}
	return string(b)
}

func (d *Decoder) Str() string {
	n := d.Uint()
	if n == 0 {
		s := d.Text()
		d.strings = append(d.strings, s)
		return s
	}
	if n > uint64(len(d.strings)) {
		d.Bad("a string out of bounds")
		return ""
	}
	return d.strings[n-1]
}
