package rules

import (
	"slices"

	"github.com/goccy/go-yaml"
)

// Learnt is what the log has taught about alerts that come together: an
// immutable snapshot, made by counting over a stretch of the log and put in
// force by an activation record, so that decisions still follow from the log.
type Learnt struct {
	Pairs []Pair `yaml:"pairs"`

	Text    []byte `yaml:"-"`
	Version string `yaml:"-"`
}

// Pair is two alerts that have come together more often than chance has it.
type Pair struct {
	A AlertType `yaml:"a"`
	B AlertType `yaml:"b"`
	// Points is the logarithm of how much more often, in thousandths; the
	// weight "learnt" caps it.
	Points int64 `yaml:"points"`
}

// AlertType is an alert's name on a service.
type AlertType struct {
	Name    string `yaml:"name"`
	Service string `yaml:"service,omitempty"`
}

// PartnersCap is how many partners of one alert are used, the strongest first.
const PartnersCap = 16

// ParseLearnt reads learnt pairs. file is only used in messages.
func ParseLearnt(file string, text []byte) (*Learnt, error) {
	l := &Learnt{}
	d, err := decodeStrict(file, text, l)
	if err != nil {
		return nil, err
	}
	for _, p := range l.Pairs {
		if p.A.Name == "" || p.B.Name == "" {
			return nil, d.errorf("$.pairs", "a pair lacks the name of an alert")
		}
	}
	l.seal(text)
	return l, nil
}

// Seal makes a Learnt that was built in code usable.
func (l *Learnt) Seal() {
	b, err := yaml.Marshal(l)
	if err != nil { // plain values only: cannot fail
		panic("rules: " + err.Error())
	}
	l.seal(b)
}

func (l *Learnt) seal(text []byte) {
	l.Text = slices.Clone(text)
	l.Version = VersionOf(text)
}
