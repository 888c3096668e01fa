package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml"
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
	if strings.HasPrefix(raw, "|") || strings.HasPrefix(raw, ">") {
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

// Document is a YAML text and where it came from, for messages.
type Document struct {
	Text []byte
	Name string
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

func (c *Config) document(inline Text, file, key string) (Document, error) {
	if file == "" {
		name := "defaults"
		if inline != "" {
			name = fmt.Sprintf("%s (key %s)", c.File, key)
		}
		return Document{[]byte(inline), name}, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return Document{}, fmt.Errorf("%s_file: %w", key, err)
	}
	return Document{b, file}, nil
}
