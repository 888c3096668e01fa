package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/common/model"
)

// Inputs is what a configuration is made from.
type Inputs struct {
	File  string              // --config or PINKSTAR_CONFIG; "" for none
	Env   func(string) string // os.Getenv
	Flags map[string]string   // flags that were given, by name
}

// Load reads the configuration: the file over the defaults, the environment
// over the file, the flags over all. It checks what it has read.
func Load(in Inputs) (*Config, error) {
	c := Default()
	if in.File != "" {
		b, err := os.ReadFile(in.File)
		if err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		if err := decode(&c, b, in.File); err != nil {
			return nil, err
		}
	}
	for _, s := range Settings {
		value, from := in.Flags[s.Flag], "--"+s.Flag
		if s.Flag == "" || value == "" {
			value, from = in.Env(s.Env), s.Env
		}
		if value == "" {
			continue
		}
		if err := s.apply(&c, value); err != nil {
			return nil, fmt.Errorf("%s: %w", from, err)
		}
		c.Origins[s.Path] = from
	}
	return &c, c.Check()
}

// Parse reads one file over the defaults, without environment and flags.
func Parse(b []byte, name string) (*Config, error) {
	c := Default()
	if err := decode(&c, b, name); err != nil {
		return nil, err
	}
	return &c, c.Check()
}

func decode(c *Config, b []byte, name string) error {
	c.File = name
	dec := yaml.NewDecoder(bytes.NewReader(b), yaml.Strict(), yaml.CustomUnmarshaler(duration))
	defaults := *c
	c.Data = "" // to tell what the file says from the default, which is not relative to it
	switch err := dec.Decode(c); {
	case errors.Is(err, io.EOF): // nothing but comments; the library zeroes what it was given
		*c = defaults
		return nil
	case err != nil:
		return readable(err, b, name)
	}
	if err := dec.Decode(new(any)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: there is a second document after the first (---): one file holds one configuration", name)
	}
	c.File, c.Origins = name, defaults.Origins
	c.Kafka.Shadow = c.Shadow.Enabled()
	c.relativeTo(filepath.Dir(name))
	if c.Data == "" {
		c.Data = defaults.Data
	}
	return nil
}

// relativeTo makes the file's paths relative to the file.
func (c *Config) relativeTo(dir string) {
	for _, p := range []*string{&c.Data, &c.RulesFile, &c.TopologyFile, &c.LearntFile, &c.Shadow.RulesFile, &c.Shadow.TopologyFile, &c.HTTP.WebConfigFile, &c.ClickHouse.Libchdb,
		&c.Kafka.TLS.CAFile, &c.Kafka.TLS.CertFile, &c.Kafka.TLS.KeyFile, &c.Kafka.SASL.PasswordFile} {
		if *p != "" && !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	}
}

// duration also takes days and weeks, as Prometheus does.
func duration(d *time.Duration, b []byte) error {
	s := strings.Trim(strings.TrimSpace(string(b)), `"'`)
	v, err := time.ParseDuration(s)
	if err != nil {
		p, perr := model.ParseDuration(s)
		if perr != nil {
			return fmt.Errorf("%q is not a duration such as 30s, 10m, 12h or 30d", s)
		}
		v = time.Duration(p)
	}
	*d = v
	return nil
}

var quoted = regexp.MustCompile(`"([^"]+)"`)

// readable puts file and line first, and says what to do about the usual case.
func readable(err error, b []byte, name string) error {
	var yerr yaml.Error
	if !errors.As(err, &yerr) {
		// The library forgets the place of an error in a value that it did not
		// parse itself: look for the value.
		if m := quoted.FindStringSubmatch(err.Error()); m != nil {
			for i, line := range strings.Split(string(b), "\n") {
				if strings.Contains(line, m[1]) {
					return fmt.Errorf("%s:%d: %w", name, i+1, err)
				}
			}
		}
		return fmt.Errorf("%s: %w", name, err)
	}
	hint := ""
	if _, ok := errors.AsType[*yaml.UnknownFieldError](err); ok {
		hint = "; `pinkstar config print` shows every key there is"
	}
	pos := yerr.GetToken().Position
	return fmt.Errorf("%s:%d:%d: %s%s", name, pos.Line, pos.Column, yerr.GetMessage(), hint)
}
