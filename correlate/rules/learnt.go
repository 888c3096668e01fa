package rules

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/goccy/go-yaml"

	"pinkstar/schemas"
)

// Learnt is what the log has taught about alerts that come together: an
// immutable snapshot, made by counting over a stretch of the log and put in
// force by an activation record, so that decisions still follow from the log.
type Learnt struct {
	// From and To are the span of the log it was learnt from, and Alerts how
	// many starts of alerts were counted in it.
	From   Instant `yaml:"from,omitempty"`
	To     Instant `yaml:"to,omitempty"`
	Alerts int64   `yaml:"alerts,omitempty"`

	Pairs []Pair `yaml:"pairs"`

	Text    []byte `yaml:"-"`
	Version string `yaml:"-"`
}

// Pair is two alerts that have come together more often than chance has it.
type Pair struct {
	// Scope is the one it was learnt in and holds in; empty: it holds in all.
	Scope string    `yaml:"scope,omitempty"`
	A     AlertType `yaml:"a"`
	B     AlertType `yaml:"b"`
	// Points is the logarithm of how much more often, in thousandths; the
	// weight "learnt" caps it.
	Points int64 `yaml:"points"`

	// N is how often they came together, on Occasions different occasions, and
	// Lift how many times as often as chance has it. They are for readers.
	N         int64   `yaml:"times,omitempty"`
	Occasions int64   `yaml:"occasions,omitempty"`
	Lift      float64 `yaml:"lift,omitempty"`
}

// Instant is a time that is written as RFC 3339.
type Instant schemas.Time

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (t *Instant) UnmarshalYAML(read func(any) error) error {
	var s string
	if err := read(&s); err != nil {
		return err
	}
	v, err := schemas.ParseTime(s)
	*t = Instant(v)
	return err
}

// MarshalYAML implements yaml.InterfaceMarshaler.
func (t Instant) MarshalYAML() (any, error) { return schemas.Time(t).String(), nil }

// AlertType is an alert's name on a service.
type AlertType struct {
	Name    string `yaml:"name"`
	Service string `yaml:"service,omitempty"`
}

// PartnersCap is how many partners of one alert are used, the strongest first.
const PartnersCap = 16

// EmptyLearnt is what holds when nothing has been learnt: no text and no
// version.
func EmptyLearnt() *Learnt { return &Learnt{} }

// ParseLearnt reads learnt pairs. file is only used in messages. A text without
// a word in it is EmptyLearnt.
func ParseLearnt(file string, text []byte, from ...Source) (*Learnt, error) {
	if len(bytes.TrimSpace(text)) == 0 {
		return EmptyLearnt(), nil
	}
	l := &Learnt{}
	d := decodeStrict(file, text, l, from)
	for i, p := range l.Pairs {
		if p.A.Name == "" || p.B.Name == "" {
			d.bad(fmt.Sprintf("pairs[%d]", i), "pair %d lacks the name of an alert: each of a and b needs name, and service where one is known", i+1)
		}
	}
	if err := d.err(); err != nil {
		return nil, err
	}
	l.seal(text)
	return l, nil
}

// Seal makes a Learnt that was built in code usable. Its text has one line for
// each pair.
func (l *Learnt) Seal() {
	var b bytes.Buffer
	head := *l
	head.Pairs = nil
	b.Write(bytes.TrimSuffix(marshal(&head), []byte("pairs: []\n")))
	b.WriteString("pairs:")
	if len(l.Pairs) == 0 {
		b.WriteString(" []")
	}
	for i := range l.Pairs {
		b.WriteString("\n  - ")
		b.Write(bytes.TrimSpace(marshal(&l.Pairs[i], yaml.Flow(true))))
	}
	b.WriteByte('\n')
	l.seal(b.Bytes())
}

func marshal(v any, opts ...yaml.EncodeOption) []byte {
	b, err := yaml.MarshalWithOptions(v, opts...)
	if err != nil { // plain values only: cannot fail
		panic("rules: " + err.Error())
	}
	return b
}

func (l *Learnt) seal(text []byte) {
	l.Text = slices.Clone(text)
	l.Version = VersionOf(text)
}
