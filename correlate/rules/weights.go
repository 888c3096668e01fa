package rules

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Weights are the points of evidence that is there or not, in thousandths of a
// natural log-odds against opening an incident.
type Weights struct {
	Rule        int64 `yaml:"rule"`        // a rule groups them
	MentionKey  int64 `yaml:"mention_key"` // a text names the incident or one of its tickets
	Learnt      int64 `yaml:"learnt"`      // what often comes together: at most this much
	Maintenance int64 `yaml:"maintenance"` // one maintenance in progress upstream may explain both
	Ties        `yaml:",inline"`
}

// Ties are the weights of how things are tied. Events have their own.
type Ties struct {
	// How the signal and the incident are tied. The strongest tie counts.
	SameService   int64 `yaml:"same_service"`
	SameHost      int64 `yaml:"same_host"`       // on a host where the incident has alerts
	HostOfService int64 `yaml:"host_of_service"` // one is about a host that runs the other
	DependsOn1    int64 `yaml:"depends_on_1"`    // the incident affects what the service depends on: one hop
	DependsOn2    int64 `yaml:"depends_on_2"`
	DependsOn3    int64 `yaml:"depends_on_3"`
	CalledBy1     int64 `yaml:"called_by_1"` // the incident affects what depends on the service
	CalledBy2     int64 `yaml:"called_by_2"`
	CalledBy3     int64 `yaml:"called_by_3"`
	WrongOrder    int64 `yaml:"wrong_order"` // added when the caller was affected first
	SharedCallee  int64 `yaml:"shared_dependency"`
	SharedCaller  int64 `yaml:"shared_caller"`
	Alike         int64 `yaml:"alike"`         // the services' names begin with the same word
	Namespace     int64 `yaml:"namespace"`     // the namespace is all that one of them names
	Mention       int64 `yaml:"mention"`       // a text names a service or an instance of it
	MentionPeer   int64 `yaml:"mention_peer"`  // a label of an alert does
	MentionInText int64 `yaml:"mention_told"`  // the text of an alert does
	MentionAlike  int64 `yaml:"mention_alike"` // a text names the first word of a service
	MentionName   int64 `yaml:"mention_name"`  // a text names only one of its alerts
	Storm         int64 `yaml:"storm"`         // nothing, but many signals are joining it just now

	// Besides a tie.
	InstanceToo int64 `yaml:"instance_too"` // the instance as well
	HostToo     int64 `yaml:"host_too"`     // the host as well
	MentionToo  int64 `yaml:"mention_too"`  // named as well
	Template    int64 `yaml:"template"`     // the same alert name elsewhere in the incident
	Change      int64 `yaml:"change"`       // a change on the service explains the incident already
	SameAlert   int64 `yaml:"same_alert"`   // an earlier episode of the same alert is in it
	Events      int64 `yaml:"events"`       // no alert of the scope ever recovered
	Refire      int64 `yaml:"refire"`       // the same alert is firing in it and started again

	// Between two incidents: a service of one is, or is next to, a service of
	// the other; or farther away.
	LinkSame     int64 `yaml:"link_same"`
	LinkDirect   int64 `yaml:"link_direct"`
	LinkReversed int64 `yaml:"link_reversed"` // one hop, the caller affected first
	LinkFar      int64 `yaml:"link_far"`
	LinkAlike    int64 `yaml:"link_alike"`
	LinkApart    int64 `yaml:"link_apart"`  // no service of one is near the other's
	LinkEvents   int64 `yaml:"link_events"` // no alert of the scope ever recovered
}

// EventCurves are weights and Curves for events that never recover.
type EventCurves struct {
	Weights Ties   `yaml:"weights"`
	Same    Curves `yaml:"same"`
	Again   Curves `yaml:"again"`
	Across  Curves `yaml:"across"`
	Apart   Curves `yaml:"apart"`
}

// RefireCurves say how likely an alert that fires again soon after its recovery
// goes on with what it was part of. They are all that is weighed of that
// incident: how busy or old it is says nothing about a flap.
type RefireCurves struct {
	Gap    TimeCurve  `yaml:"gap,omitempty"`    // since its recovery: the prior, which fades
	Idle   TimeCurve  `yaml:"idle,omitempty"`   // since the latest start in the incident
	Wave   CountCurve `yaml:"wave,omitempty"`   // other alerts that fire again together with it, beyond what is usual
	Others CountCurve `yaml:"others,omitempty"` // the same, against other incidents that began before it
	Usual  CountCurve `yaml:"usual,omitempty"`  // incidents that usually reach the service within the time since its recovery
	Over   TimeCurve  `yaml:"over,omitempty"`   // since all of the incident had recovered, where it had other alerts too
}

// LinkCurves say what speaks for two incidents being one happening.
type LinkCurves struct {
	Gap     TimeCurve  `yaml:"gap"`     // between the first alerts of the nearest pair of services
	Begun   TimeCurve  `yaml:"begun"`   // between the starts of the two
	Tied    CountCurve `yaml:"tied"`    // services of the smaller one near the other's
	Share   CountCurve `yaml:"share"`   // of all its services
	Smaller CountCurve `yaml:"smaller"` // alerts of the smaller one
	Pace    CountCurve `yaml:"pace"`    // of the smaller one
}

// DependsOn is the weight of a dependency so many hops away.
func (w *Ties) DependsOn(hops uint8) *int64 {
	return [...]*int64{nil, &w.DependsOn1, &w.DependsOn2, &w.DependsOn3}[hops]
}

// CalledBy is the weight of a caller so many hops away.
func (w *Ties) CalledBy(hops uint8) *int64 {
	return [...]*int64{nil, &w.CalledBy1, &w.CalledBy2, &w.CalledBy3}[hops]
}

