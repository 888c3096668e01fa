package rules

import (
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"

	"pinkstar/correlate/rules/strict"
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
func ParseTopology(file string, text []byte, from ...Source) (*Topology, error) {
	t := &Topology{}
	d := decodeStrict(file, text, t, from)
	t.check(d)
	if err := d.err(); err != nil {
		return nil, err
	}
	t.seal(text)
	return t, nil
}

// Seal makes a Topology that was built in code usable.
func (t *Topology) Seal() error {
	d := document{Document: &strict.Document{File: "topology"}}
	t.check(&d)
	if err := d.err(); err != nil {
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

func (t *Topology) check(d *document) {
	if t.Services == nil {
		t.Services = map[string]*Service{}
	}
	t.Warnings = nil
	owner := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		if name == "" {
			d.bad("services", "a service has an empty name")
		}
		s := t.Services[name]
		if s == nil { // "name:" with nothing below it
			s = &Service{}
			t.Services[name] = s
		}
		for _, a := range s.Aliases {
			if other, taken := owner[a]; taken {
				d.bad("services."+name+".aliases", "alias %q is given to %q and to %q: keep one", a, other, name)
			}
			owner[a] = name
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Services)) {
		for _, dep := range t.Services[name].DependsOn {
			if dep == "" {
				d.bad("services."+name+".depends_on", "service %q depends on an empty name", name)
				continue
			}
			if _, ok := t.Services[dep]; !ok {
				t.Services[dep] = &Service{}
				t.Warnings = append(t.Warnings, fmt.Sprintf("service %q, which %q depends on, is not listed: taken as a service without owner", dep, name))
			}
		}
	}
}
