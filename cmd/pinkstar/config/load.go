package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/common/model"

	"pinkstar/correlate/rules/strict"
	"pinkstar/schemas/secret"
)

// Inputs is what a configuration is made from.
type Inputs struct {
	File  string              // --config or PINKSTAR_CONFIG; "" for none
	Env   func(string) string // os.Getenv
	Flags map[string]string   // flags that were given, by name
}

// Load reads the configuration: the file over the defaults, the environment
// over the file, the flags over all. It checks what it has read; the error is
// a strict.Faults that holds everything that is wrong.
func Load(in Inputs) (*Config, error) {
	c, faults := Read(in)
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return c, nil
}

// Read is Load that also returns what could be read of a faulty configuration,
// for those who go on looking for faults.
func Read(in Inputs) (*Config, strict.Faults) {
	c := Default()
	var faults strict.Faults
	if in.File != "" {
		b, err := os.ReadFile(in.File)
		if err != nil {
			return &c, strict.Faults{{Text: fmt.Sprintf("configuration: %v", err)}}
		}
		faults = decode(&c, b, in.File)
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
			faults = append(faults, strict.Fault{Path: from, Text: err.Error()})
			continue
		}
		c.Origins[s.Path] = from
	}
	return &c, c.faults(faults)
}

// Parse reads one file over the defaults, without environment and flags.
func Parse(b []byte, name string) (*Config, error) {
	c := Default()
	faults := c.faults(decode(&c, b, name))
	if err := faults.Err(); err != nil {
		return nil, err
	}
	return &c, nil
}

func decode(c *Config, b []byte, name string) strict.Faults {
	data := c.Data
	c.Data = "" // to tell what the file says from the default, which is not relative to it
	doc, faults := strict.Decode(name, b, c, yaml.CustomUnmarshaler(duration))
	c.File, c.doc, c.text = name, doc, b
	c.Kafka.Shadow = c.Shadow.Enabled()
	c.relativeTo(filepath.Dir(name))
	if c.Data == "" {
		c.Data = data
	}
	return faults
}

// relativeTo makes the file's paths relative to the file, those of secrets too.
func (c *Config) relativeTo(dir string) {
	c.eachPath(func(_ string, p *string) {
		if !filepath.IsAbs(*p) {
			*p = filepath.Join(dir, *p)
		}
	})
	strict.Each(reflect.ValueOf(c).Elem(), "", func(_ string, v reflect.Value) bool {
		if v.CanAddr() {
			if s, ok := reflect.TypeAssert[*secret.Text](v.Addr()); ok {
				s.In(dir)
			}
		}
		return true
	})
}

// eachPath calls f with every path of a file or directory that is set: those
// called *_file, and the few that are called otherwise.
func (c *Config) eachPath(f func(key string, path *string)) {
	strict.Each(reflect.ValueOf(c).Elem(), "", func(key string, v reflect.Value) bool {
		isPath := strings.HasSuffix(key, "_file") || key == "data" || key == "clickhouse.libchdb"
		if !isPath || !v.CanAddr() {
			return true
		}
		if p, ok := reflect.TypeAssert[*string](v.Addr()); ok && *p != "" {
			f(key, p)
		}
		return true
	})
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
