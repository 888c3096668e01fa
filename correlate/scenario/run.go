package scenario

import (
	"fmt"
	"strconv"
	"strings"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// run is one execution of a scenario.
type run struct {
	file    *File
	engine  *correlate.Engine
	out     correlate.Output
	signals []*schemas.Signal
	next    map[string]int // sections already in force

	incidentIDs numbering
	problemIDs  numbering
	signalIDs   numbering

	incidents *schemas.Newest[schemas.Incident]
	decisions *schemas.Newest[schemas.Decision]
	problems  *schemas.Newest[schemas.Problem]
	timeline  *schemas.Newest[schemas.TimelineEntry]
	effects   *schemas.Newest[schemas.Effect]
	others    map[string]schemas.Kept // by section: what has no form of its own here
}

// numbering gives ids their number in order of appearance.
type numbering struct {
	ids []string
	of  map[string]int
}

func (n *numbering) add(id string) {
	if n.of == nil {
		n.of = map[string]int{}
	}
	if _, ok := n.of[id]; !ok {
		n.ids = append(n.ids, id)
		n.of[id] = len(n.ids)
	}
}

func (n *numbering) idOf(name, prefix string) string {
	i, err := strconv.Atoi(strings.TrimPrefix(name, prefix))
	if err != nil || i < 1 || i > len(n.ids) {
		return ""
	}
	return n.ids[i-1]
}

// Result is what a scenario came to.
type Result struct {
	file *File
	got  map[string]string // by section, as it would be written
}

// Options change what a scenario runs under when it has no section of its own.
type Options struct {
	Rules    *rules.Set
	Topology *rules.Topology
	Learnt   *rules.Learnt
}

func newRun(f *File) *run {
	r := &run{
		file: f, next: map[string]int{schemas.WhatRules: 1, schemas.WhatTopology: 1},
		incidents: schemas.Incidents.Newest(), decisions: schemas.Decisions.Newest(),
		problems: schemas.Problems.Newest(), timeline: schemas.Timeline.Newest(),
		effects: schemas.Effects.Newest(), others: map[string]schemas.Kept{},
	}
	for _, k := range schemas.Outcomes {
		switch k {
		case schemas.Incidents, schemas.Decisions, schemas.Problems, schemas.Timeline, schemas.Effects:
		default:
			if k.FromEngine() {
				r.others[k.Names().Plural] = k.Keep()
			}
		}
	}
	return r
}

// Run executes a scenario.
func Run(f *File, opts Options) (*Result, error) {
	r := newRun(f)
	set, topo := opts.Rules, opts.Topology
	var err error
	if s := f.all(schemas.WhatRules); len(s) > 0 {
		if set, err = rules.Parse(f.Name+" (rules)", []byte(s[0].lines)); err != nil {
			return nil, err
		}
	}
	if s := f.all(schemas.WhatTopology); len(s) > 0 {
		if topo, err = rules.ParseTopology(f.Name+" (topology)", []byte(s[0].lines)); err != nil {
			return nil, err
		}
	}
	r.engine = correlate.New(set, topo)
	if len(f.all(schemas.WhatLearnt)) == 0 {
		r.engine.SetLearnt(opts.Learnt)
	}
	in := f.all("input")[0]
	for i, line := range strings.Split(in.lines, "\n") {
		if comment(line) {
			continue
		}
		if err := r.do(line, in.line+i+1); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", f.Name, in.line+i+1, err)
		}
	}
	r.engine.Flush(&r.out)
	r.gather()
	return &Result{f, r.render()}, nil
}

// do carries out one line of the input.
func (r *run) do(line string, number int) error {
	o, err := orderOf(line)
	if err != nil {
		return err
	}
	o.line = number
	defer r.gather()
	if o.verb == "command" { // what happens up to then may be what it names
		r.engine.Step(&schemas.Signal{Kind: schemas.KindTick}, o.at, &r.out)
		r.gather()
	}
	switch o.verb {
	case "tick":
		r.engine.Step(&schemas.Signal{Kind: schemas.KindTick}, o.at, &r.out)
		return nil
	case "again":
		return r.again(&o)
	case schemas.WhatRules, schemas.WhatTopology, schemas.WhatLearnt:
		return r.activate(&o)
	}
	s, err := r.signal(&o)
	if err != nil {
		return err
	}
	r.signals = append(r.signals, s)
	r.signalIDs.add(s.ID)
	r.engine.Step(s, o.at, &r.out)
	return nil
}

// again delivers a signal once more, or as often as "x40" says.
func (r *run) again(o *order) error {
	s, err := r.signalNamed(o.bare())
	if err != nil {
		return err
	}
	times := 1
	if n, ok := strings.CutPrefix(o.bare(), "x"); ok {
		if times, err = strconv.Atoi(n); err != nil {
			return fmt.Errorf("x%s is not a number of times", n)
		}
	}
	id, err := schemas.ParseID(s.ID)
	if err != nil {
		return err
	}
	for range times {
		if !r.engine.Repeat(id, o.at, &r.out) {
			r.engine.Step(s, o.at, &r.out)
		}
	}
	return nil
}

// activate puts the next section of that name in force, through the log.
func (r *run) activate(o *order) error {
	all := r.file.all(o.verb)
	n := r.next[o.verb]
	if n >= len(all) {
		return fmt.Errorf("there is no further section \"--- %s\"", o.verb)
	}
	r.next[o.verb] = n + 1
	text := all[n].lines
	if o.verb == schemas.WhatRules {
		set, err := rules.Parse(r.file.Name+" (rules)", []byte(text))
		if err != nil {
			return err
		}
		text = string(set.Text)
	}
	a := &schemas.Activation{What: o.verb, Version: rules.VersionOf([]byte(text)), Text: text}
	r.engine.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: a}, o.at, &r.out)
	if r.engine.Active(o.verb) != a.Version {
		return fmt.Errorf("the section \"--- %s\" in line %d can't be read", o.verb, all[n].line)
	}
	return nil
}

// gather keeps the newest of what came out.
func (r *run) gather() {
	for i := range r.out.Incidents {
		r.incidentIDs.add(r.out.Incidents[i].ID)
	}
	for i := range r.out.Problems {
		r.problemIDs.add(r.out.Problems[i].ID)
	}
	for _, k := range [...]schemas.Kept{r.incidents, r.decisions, r.problems, r.timeline, r.effects} {
		k.Take(&r.out)
	}
	for _, k := range r.others {
		k.Take(&r.out)
	}
	r.out.Reset()
}
