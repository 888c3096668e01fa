package state

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"pinkstar/correlate/internal/codec"
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/problem"
	"pinkstar/correlate/internal/topology"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Restore reads an engine that Snapshot wrote. It goes on exactly as the one
// that was written would have.
func Restore(r io.Reader) (*State, error) {
	d := &decoder{Decoder: codec.Decoder{R: bufio.NewReaderSize(r, 1<<16)},
		wheres: map[Location]*Location{}, origins: map[Origin]*Origin{}, ids: map[string]*string{}, trees: map[*Incident]Rate{}}
	st := d.engine()
	if d.Err != nil {
		return nil, fmt.Errorf("read snapshot: %w", d.Err)
	}
	return st, nil
}

// oldestFormat is the first that was released; formatBehaviour the first in which
// the number of the engine's behaviour stands; formatRefire the first that knows
// how many alerts fired again of late; formatTree how busy a whole tree is, how often
// something new reaches an entity, after which span alerts recover, what people have
// heard, and which changes undo others; formatProblems how
// often what recurs showed which symptom.
const (
	oldestFormat    = 3
	formatBehaviour = 5
	formatRefire    = 6
	formatTree      = 7
	formatProblems  = 7
)

type decoder struct {
	codec.Decoder
	format    byte
	e         *State
	records   []*SeenSignal
	versions  []*Versions
	incidents map[int64]*Incident
	changes   map[int64]*Change
	patterns  map[int64]*problem.Pattern
	entities  []*Entity
	packed    []byte          // memory for one signal's reason
	evidence  []evidence.Item // likewise
	wheres    map[Location]*Location
	origins   map[Origin]*Origin
	ids       map[string]*string // of incidents
	trees     map[*Incident]Rate // how busy they are
}

func (d *decoder) engine() *State {
	magic := make([]byte, len(snapshotMagic))
	if _, err := io.ReadFull(d.R, magic); err != nil {
		d.Fail(err)
		return nil
	}
	last := len(snapshotMagic) - 1
	if d.format = magic[last]; string(magic[:last]) != snapshotMagic[:last] || d.format < oldestFormat || d.format > snapshotMagic[last] {
		d.Bad("not a snapshot of this version's engine")
		return nil
	}
	d.e = d.newEngine()
	if d.Err != nil {
		return nil
	}
	st := d.e
	st.Now = d.Time()
	st.seq = d.Int()
	st.FlushAt = d.Time()
	st.ExpiryAt = d.Time()
	for _, n := range st.Stats.fields() {
		*n = d.Int()
	}
	if d.format >= formatBehaviour {
		st.Behaviour = d.Int()
	}
	if d.format >= formatTree {
		st.ReviseAt = d.Time()
		d.shifts(st)
	}
	if v := d.version(); *v == *st.Versions {
		st.Versions = v
	} else { // what is decided from here on, this binary's engine decides
		st.NewVersions()
	}
	d.incidents, d.changes = map[int64]*Incident{}, map[int64]*Change{}
	d.Each(func() {
		name := d.Str()
		st.addScope(name, d.Int())
	})
	d.recordList()
	for _, sc := range st.Order {
		if d.Err != nil {
			return nil
		}
		d.scope(sc)
	}
	d.wakes()
	return st
}

func (d *decoder) newEngine() *State {
	setText, topoText, learntText := d.Text(), d.Text(), d.Text()
	if d.Err != nil {
		return nil
	}
	set, err := rules.Parse("rules in the snapshot", []byte(setText), rules.FromLog)
	if err != nil {
		d.Fail(err)
		return nil
	}
	topo, err := rules.ParseTopology("topology in the snapshot", []byte(topoText), rules.FromLog)
	if err != nil {
		d.Fail(err)
		return nil
	}
	st := New(set, topo)
	if learntText == "" {
		return st
	}
	l, err := rules.ParseLearnt("learnt pairs in the snapshot", []byte(learntText), rules.FromLog)
	if err != nil {
		d.Fail(err)
		return nil
	}
	st.Learnt = topology.NewPairs(l)
	st.NewVersions()
	return st
}

func (d *decoder) version() *Versions {
	n := d.Uint()
	if n == 0 {
		v := &Versions{Rules: d.Str(), Topology: d.Str(), Learnt: d.Str()}
		if d.format >= formatBehaviour {
			v.Behaviour = d.Int()
		}
		d.versions = append(d.versions, v)
		return v
	}
	if n > uint64(len(d.versions)) {
		d.Bad("a version out of bounds")
		return &Versions{}
	}
	return d.versions[n-1]
}

// shared is v in the memory of an equal one that was there before.
func shared[T comparable](known map[T]*T, v T) *T {
	p := known[v]
	if p == nil {
		p = &v
		known[v] = p
	}
	return p
}

// incidentID shares the ids that many signals have; nil for none.
func (d *decoder) incidentID(id string) *string {
	if id == "" {
		return nil
	}
	return shared(d.ids, id)
}

