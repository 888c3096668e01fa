package schemas

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// TestVersion1IsFrozen: what version 1 wrote is read for ever. A fixture is
// never changed; new fields get new fixtures.
func TestVersion1IsFrozen(t *testing.T) {
	sums, err := os.ReadFile("testdata/v1/SHA256SUMS")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for l := range strings.SplitSeq(strings.TrimSpace(string(sums)), "\n") {
		sum, name, ok := strings.Cut(l, "  ")
		if !ok {
			t.Fatalf("SHA256SUMS: %q", l)
		}
		known[name] = sum
	}
	for _, file := range fixtureFiles(t) {
		name := filepath.Base(file)
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(b); known[name] != hex.EncodeToString(sum[:]) {
			t.Errorf("%s was changed, or is not in SHA256SUMS: version 1 is frozen", name)
		}
		delete(known, name)
		if err := decodeFixture(t, name, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name := range known {
		t.Errorf("%s is gone: version 1 is frozen", name)
	}
}

func decodeFixture(t *testing.T, name string, b []byte) error {
	typ, _, _ := strings.Cut(strings.TrimSuffix(name, ".json"), "-")
	zero, ok := published[typ]
	if !ok {
		return fmt.Errorf("no wire type %q", typ)
	}
	if err := valid(t, compile(t, typ), b); err != nil {
		return err
	}
	v := reflect.New(reflect.TypeOf(zero)).Interface()
	if err := json.Unmarshal(b, v); err != nil {
		return err
	}
	again := mustMarshal(t, v)
	if s, ok := v.(*Signal); ok {
		var fast Signal
		if err := DecodeSignal(b, &fast); err != nil || !reflect.DeepEqual(&fast, s) {
			return fmt.Errorf("DecodeSignal: %v\n got %+v\nwant %+v", err, fast, *s)
		}
		if fast := AppendSignal(nil, s); !bytes.Equal(fast, again) {
			return fmt.Errorf("AppendSignal: %s", fast)
		}
		if sent := SignalID(s).String(); sent != s.ID && s.Flags == nil {
			return fmt.Errorf("the id would now be %s: ids must never change", sent)
		}
	}
	var want, got any
	if err := json.Unmarshal(b, &want); err != nil {
		return err
	}
	if err := json.Unmarshal(again, &got); err != nil {
		return err
	}
	return contains(got, want, "")
}

// contains says what of want is not in got: fields may be added, not lost.
func contains(got, want any, path string) error {
	w, ok := want.(map[string]any)
	if !ok {
		if list, ok := want.([]any); ok {
			g, ok := got.([]any)
			if !ok || len(g) != len(list) {
				return fmt.Errorf("%s: got %v, want %v", path, got, want)
			}
			for i := range list {
				if err := contains(g[i], list[i], fmt.Sprintf("%s[%d]", path, i)); err != nil {
					return err
				}
			}
			return nil
		}
		if !reflect.DeepEqual(got, want) {
			return fmt.Errorf("%s: got %v, want %v", path, got, want)
		}
		return nil
	}
	g, ok := got.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: got %v, want an object", path, got)
	}
	for name, v := range w {
		if err := contains(g[name], v, path+"."+name); err != nil {
			return err
		}
	}
	return nil
}
