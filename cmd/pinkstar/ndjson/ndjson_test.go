package ndjson

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func readAll(t *testing.T, r io.Reader, maxLine int) (got []string) {
	t.Helper()
	inside, done, err := Decompressed(r)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	l := NewReader(inside, maxLine)
	for {
		line, err := l.Next()
		switch {
		case errors.Is(err, io.EOF):
			return got
		case errors.Is(err, ErrLongLine):
			got = append(got, "long")
		case err != nil:
			t.Fatal(err)
		default:
			got = append(got, string(line))
		}
		got[len(got)-1] += "@" + string(rune('0'+l.Number()))
	}
}

func TestLinesOfEveryPacking(t *testing.T) {
	const text = "{\"a\":1}\r\n\n  \n{\"b\":2}\n" // blank lines are counted, not returned
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, _ = g.Write([]byte(text))
	_ = g.Close()
	z, err := zstd.NewWriter(&zs)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = z.Write([]byte(text))
	_ = z.Close()
	for name, r := range map[string]io.Reader{"plain": strings.NewReader(text), "gzip": &gz, "zstd": &zs} {
		if got := strings.Join(readAll(t, r, 100), " "); got != `{"a":1}@1 {"b":2}@4` {
			t.Errorf("%s: got %s", name, got)
		}
	}
	if got := readAll(t, strings.NewReader(""), 100); got != nil {
		t.Errorf("an empty file has lines: %v", got)
	}
}

func TestALongLineIsSkippedAndNumbered(t *testing.T) {
	long := strings.Repeat("x", 600<<10) // longer than the buffer
	got := readAll(t, strings.NewReader("a\n"+long+"\nb\n"+long), 1000)
	if strings.Join(got, " ") != "a@1 long@2 b@3 long@4" {
		t.Errorf("got %v", got)
	}
}
