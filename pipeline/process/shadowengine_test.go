package process

import (
	"io"
	"testing"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// watching makes engines that want what is written down here.
type watching struct{ wanted []schemas.Activation }

func (w *watching) New() (Engine, error)                { return correlate.New(rules.Released(), nil), nil }
func (w *watching) Restore(r io.Reader) (Engine, error) { return correlate.Restore(r) }
func (w *watching) Wanted() []schemas.Activation        { return w.wanted }

// What a shadow imposes may change while it runs: it holds from the next record
// on, and what the log activates of it does not count.
func TestAShadowFollowsItsOwnTexts(t *testing.T) {
	t.Parallel()
	text := func(yaml string) schemas.Activation {
		set, err := rules.Parse("rules", []byte(yaml))
		if err != nil {
			t.Fatal(err)
		}
		return schemas.Activation{What: schemas.WhatRules, Version: set.Version, Text: string(set.Text)}
	}
	w := &watching{}
	e, err := (shadowEngines{w, []string{schemas.WhatRules}}).New()
	if err != nil {
		t.Fatal(err)
	}
	var out Output
	first, second, logged := text("messages: {wait: 5s}"), text("messages: {wait: 7s}"), text("messages: {wait: 9s}")
	for at, imposed := range []schemas.Activation{first, second, first} {
		w.wanted = []schemas.Activation{imposed}
		e.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: &logged}, schemas.Time(1000+at), &out)
		if got := e.Active(schemas.WhatRules); got != imposed.Version {
			t.Errorf("step %d: in force is %s; want %s", at, got, imposed.Version)
		}
	}
}