// Curves say what times and an incident's state add to a tie. A curve is
// linear between its corners and flat outside; one that is missing says
// nothing.
type Curves struct {
	Gap      TimeCurve  `yaml:"gap"`      // to the nearest start at the place of the tie
	Onset    TimeCurve  `yaml:"onset"`    // since the first start there, negative before it
	Firing   CountCurve `yaml:"firing"`   // alerts that still fire there
	Idle     TimeCurve  `yaml:"idle"`     // since the latest start in the incident
	Age      TimeCurve  `yaml:"age"`      // since its first
	Alerts   CountCurve `yaml:"alerts"`   // alerts of the incident
	Services CountCurve `yaml:"services"` // services it affects
	Active   CountCurve `yaml:"active"`   // alerts of it that still fire
	Pace     CountCurve `yaml:"pace"`     // alerts that joined it within the last half-minutes
	Busy     CountCurve `yaml:"busy"`     // incidents that opened of late in the scope
	Since    CountCurve `yaml:"since"`    // other incidents that usually reach the service within the time since its latest start
	Chance   CountCurve `yaml:"chance"`   // incidents that open in the scope within the distance to the tie, as they did of late
	Lull     CountCurve `yaml:"lull"`     // alerts that would have joined it since its latest start, at the pace it had
}

// Corner is one corner of a curve: at so many milliseconds, or thousandths of
// a count, so many points.
type Corner struct {
	At     int64
	Points int64
}

// TimeCurve is a curve over time.
type TimeCurve []Corner

// CountCurve is a curve over a count that may have decimals.
type CountCurve []Corner

type timeCorner struct {
	At     signedDuration `yaml:"at"`
	Points int64          `yaml:"points"`
}

type countCorner struct {
	N      float64 `yaml:"n"`
	Points int64   `yaml:"points"`
}

// signedDuration is a Duration that may lie before zero.
type signedDuration int64

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (d *signedDuration) UnmarshalYAML(read func(any) error) error {
	var s string
	if err := read(&s); err != nil {
		return err
	}
	text, negative := strings.CutPrefix(s, "-")
	v, err := ParseDuration(text)
	if negative {
		v = -v
	}
	*d = signedDuration(v)
	return err
}

// MarshalYAML implements yaml.InterfaceMarshaler.
func (d signedDuration) MarshalYAML() (any, error) {
	if d < 0 {
		return "-" + Duration(-d).String(), nil
	}
	return Duration(d).String(), nil
}

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (c *TimeCurve) UnmarshalYAML(read func(any) error) error {
	var list []timeCorner
	if err := read(&list); err != nil {
		return err
	}
	*c = nil
	for _, x := range list {
		*c = append(*c, Corner{int64(x.At), x.Points})
	}
	return nil
}

// MarshalYAML implements yaml.InterfaceMarshaler.
func (c TimeCurve) MarshalYAML() (any, error) {
	list := make([]timeCorner, len(c))
	for i, x := range c {
		list[i] = timeCorner{signedDuration(x.At), x.Points}
	}
	return list, nil
}

// UnmarshalYAML implements yaml.InterfaceUnmarshaler.
func (c *CountCurve) UnmarshalYAML(read func(any) error) error {
	var list []countCorner
	if err := read(&list); err != nil {
		return err
	}
	*c = nil
	for _, x := range list {
		if x.N < 0 || x.N > 1e9 {
			return fmt.Errorf("%s is no count", strconv.FormatFloat(x.N, 'g', -1, 64))
		}
		*c = append(*c, Corner{int64(x.N*1000 + .5), x.Points})
	}
	return nil
}

// MarshalYAML implements yaml.InterfaceMarshaler.
func (c CountCurve) MarshalYAML() (any, error) {
	list := make([]countCorner, len(c))
	for i, x := range c {
		list[i] = countCorner{float64(x.At) / 1000, x.Points}
	}
	return list, nil
}

// eachCurve calls f with every curve there may be, as TimeCurve or CountCurve.
func (c *Correlation) eachCurve(f func(path string, curve any)) {
	for _, g := range []struct {
		name string
		of   any
	}{{"same", &c.Same}, {"again", &c.Again}, {"across", &c.Across}, {"apart", &c.Apart}, {"ticket", &c.Ticket}, {"refire", &c.Refire}, {"events.same", &c.Events.Same}, {"events.again", &c.Events.Again},
		{"events.across", &c.Events.Across}, {"events.apart", &c.Events.Apart}, {"link", &c.Link}} {
		v := reflect.ValueOf(g.of).Elem()
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
			f(g.name+"."+name, v.Field(i).Interface())
		}
	}
}

// cornersOf is what a curve consists of.
func cornersOf(curve any) []Corner {
	switch c := curve.(type) {
	case TimeCurve:
		return c
	case CountCurve:
		return c
	}
	return nil
}

// EachPoints calls f with every figure of the weights and curves, and where it
// stands in the file. f may change it.
func (c *Correlation) EachPoints(f func(path string, points *int64)) {
	eachWeight("weights.", reflect.ValueOf(&c.Weights).Elem(), f)
	eachWeight("events.weights.", reflect.ValueOf(&c.Events.Weights).Elem(), f)
	c.eachCurve(func(path string, curve any) {
		corners := cornersOf(curve)
		for i := range corners {
			f(fmt.Sprintf("%s[%d].points", path, i), &corners[i].Points)
		}
	})
}

// eachWeight calls f with the weights of v, those within it too.
func eachWeight(path string, v reflect.Value, f func(path string, points *int64)) {
	for i := range v.NumField() {
		if p, ok := reflect.TypeAssert[*int64](v.Field(i).Addr()); ok {
			f(path+v.Type().Field(i).Tag.Get("yaml"), p)
		} else {
			eachWeight(path, v.Field(i), f)
		}
	}
}
