package ingest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"strings"
)

const redacted = "<secret>"

// Secret is a password, token or key: written in the configuration as text, or
// as {file: PATH} or {env: NAME}. It never shows itself: in text, YAML, JSON
// and logs it is "<secret>".
type Secret struct {
	value string
	file  string
	env   string
}

// NewSecret returns a secret with this value.
func NewSecret(value string) Secret { return Secret{value: value} }

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (s *Secret) UnmarshalYAML(unmarshal func(any) error) error {
	var text string
	if unmarshal(&text) == nil {
		*s = Secret{value: text}
		return nil
	}
	var from map[string]string
	if err := unmarshal(&from); err != nil || len(from) != 1 || from["file"] == "" && from["env"] == "" {
		return errors.New("a secret is a text, {file: PATH} or {env: NAME}")
	}
	*s = Secret{file: from["file"], env: from["env"]}
	return nil
}

// Load reads the value from its file or environment variable. A line break at
// the end of the file is not part of it.
func (s *Secret) Load() error {
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

func (s Secret) origin() string {
	switch {
	case s.file != "":
		return "from file " + s.file
	case s.env != "":
		return "from environment variable " + s.env
	}
	return "in the configuration"
}

// IsZero reports whether nothing was configured.
func (s Secret) IsZero() bool { return s == Secret{} }

// Is reports whether the secret was written into the configuration as text.
func (s Secret) Is(text string) bool { return s.file == "" && s.env == "" && s.value == text }

// Hash is the SHA-256 of the value, for comparing without telling its length.
func (s Secret) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(s.value)) }

func (s Secret) bytes() []byte { return []byte(s.value) }

// String implements fmt.Stringer.
func (s Secret) String() string { return redacted }

// GoString implements fmt.GoStringer, for %#v.
func (s Secret) GoString() string { return redacted }

// MarshalText implements encoding.TextMarshaler: JSON and most loggers use it.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// MarshalYAML implements yaml.InterfaceMarshaler. Where the value comes from is
// no secret.
func (s Secret) MarshalYAML() (any, error) {
	switch {
	case s.file != "":
		return map[string]string{"file": s.file}, nil
	case s.env != "":
		return map[string]string{"env": s.env}, nil
	}
	return redacted, nil
}
