package jsonscan

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// tree reads any value into what encoding/json would make of it.
func tree(r *Reader) (any, error) {
	switch r.Kind() {
	case Object:
		m := map[string]any{}
		err := r.Object(func(name string) error {
			v, err := tree(r)
			m[name] = v
			return err
		})
		return m, err
	case Array:
		a := []any{}
		err := r.Array(func(int) error {
			v, err := tree(r)
			a = append(a, v)
			return err
		})
		return a, err
	case Number:
		return r.Float()
	case Bool:
		return r.Bool()
	case Null:
		return nil, r.Skip()
	default:
		return r.String()
	}
}

func whole(text string) (any, error) {
	r := New(text)
	v, err := tree(&r)
	if err == nil {
		err = r.End()
	}
	return v, err
}

func skipWhole(text string) error {
	r := NewCopying(text)
	if err := r.Skip(); err != nil {
		return err
	}
	return r.End()
}

func FuzzAgreesWithEncodingJSON(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, `null`, `true`, `false`, `0`, `-0.5e+10`, `""`, ` { "a" : [ 1 , {"b":null} ] } `,
		`"\u00e9\ud83d\ude00\ud83d\b\f\n\r\t\/\\\""`, "\"\xff\xfe\u2028\"", `{"a":1,"a":2}`, `01`, `1.`, `[1,]`, `{"a"}`,
		`nul`, `tru`, `"\x"`, `"` + "\x01" + `"`, `{"a":1}}`, `1e999`, `"\ud800\u0041"`, `"\uD83D\uDE00"`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "[")+strings.Count(text, "{") > DefaultMaxDepth {
			return // depth is the one wanted difference
		}
		var want any
		wantErr := json.Unmarshal([]byte(text), &want)
		got, err := whole(text)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("%q: got error %v, encoding/json says %v", text, err, wantErr)
		}
		if err == nil && !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %#v, encoding/json says %#v", text, got, want)
		}
		if valid := json.Valid([]byte(text)); (skipWhole(text) == nil) != valid {
			t.Fatalf("%q: skipping says %v, encoding/json says valid=%v", text, skipWhole(text), valid)
		}
	})
}

func TestErrorNamesFieldAndByte(t *testing.T) {
	text := `{"alerts":[{"startsAt":"x"},{"labels":{"a.b":{"c":tru}}}]}`
	_, err := whole(text)
	want := "alerts[1].labels.a.b.c: want true at byte 50"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	r := New(`{"a":[1,"two"]}`)
	err = r.Object(func(string) error {
		return r.Array(func(int) error { _, err := r.Int(); return err })
	})
	if want := "a[1]: want a number, found a string at byte 8"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDepthIsLimited(t *testing.T) {
	ok := strings.Repeat("[", DefaultMaxDepth) + strings.Repeat("]", DefaultMaxDepth)
	if err := skipWhole(ok); err != nil {
		t.Errorf("depth %d: %v", DefaultMaxDepth, err)
	}
	if err := skipWhole("[" + ok + "]"); err == nil {
		t.Errorf("depth %d was taken", DefaultMaxDepth+1)
	}
}

func TestRewindReadsAgain(t *testing.T) {
	r := New(`[{"a":{"b":1}},2]`)
	err := r.Array(func(i int) error {
		m := r.Mark()
		_ = r.Object(func(string) error { return r.Object(func(string) error { return ErrStop }) })
		r.Rewind(m)
		return r.Skip()
	})
	if err != nil || r.End() != nil || r.depth != 0 {
		t.Errorf("err %v, depth %d", err, r.depth)
	}
}

func TestValueLeftAloneIsSkipped(t *testing.T) {
	r := New(`{"a":{"x":[1,2]},"b":"kept"}`)
	var got string
	err := r.Object(func(name string) (err error) {
		if name == "b" {
			got, err = r.Text()
		}
		return err
	})
	if err != nil || got != "kept" {
		t.Errorf("got %q, %v", got, err)
	}
}
