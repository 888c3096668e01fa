package process

import (
	"io"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// roleShadow is what the shadow's metrics are called.
const roleShadow = "shadow"

// NewShadow returns a correlator that runs other rules over the same signals
// and changes nothing: it writes to topics of its own (shadow.decisions,
// shadow.incidents, ...), is in a group of its own, and appends nothing to the
// log it reads. engines says which rules; imposed lists what they impose
// (of schemas.Activatable): the log's activations of it are passed over, and what
// engines want of it comes into force before the next record.
func NewShadow(cfg Config, kc kafka.Config, engines Engines, imposed []string, deps Deps) (*Correlator, error) {
	c, err := newCorrelator(cfg, kc.ForShadow(), kc.Topic(schemas.TopicSignals), roleShadow, shadowEngines{engines, imposed}, deps)
	if err != nil {
		return nil, err
	}
	c.behaviour = 0 // its rules change without a record, and nobody lives by what it says
	return c, nil
}

// shadowEngines makes engines that only watch.
type shadowEngines struct {
	Engines
	imposed []string
}

func (s shadowEngines) New() (Engine, error) {
	e, err := s.Engines.New()
	return shadowEngine{e, s}, err
}

// Restore brings an engine back under the rules that are configured now.
func (s shadowEngines) Restore(r io.Reader) (Engine, error) {
	e, err := s.Engines.Restore(r)
	return shadowEngine{e, s}, err
}

// Wanted is nothing: an activation in the log would be the first engine's too.
func (shadowEngines) Wanted() []schemas.Activation { return nil }

type shadowEngine struct {
	Engine
	from shadowEngines
}

// NextWake is never: a tick would be in the first engine's log. What is due
// happens when the next record comes.
func (shadowEngine) NextWake() schemas.Time { return 0 }

func (e shadowEngine) Step(s *schemas.Signal, at schemas.Time, out *Output) {
	wanted := e.from.Engines.Wanted()
	for i := range wanted {
		if a := &wanted[i]; e.Active(a.Key()) != a.Version {
			e.Engine.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: a}, e.Now(), out)
		}
	}
	if a := s.Activation; a != nil {
		for _, what := range e.from.imposed {
			if a.What == what {
				s = &schemas.Signal{Kind: schemas.KindTick}
			}
		}
	}
	e.Engine.Step(s, at, out)
	out.Effects = out.Effects[:0] // people hear from the first engine alone
}

func (e shadowEngine) Repeat(id schemas.ID, at schemas.Time, out *Output) bool {
	known := e.Engine.Repeat(id, at, out)
	out.Effects = out.Effects[:0]
	return known
}
