package rules

import (
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"
)

// Topology is the declared map of services: what depends on what, and which
// instances and hosts belong to which service. It may be incomplete, wrong and
// cyclic; the engine treats it as evidence, not as truth.
type Topology struct {
	Services map[string]*Service `yaml:"services"`

	Text    []byte `yaml:"-"`
	Version string `yaml:"-"`
	// Warnings are what is odd and still usable.
	Warnings []string `yaml:"-"`
}

// Service is one node of the topology.
type Service struct {
	Team      string   `yaml:"team,omitempty"`
	DependsOn []string `yaml:"depends_on,omitempty"`
	// Instances are pods, devices or hosts that belong to it; a host may be
	// listed by several services.
	Instances []string `yaml:"instances,omitempty"`
	Hosts     []string `yaml:"hosts,omitempty"`
	// Aliases are other names under which its alerts come.
	Aliases          []string `yaml:"aliases,omitempty"`
	Procedure        string   `yaml:"procedure,omitempty"`
	RevenuePerMinute float64  `yaml:"revenue_per_minute,omitempty"`
	Contact          string   `yaml:"contact,omitempty"`
}

// EmptyTopology is what holds when none is given.
func EmptyTopology() *Topology {
	t := &Topology{Services: map[string]*Service{}}
	t.Version = VersionOf(nil)
	return t
}

// ParseTopology reads a topology. file is only used in messages.
func ParseTopology(file string, text []byte) (*Topology, error) {
	t := &Topology{}
	d, err := decodeStrict(file, text, t)
	if err != nil {
		return nil, err
	}
	if err := t.check(d); err != nil {
		return nil, err
	}
	t.seal(text)
	return t, nil
}

// Seal makes a Topology that was built in code usable.
func (t *Topology) Seal() error {
	if err := t.check(document{file: "topology"}); err != nil {
		return err
	}
	t.seal(nil)
	return nil
}

func (t *Topology) seal(text []byte) {
	if text == nil && len(t.Services) > 0 {
		b, err := yaml.Marshal(t)
		if err != nil { // plain values only: cannot fail
			panic("rules: " + err.Error())
		}
		text = b
	}
	t.Text = slices.Clone(text)
	t.Version = VersionOf(text)
}

func (t *Topology) check(d document) error {
	if t.Services == nil {
		t.Services = map[string]*Service{}
	}
	t.Warnings = nil
	owner := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		if name == "" {
			return d.errorf("$.services", "a service has an empty name")
		}
		s := t.Services[name]
		if s == nil { // "name:" with nothing below it
			s = &Service{}
			t.Services[name] = s
		}
		for _, a := range s.Aliases {
			if other, taken := owner[a]; taken {
				return d.errorf("$.services", "alias %q is given to %q and to %q: keep one", a, other, name)
			}
			owner[a] = name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		for _, dep := range t.Services[name].DependsOn {
			if dep == "" {
				return d.errorf("$.services", "service %q depends on an empty name", name)
			}
			if _, ok := t.Services[dep]; !ok {
				t.Services[dep] = &Service{}
				t.Warnings = append(t.Warnings, fmt.Sprintf("service %q, which %q depends on, is not listed: taken as a service without owner", dep, name))
			}
		}
	}
	return nil
}