func (d *decoder) recordList() {
	st := d.e
	d.Each(func() {
		since := d.Time()
		r := d.record()
		if r == nil {
			return
		}
		d.records = append(d.records, r)
		if st.FindSignal(r.ID) != nil {
			d.Bad("a signal that is there twice")
			return
		}
		st.AddSignal(r)
		st.Expiry.push(r, since)
	})
	d.relays()
	d.Each(func() {
		if r := d.recordRef(); r != nil {
			st.Dirty = append(st.Dirty, r)
		}
	})
}

func (d *decoder) relays() {
	if d.format == oldestFormat {
		return
	}
	for d.Err == nil {
		base := d.recordRef()
		if base == nil {
			return
		}
		if r := d.recordRef(); r != nil {
			d.e.Relay(base, r)
		}
	}
}

func (d *decoder) recordRef() *SeenSignal {
	n := d.Uint()
	if n == 0 {
		return nil
	}
	if n > uint64(len(d.records)) {
		d.Bad("a signal out of bounds")
		return nil
	}
	return d.records[n-1]
}

func (d *decoder) record() *SeenSignal {
	r := &SeenSignal{ID: d.ID(), Decided: true}
	var sc *Scope
	switch n := d.Uint(); {
	case n == 0:
		sc = &Scope{Name: d.Str()}
	case n <= uint64(len(d.e.Order)):
		sc = d.e.Order[n-1]
	default:
		d.Bad("a scope out of bounds")
		return nil
	}
	r.Incident = d.incidentID(d.Str())
	r.Redeliveries = d.Int()
	r.Unwritten = uint32(r.Redeliveries - d.Int())
	r.At = d.Time()
	r.LastAt = r.At.Add(d.Int())
	r.Revision = int32(d.Int())
	kind, verdict := d.Uint(), d.Uint()
	if kind >= uint64(len(KindNames)) || verdict >= uint64(len(VerdictNames)) {
		d.Bad("a kind or verdict out of bounds")
		return nil
	}
	r.Kind, r.Verdict = KindCode(kind), VerdictCode(verdict)
	if d.format > oldestFormat {
		r.Told = ToldCode(d.Uint())
	}
	r.Dirty = d.Bool()
	d.why(r, sc)
	return r
}

func (d *decoder) why(r *SeenSignal, sc *Scope) {
	w := evidence.Reason{Text: d.Str(), Items: evidence.DecodeItems(d.evidence, d.Text(), ""), Anchor: d.ID()}
	if d.Bool() {
		w.Window = d.ID()
	}
	d.evidence = w.Items
	w.RunnerUp, w.RunnerScore = d.Str(), d.Int()
	r.Origin = shared(d.origins, Origin{sc, d.version()})
	w.Service = d.Str()
	w.Score = d.Int()
	w.Threshold = d.Int()
	w.Candidates = int32(d.Int())
	d.packed = w.Encode(d.packed[:0])
	r.Reason = evidence.Encoded(d.packed)
}

func (d *decoder) json(v any) {
	text := d.Text()
	if d.Err != nil {
		return
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		d.Bad(err.Error())
	}
}

func (d *decoder) placement(p *Placement) {
	p.seq = d.Int()
	d.Each(func() {
		p.add(&placed{key: d.Text(), service: d.e.Strings.Of(d.Str()), machine: d.e.Strings.Of(d.Str()), seen: d.Time(), seq: d.Int()})
	})
}

func (d *decoder) routine(r *Routine) {
	r.Since = d.Time()
	r.all = Rate{d.Int(), d.Time()}
	d.Each(func() {
		r.on.set(d.e.Strings.Of(d.Str()), Rate{d.Int(), d.Time()})
	})
}

func (d *decoder) reached(sc *Scope) {
	d.Each(func() {
		if kind, ok := d.entityKind(); ok {
			sc.Usual.counts.set(EntityKey{kind, d.e.Strings.Of(d.Str())}, Rate{d.Int(), d.Time()})
		}
	})
}

func (d *decoder) entityKind() (kind EntityKind, ok bool) {
	n := d.Uint()
	if n == 0 || n >= uint64(entityKinds) {
		d.Bad("a kind of entity out of bounds")
		return 0, false
	}
	return EntityKind(n), true
}

