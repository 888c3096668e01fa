// Package secret keeps passwords, tokens and keys of the settings from being
// shown.
package secret

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Redacted stands where a secret is.
const Redacted = "<secret>"

// Text is a password, token or key: written in the configuration as text, or
// as {file: PATH} or {env: NAME}. It never shows itself: in text, YAML, JSON
// and logs it is "<secret>".
type Text struct {
	value string
	file  string
	env   string
}

// New returns a secret with this value.
func New(value string) Text { return Text{value: value} }

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (s *Text) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil {
		*s = Text{value: text}
		return nil
	}
	var from map[string]string
	if err := unmarshal(&from); err != nil || len(from) != 1 || from["file"] == "" && from["env"] == "" {
		return errors.New("a secret is a text, {file: PATH} or {env: NAME}")
	}
	*s = Text{file: from["file"], env: from["env"]}
	return nil
}

// In makes the path of a secret's file relative to a directory: that of the file
// it is named in.
func (s *Text) In(dir string) {
	if s.file != "" && !filepath.IsAbs(s.file) {
		s.file = filepath.Join(dir, s.file)
	}
}

// Load reads the value from its file or environment variable. A line break at
// the end of the file is not part of it.
func (s *Text) Load() error {
	switch {
	case s.file != "":
		b, err := os.ReadFile(s.file)
		if err != nil {
			return fmt.Errorf("secret: %w", err)
		}
		s.value = strings.TrimRight(string(b), "\r\n")
	case s.env != "":
		s.value = os.Getenv(s.env)
	}
	if s.value == "" {
		return fmt.Errorf("secret %s: empty", s.origin())
	}
	return nil
}

func (s Text) origin() string {
	switch {
	case s.file != "":
		return "from file " + s.file
	case s.env != "":
		return "from environment variable " + s.env
	}
	return "in the configuration"
}

// IsZero reports whether nothing was configured.
func (s Text) IsZero() bool { return s == Text{} }

// Is reports whether the secret was written into the configuration as text.
func (s Text) Is(text string) bool { return s.file == "" && s.env == "" && s.value == text }

// Hash is the SHA-256 of the value, for comparing without telling its length.
func (s Text) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(s.value)) }

// Reveal returns the value itself, for who authenticates with it.
func (s Text) Reveal() string { return s.value }

// String implements fmt.Stringer.
func (s Text) String() string { return Redacted }

// GoString implements fmt.GoStringer, for %#v.
func (s Text) GoString() string { return Redacted }

// MarshalText implements encoding.TextMarshaler: JSON and most loggers use it.
func (s Text) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// MarshalYAML implements yaml.InterfaceMarshaler. Where the value comes from is
// no secret.
func (s Text) MarshalYAML() (any, error) {
	switch {
	case s.file != "":
		return map[string]string{"file": s.file}, nil
	case s.env != "":
		return map[string]string{"env": s.env}, nil
	}
	return Redacted, nil
}
