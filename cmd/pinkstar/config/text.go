package config

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"pinkstar/correlate/rules/strict"
)

// Text is a YAML document inside the configuration: either written out as part
// of it, or as a block of text (`rules: |`).
type Text string

// UnmarshalYAML implements yaml.BytesUnmarshaler.
func (t *Text) UnmarshalYAML(b []byte) error {
	raw := strings.TrimSpace(string(b))
	if raw == "null" || raw == "~" {
		raw = ""
	}
	if raw != "" && strings.ContainsRune("|>\"'", rune(raw[0])) {
		var s string
		if err := yaml.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = Text(s)
		return nil
	}
	*t = Text(raw)
	if raw != "" {
		*t += "\n"
	}
	return nil
}

// MarshalYAML implements yaml.InterfaceMarshaler. A line that does not end would be
// read back as YAML of its own, and end.
func (t Text) MarshalYAML() (any, error) {
	if s := string(t); s == "" || strings.HasSuffix(s, "\n") {
		return s, nil
	}
	return quotedText(t), nil
}

// quotedText is written between quotes.
type quotedText string

// MarshalYAML implements yaml.BytesMarshaler.
func (t quotedText) MarshalYAML() ([]byte, error) { return json.Marshal(string(t)) }

// Document is a YAML text and where it came from, for messages.
type Document struct {
	Text []byte
	Name string
	// inline is set for a text that is part of the configuration.
	inline *inline
}

type inline struct {
	c   *Config
	key string
}

// RulesDocument returns the rule set; an empty text means the defaults.
func (c *Config) RulesDocument() (Document, error) {
	return c.document(c.Rules, c.RulesFile, "rules")
}

// TopologyDocument returns the topology; an empty text means none is known.
func (c *Config) TopologyDocument() (Document, error) {
	return c.document(c.Topology, c.TopologyFile, "topology")
}

// LearntDocument returns the learnt pairs; an empty text means there are none.
func (c *Config) LearntDocument() (Document, error) { return c.document("", c.LearntFile, "learnt") }

func (c *Config) document(text Text, file, key string) (Document, error) {
	if file == "" {
		if text == "" {
			return Document{Name: "defaults"}, nil
		}
		return Document{[]byte(text), fmt.Sprintf("%s (key %s)", c.File, key), &inline{c, key}}, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return Document{}, c.At(key+"_file", err)
	}
	return Document{b, file, nil}, nil
}

// At returns err with the place of the key that it is about.
func (c *Config) At(key string, err error) error {
	k := &checker{c: c}
	k.bad(key, "%v", err)
	return k.faults.Err()
}

// Located returns err, about the document's text, with the places where the
// text stands in the configuration.
func (d Document) Located(err error) error {
	if err == nil || d.inline == nil || d.inline.c.doc == nil {
		return err
	}
	faults := slices.Clone(strict.Of(err))
	for i := range faults {
		faults[i] = d.inline.located(faults[i])
	}
	return faults.Err()
}

func (in *inline) located(f strict.Fault) strict.Fault {
	f.File = in.c.File
	at, ok := in.c.doc.Place(in.key)
	lines := strings.Split(string(in.c.text), "\n")
	if !ok || at.Line < 1 || at.Column < 1 || at.Line > len(lines) { // the library ends lines at a lone \r, too
		return f
	}
	if first := lines[at.Line-1]; at.Column <= len(first) && strings.ContainsRune("|>", rune(first[at.Column-1])) {
		// A block of text: its lines follow, and all are indented by as much as
		// the first that is not empty.
		indent := 0
		for _, l := range lines[at.Line:] {
			if t := strings.TrimLeft(l, " "); strings.TrimSpace(t) != "" {
				indent = len(l) - len(t)
				break
			}
		}
		f.Column += indent
		f.Line += at.Line
		return f
	}
	if f.Path != "" {
		f.Path = in.key + "." + f.Path
		at, _ = in.c.doc.Place(f.Path)
	}
	f.Line, f.Column = at.Line, at.Column
	return f
}
