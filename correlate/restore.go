package correlate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Restore reads an engine that Snapshot wrote. It goes on exactly as the one
// that was written would have.
func Restore(r io.Reader) (*Engine, error) {
	d := &restorer{decoder: decoder{r: bufio.NewReaderSize(r, 1<<16)},
		wheres: map[whereabouts]*whereabouts{}, origins: map[origin]*origin{}, ids: map[string]*string{}}
	e := d.engine()
	if d.err != nil {
		return nil, fmt.Errorf("read snapshot: %w", d.err)
	}
	return e, nil
}

// oldestFormat is the first that was released.
const oldestFormat = 3

type restorer struct {
	decoder
	format    byte
	e         *Engine
	records   []*record
	versions  []*versions
	incidents map[int64]*incident
	changes   map[int64]*change
	patterns  map[int64]*pattern
	entities  []*entity
	packed    []byte     // memory for one signal's reason
	evidence  []evidence // likewise
	wheres    map[whereabouts]*whereabouts
	origins   map[origin]*origin
	ids       map[string]*string // of incidents
}

func (d *restorer) engine() *Engine {
	magic := make([]byte, len(snapshotMagic))
	if _, err := io.ReadFull(d.r, magic); err != nil {
		d.fail(err)
		return nil
	}
	last := len(snapshotMagic) - 1
	if d.format = magic[last]; string(magic[:last]) != snapshotMagic[:last] || d.format < oldestFormat || d.format > snapshotMagic[last] {
		d.bad("not a snapshot of this version's engine")
		return nil
	}
	d.e = d.newEngine()
	if d.err != nil {
		return nil
	}
	e := d.e
	e.now = d.time()
	e.seq = d.int()
	e.flushAt = d.time()
	e.forgetAt = d.time()
	for _, n := range e.stats.fields() {
		*n = d.int()
	}
	e.versions = d.version()
	d.incidents, d.changes = map[int64]*incident{}, map[int64]*change{}
	d.each(func() {
		name := d.str()
		e.addScope(name, d.int())
	})
	d.recordList()
	for _, sc := range e.order {
		if d.err != nil {
			return nil
		}
		d.scope(sc)
	}
	d.wakes()
	return e
}

func (d *restorer) newEngine() *Engine {
	setText, topoText, learntText := d.text(), d.text(), d.text()
	if d.err != nil {
		return nil
	}
	set, err := rules.Parse("rules in the snapshot", []byte(setText), rules.FromLog)
	if err != nil {
		d.fail(err)
		return nil
	}
	topo, err := rules.ParseTopology("topology in the snapshot", []byte(topoText), rules.FromLog)
	if err != nil {
		d.fail(err)
		return nil
	}
	e := New(set, topo)
	if learntText == "" {
		return e
	}
	l, err := rules.ParseLearnt("learnt pairs in the snapshot", []byte(learntText), rules.FromLog)
	if err != nil {
		d.fail(err)
		return nil
	}
	e.learnt = newLearnt(l)
	return e
}