func (d *decoder) scope(sc *Scope) {
	sc.Opened = Rate{d.Int(), d.Time()}
	if d.format >= formatRefire {
		sc.Refired = Rate{d.Int(), d.Time()}
		sc.Refires = Rate{d.Int(), d.Time()}
	}
	if d.format >= formatTree {
		d.reached(sc)
		d.routine(&sc.Deployed)
		d.routine(&sc.Maintained)
		d.placement(&sc.Placement)
		sc.Business.Read(&d.Decoder)
		d.Each(func() {
			a := &schemas.ActionItem{}
			d.json(a)
			sc.Actions = append(sc.Actions, a)
		})
	}
	sc.Lasting = int(d.Int())
	if d.format >= formatTree {
		sc.Timeout = Timeout{d.Int(), int32(d.Int()), int32(d.Int())}
	}
	d.entities = nil
	d.Each(func() {
		if kind, ok := d.entityKind(); ok {
			d.entities = append(d.entities, d.e.Entity(sc, kind, d.Str(), true))
		}
	})
	d.patternList(&sc.Patterns)
	d.Each(func() {
		inc := &Incident{Seq: d.Int(), Scope: sc, Affected: map[*Entity]*Affected{}, Names: map[string]int32{}}
		d.incidents[inc.Seq] = inc
		sc.Live = append(sc.Live, inc)
	})
	for _, inc := range sc.Live {
		if d.Err != nil {
			return
		}
		d.incident(inc)
		sc.Incidents[inc.Pub.ID] = inc
	}
	d.family(sc)
	sc.Storm = d.ref()
	for _, ent := range d.entities {
		ent.Recent = d.refs()
	}
	d.Each(func() {
		sc.AddChange(d.change(sc))
	})
	if d.format > oldestFormat {
		d.Each(func() { sc.Lone = append(sc.Lone, d.alert(sc)) })
	}
	d.Each(func() {
		f := &Correction{Kind: correctionKind(d.Uint()), Key: KeyOf(d.Str(), d.Str()), Incident: d.ref(), Other: d.ref()}
		if f.Incident == nil || f.Kind == Unlinked && f.Other == nil {
			d.Bad("an order about no incident")
			return
		}
		sc.Corrections.hold(f)
	})
}

func (d *decoder) ref() *Incident {
	seq := d.Int()
	if seq == 0 {
		return nil
	}
	inc := d.incidents[seq]
	if inc == nil {
		d.Bad("an incident that is not there")
	}
	return inc
}

func (d *decoder) refs() []*Incident {
	var out []*Incident
	d.Each(func() {
		if inc := d.ref(); inc != nil {
			out = append(out, inc)
		}
	})
	return out
}

func (d *decoder) entityRef() *Entity {
	n := d.Uint()
	if n >= uint64(len(d.entities)) {
		d.Bad("an entity out of bounds")
		return &Entity{}
	}
	return d.entities[n]
}

func (d *decoder) wakes() {
	d.Each(func() {
		w := Timer{At: d.Time(), seq: d.Int(), Kind: TimerKind(d.Uint()), Incident: d.ref()}
		if seq := d.Int(); seq != 0 {
			if w.Change = d.changes[seq]; w.Change == nil {
				d.Bad("a change that is not there")
				return
			}
		}
		d.e.Timers.push(w)
	})
}

func (d *decoder) patternList(ps *problem.Book) {
	d.patterns = map[int64]*problem.Pattern{}
	d.Each(func() {
		p := &problem.Pattern{Seq: d.Int(), Root: d.Str()}
		d.recognised(p)
		p.Minutes = d.Float()
		d.json(&p.Cost)
		d.json(&p.Pub)
		d.Each(func() { p.IncidentIDs = append(p.IncidentIDs, d.Str()) })
		p.Count = d.Int()
		p.First, p.Last = d.Time(), d.Time()
		d.patterns[p.Seq] = p
		ps.Insert(p)
	})
	ps.Starts = d.times()
	if d.format >= formatProblems {
		d.usual(ps)
	}
}

// recognised reads how the incidents of a pattern are recognised. Before that was
// counted, a pattern had the alerts of its first incident.
func (d *decoder) recognised(p *problem.Pattern) {
	const one = 1000 // an incident, in thousandths
	counted := d.format >= formatProblems
	d.Each(func() {
		it := problem.Symptom{AlertType: topology.AlertType{Name: d.Str(), Service: d.Str()}, Count: one}
		if counted {
			it.Count = d.Int()
		}
		p.Symptoms = append(p.Symptoms, it)
	})
	if !counted {
		p.Weight = one
		for _, t := range d.times() {
			p.Occurrences = append(p.Occurrences, problem.Occurrence{Start: t, End: t, Weight: one, Alerts: int64(len(p.Symptoms))})
		}
		slices.SortStableFunc(p.Occurrences, func(a, b problem.Occurrence) int { return cmp.Compare(a.Start, b.Start) })
		return
	}
	p.Machine, p.Weight, p.Schedule = d.Bool(), d.Int(), d.Str()
	d.Each(func() {
		p.Occurrences = append(p.Occurrences, problem.Occurrence{Start: d.Time(), End: d.Time(), Odds: d.Int(), Weight: d.Int(), Alerts: d.Int()})
	})
	d.Each(func() { p.Services = append(p.Services, d.Str()) })
}

func (d *decoder) usual(ps *problem.Book) {
	ps.AgedAt = d.Time()
	d.Each(func() { ps.Noticed = append(ps.Noticed, problem.Place{Name: d.Str(), Machine: d.Bool()}) })
	d.Each(func() {
		u := &problem.Usual{At: problem.Place{Name: d.Str(), Machine: d.Bool()}, Incidents: d.Int(), Touched: d.Int(), Last: d.Time()}
		d.Each(func() { u.Names = append(u.Names, problem.UsualName{Name: d.Str(), Root: d.Int(), Touched: d.Int()}) })
		ps.AddUsual(u)
	})
}

func (d *decoder) times() []schemas.Time {
	var ts []schemas.Time
	d.Each(func() { ts = append(ts, d.Time()) })
	return ts
}
