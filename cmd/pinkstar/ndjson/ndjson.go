// Package ndjson reads files of JSON lines, plain or compressed with gzip or
// zstd, by their first bytes, and tells records of the signals topic from other
// payloads.
//
// # Non-obvious
//
//   - A line over the limit is read past and reported by its number: one bad
//     line must not end a replay, nor fill the memory.
//   - Line numbers count every line, blank ones too, as an editor shows them.
package ndjson

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdMemory bounds what one zstd frame may ask for.
const maxZstdMemory = 256 << 20

// Decompressed looks at the first bytes and returns what is inside. done frees
// what that took.
func Decompressed(r io.Reader) (inside io.Reader, done func(), err error) {
	br := bufio.NewReaderSize(r, 256<<10)
	magic, err := br.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(br)
		if err != nil {
			return nil, nil, fmt.Errorf("gzip: %w", err)
		}
		return z, func() {}, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(br, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxZstdMemory))
		if err != nil {
			return nil, nil, fmt.Errorf("zstd: %w", err)
		}
		return z, z.Close, nil
	default:
		return br, func() {}, nil
	}
}

// Reader reads one line after the other.
type Reader struct {
	r      *bufio.Reader
	max    int
	number int
	buf    []byte
}

// NewReader returns a Reader of lines of at most maxLine bytes.
func NewReader(r io.Reader, maxLine int) *Reader {
	return &Reader{r: bufio.NewReaderSize(r, 256<<10), max: maxLine}
}

// ErrLongLine says that a line was over the limit and has been skipped.
var ErrLongLine = errors.New("the line is longer than a line may be")

// Number returns the number of the line that Next was last about, from 1.
func (l *Reader) Number() int { return l.number }

// Max returns the limit.
func (l *Reader) Max() int { return l.max }

// Next returns the next line that is not blank. The bytes hold until the next
// call. io.EOF ends it; ErrLongLine is about this line only.
func (l *Reader) Next() ([]byte, error) {
	for {
		line, err := l.read()
		if err != nil {
			return nil, err
		}
		if len(bytes.TrimSpace(line)) > 0 {
			return line, nil
		}
	}
}

func (l *Reader) read() ([]byte, error) {
	l.buf = l.buf[:0]
	tooLong, some := false, false
	for {
		part, err := l.r.ReadSlice('\n')
		some = some || len(part) > 0
		if len(l.buf)+len(part) > l.max {
			tooLong = true
			l.buf = l.buf[:0]
		}
		if !tooLong {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF) && some, err == nil:
			l.number++
			if tooLong {
				return nil, ErrLongLine
			}
			return bytes.TrimRight(l.buf, "\r\n"), nil
		default:
			return nil, err
		}
	}
}