func (d *restorer) version() *versions {
	n := d.uint()
	if n == 0 {
		v := &versions{d.str(), d.str(), d.str()}
		d.versions = append(d.versions, v)
		return v
	}
	if n > uint64(len(d.versions)) {
		d.bad("a version out of bounds")
		return &versions{}
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

// incidentID shares the ids that many records have; nil for none.
func (d *restorer) incidentID(id string) *string {
	if id == "" {
		return nil
	}
	return shared(d.ids, id)
}

func (d *restorer) recordList() {
	e := d.e
	d.each(func() {
		since := d.time()
		r := d.record()
		if r == nil {
			return
		}
		d.records = append(d.records, r)
		if e.find(r.id) != nil {
			d.bad("a signal that is there twice")
			return
		}
		e.known.add(hashBytes(r.id[:]), r)
		e.forget.push(r, since)
	})
	d.relays()
	d.each(func() {
		if r := d.recordRef(); r != nil {
			e.dirty = append(e.dirty, r)
		}
	})
}

func (d *restorer) relays() {
	if d.format == oldestFormat {
		return
	}
	for d.err == nil {
		base := d.recordRef()
		if base == nil {
			return
		}
		if r := d.recordRef(); r != nil {
			d.e.relay(base, r)
		}
	}
}

func (d *restorer) recordRef() *record {
	n := d.uint()
	if n == 0 {
		return nil
	}
	if n > uint64(len(d.records)) {
		d.bad("a signal out of bounds")
		return nil
	}
	return d.records[n-1]
}

func (d *restorer) record() *record {
	r := &record{id: d.id(), decided: true}
	var sc *scope
	switch n := d.uint(); {
	case n == 0:
		sc = &scope{name: d.str()}
	case n <= uint64(len(d.e.order)):
		sc = d.e.order[n-1]
	default:
		d.bad("a scope out of bounds")
		return nil
	}
	r.incident = d.incidentID(d.str())
	r.repeats = d.int()
	r.unread = uint32(r.repeats - d.int())
	r.at = d.time()
	r.lastAt = r.at.Add(d.int())
	r.revision = int32(d.int())
	kind, verdict := d.uint(), d.uint()
	if kind >= uint64(len(kindNames)) || verdict >= uint64(len(verdictNames)) {
		d.bad("a kind or verdict out of bounds")
		return nil
	}
	r.kind, r.verdict = kindCode(kind), verdictCode(verdict)
	if d.format > oldestFormat {
		r.told = toldCode(d.uint())
	}
	r.dirty = d.bool()
	d.why(r, sc)
	return r
}

func (d *restorer) why(r *record, sc *scope) {
	w := why{text: d.str(), evidence: unpackEvidence(d.evidence, d.text(), ""), anchor: d.id()}
	if d.bool() {
		w.window = d.id()
	}
	d.evidence = w.evidence
	w.runnerUp, w.runnerScore = d.str(), d.int()
	r.origin = shared(d.origins, origin{sc, d.version()})
	w.service = d.str()
	w.score = d.int()
	w.threshold = d.int()
	w.candidates = int32(d.int())
	d.packed = w.pack(d.packed[:0])
	r.why = packedWhy(d.packed)
}

func (d *restorer) json(v any) {
	text := d.text()
	if d.err != nil {
		return
	}
	if err := json.Unmarshal([]byte(text), v); err != nil {
		d.bad(err.Error())
	}
}

func (d *restorer) scope(sc *scope) {
	sc.opened = rate{d.int(), d.time()}
	sc.lasting = int(d.int())
	d.entities = nil
	d.each(func() {
		kind := d.uint()
		if kind == 0 || kind >= uint64(entityKinds) {
			d.bad("a kind of entity out of bounds")
			return
		}
		d.entities = append(d.entities, d.e.entity(sc, entityKind(kind), d.str(), true))
	})
	d.patternList(&sc.patterns)
	d.each(func() {
		inc := &incident{seq: d.int(), sc: sc, places: map[*entity]*place{}, names: map[string]int32{}}
		d.incidents[inc.seq] = inc
		sc.live = append(sc.live, inc)
	})
	for _, inc := range sc.live {
		if d.err != nil {
			return
		}
		d.incident(inc)
		sc.incidents[inc.pub.ID] = inc
	}
	sc.storm = d.ref()
	for _, ent := range d.entities {
		ent.ring = d.refs()
	}
	d.each(func() {
		ch := d.change(sc)
		sc.changes, sc.byKey[ch.key] = append(sc.changes, ch), ch
	})
	if d.format > oldestFormat {
		d.each(func() { sc.lone = append(sc.lone, d.alert(sc)) })
	}
	d.each(func() {
		f := fact{kind: factKind(d.uint()), key: keyOf(d.str(), d.str()), inc: d.ref(), other: d.ref()}
		sc.facts.list = append(sc.facts.list, f)
	})
	sc.facts.index()
}

func (d *restorer) ref() *incident {
	seq := d.int()
	if seq == 0 {
		return nil
	}
	inc := d.incidents[seq]
	if inc == nil {
		d.bad("an incident that is not there")
	}
	return inc
}

func (d *restorer) refs() []*incident {
	var out []*incident
	d.each(func() {
		if inc := d.ref(); inc != nil {
			out = append(out, inc)
		}
	})
	return out
}

func (d *restorer) entityRef() *entity {
	n := d.uint()
	if n >= uint64(len(d.entities)) {
		d.bad("an entity out of bounds")
		return &entity{}
	}
	return d.entities[n]
}

func (d *restorer) wakes() {
	d.each(func() {
		w := wake{at: d.time(), seq: d.int(), kind: wakeKind(d.uint()), inc: d.ref()}
		if seq := d.int(); seq != 0 {
			if w.ch = d.changes[seq]; w.ch == nil {
				d.bad("a change that is not there")
				return
			}
		}
		d.e.wakes.push(w)
	})
}

func (d *restorer) patternList(ps *patterns) {
	d.patterns = map[int64]*pattern{}
	d.each(func() {
		p := &pattern{seq: d.int(), root: d.str()}
		d.each(func() { p.items = append(p.items, alertType{d.str(), d.str()}) })
		p.starts = d.times()
		p.minutes = d.float()
		d.json(&p.cost)
		d.json(&p.pub)
		d.each(func() { p.ids = append(p.ids, d.str()) })
		p.count = d.int()
		p.first, p.last = d.time(), d.time()
		d.patterns[p.seq] = p
		ps.insert(p)
	})
	ps.starts = d.times()
}

func (d *restorer) times() []schemas.Time {
	var ts []schemas.Time
	d.each(func() { ts = append(ts, d.time()) })
	return ts
}
