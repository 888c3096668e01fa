package correlate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"pinkstar/schemas"
)

// snapshotMagic begins every snapshot; its last byte is the format's version.
// Format 3 did not know what a record told of its alert, nor what a window's
// text was.
const snapshotMagic = "pinkstar engine\x04"

// Snapshot writes the whole state of e. The bytes follow from the state alone:
// two engines that have seen the same log write the same.
func (e *Engine) Snapshot(w io.Writer) error {
	s := &snapshotter{
		encoder:  encoder{w: bufio.NewWriterSize(w, 1<<16), strings: map[string]uint64{}},
		records:  make(map[*record]uint64, e.known.n),
		scopes:   map[*scope]uint64{},
		versions: map[*versions]uint64{},
		entities: map[*entity]uint64{},
	}
	s.engine(e)
	if s.err == nil {
		s.err = s.w.Flush()
	}
	if s.err != nil {
		return fmt.Errorf("write snapshot: %w", s.err)
	}
	return nil
}

type snapshotter struct {
	encoder
	records  map[*record]uint64
	scopes   map[*scope]uint64
	versions map[*versions]uint64
	entities map[*entity]uint64
	packed   []byte     // memory for one signal's evidence
	evidence []evidence // likewise
}

func (s *snapshotter) engine(e *Engine) {
	s.bytes([]byte(snapshotMagic))
	s.text(string(e.set.Text))
	s.text(string(e.topo.src.Text))
	s.text(e.learnt.text)
	s.time(e.now)
	s.int(e.seq)
	s.time(e.flushAt)
	s.time(e.forgetAt)
	for _, n := range e.stats.fields() {
		s.int(*n)
	}
	s.version(e.versions)
	s.len(len(e.order))
	for i, sc := range e.order {
		s.scopes[sc] = uint64(i) + 1
		s.str(sc.name)
		s.int(sc.seq)
	}
	s.recordList(e)
	for _, sc := range e.order {
		s.scope(sc)
	}
	s.wakes(e)
}

// fields lists the counters that belong to the state.
func (st *Stats) fields() []*int64 {
	return []*int64{&st.Signals, &st.Repeats, &st.Decisions, &st.Placed, &st.Duplicates, &st.Suppressed, &st.Late,
		&st.Refused, &st.IncidentsOpened, &st.IncidentsClosed, &st.Limited, &st.BadActivations}
}

func (s *snapshotter) version(v *versions) {
	if n, ok := s.versions[v]; ok {
		s.uint(n)
		return
	}
	s.versions[v] = uint64(len(s.versions)) + 1
	s.uint(0)
	s.str(v.rules)
	s.str(v.topology)
	s.str(v.learnt)
}

// recordList writes the known signals in the order of the forget queue, which
// holds each of them once.
func (s *snapshotter) recordList(e *Engine) {
	items := e.forget.items[e.forget.head:]
	s.len(len(items))
	for i := range items {
		r := items[i].r
		s.records[r] = uint64(i) + 1
		s.time(items[i].since)
		s.record(r)
	}
	for i := range items {
		if r := items[i].r; r.relayed {
			s.uint(uint64(i) + 1)
			s.uint(s.records[e.relays[r]])
		}
	}
	s.uint(0)
	dirty := slices.DeleteFunc(slices.Clone(e.dirty), func(r *record) bool {
		return s.records[r] == 0 // forgotten meanwhile, and written then
	})
	s.len(len(dirty))
	for _, r := range dirty {
		s.uint(s.records[r])
	}
}

func (s *snapshotter) record(r *record) {
	s.id(r.id)
	n := s.scopes[r.sc]
	s.uint(n)
	if n == 0 {
		s.str(r.sc.name)
	}
	s.str(r.incidentID())
	s.int(r.repeats)
	s.int(r.repeats - int64(r.unread))
	s.time(r.at)
	s.int(r.lastAt.Sub(r.at))
	s.int(int64(r.revision))
	s.uint(uint64(r.kind))
	s.uint(uint64(r.verdict))
	s.uint(uint64(r.told))
	s.bool(r.dirty)
	s.why(r)
}

func (s *snapshotter) why(r *record) {
	w := r.why.unpack(s.evidence)
	s.evidence = w.evidence
	s.str(w.text)
	s.packed = packEvidence(s.packed[:0], w.evidence, "")
	s.len(len(s.packed))
	s.bytes(s.packed)
	s.id(w.anchor)
	s.bool(!w.window.IsZero())
	if !w.window.IsZero() {
		s.id(w.window)
	}
	s.str(w.runnerUp)
	s.int(w.runnerScore)
	s.version(r.versions)
	s.str(w.service)
	s.int(w.score)
	s.int(w.threshold)
	s.int(int64(w.candidates))
}

func (s *snapshotter) scope(sc *scope) {
	s.int(sc.opened.level)
	s.time(sc.opened.at)
	s.int(int64(sc.lasting))
	s.entityList(sc)
	s.patternList(&sc.patterns)
	s.len(len(sc.live))
	for _, inc := range sc.live {
		s.int(inc.seq)
	}
	for _, inc := range sc.live {
		s.incident(inc)
	}
	s.ref(sc.storm)
	s.ringList(sc)
	s.len(len(sc.changes))
	for _, ch := range sc.changes {
		s.change(ch)
	}
	s.len(len(sc.lone))
	for _, a := range sc.lone {
		s.alert(sc, a)
	}
	s.len(len(sc.facts.list))
	for _, f := range sc.facts.list {
		s.uint(uint64(f.kind))
		source, fingerprint := f.key.parts()
		s.str(source)
		s.str(fingerprint)
		s.ref(f.inc)
		s.ref(f.other)
	}
}

// ref writes a pointer to a live incident.
func (s *snapshotter) ref(inc *incident) {
	if inc == nil || inc.closed {
		s.int(0)
		return
	}
	s.int(inc.seq)
}

func (s *snapshotter) refs(incs []*incident) {
	incs = slices.DeleteFunc(slices.Clone(incs), func(inc *incident) bool { return inc.closed })
	s.len(len(incs))
	for _, inc := range incs {
		s.ref(inc)
	}
}

// inUse lists the entities that matter, in a fixed order.
func (sc *scope) inUse() []*entity {
	var out []*entity
	for _, ent := range sc.nodes {
		if ent != nil && ent.refs > 0 {
			out = append(out, ent)
		}
	}
	for _, named := range sc.entities {
		for _, name := range slices.Sorted(maps.Keys(named)) {
			if ent := named[name]; ent.refs > 0 {
				out = append(out, ent)
			}
		}
	}
	return out
}

func (s *snapshotter) entityList(sc *scope) {
	all := sc.inUse()
	clear(s.entities)
	s.len(len(all))
	for i, ent := range all {
		s.entities[ent] = uint64(i)
		s.uint(uint64(ent.key.kind))
		s.str(ent.key.name)
	}
}

func (s *snapshotter) ringList(sc *scope) {
	for _, ent := range sc.inUse() {
		s.refs(ent.ring)
	}
}

func (s *snapshotter) wakes(e *Engine) {
	var ws []wake
	for _, w := range e.wakes.heap {
		if w.inc != nil && w.inc.closed || w.ch != nil && w.ch.gone {
			continue
		}
		ws = append(ws, w)
	}
	slices.SortFunc(ws, func(a, b wake) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	s.len(len(ws))
	for _, w := range ws {
		s.time(w.at)
		s.int(w.seq)
		s.uint(uint64(w.kind))
		s.ref(w.inc)
		if w.ch == nil {
			s.int(0)
		} else {
			s.int(w.ch.seq)
		}
	}
}

func (s *snapshotter) json(v any) {
	b, err := json.Marshal(v)
	if err != nil && s.err == nil {
		s.err = err
	}
	s.text(string(b))
}

func (s *snapshotter) patternList(ps *patterns) {
	s.len(len(ps.list))
	for _, p := range ps.list {
		s.int(p.seq)
		s.str(p.root)
		s.len(len(p.items))
		for _, it := range p.items {
			s.str(it.name)
			s.str(it.service)
		}
		s.times(p.starts)
		s.float(p.minutes)
		s.json(&p.cost)
		s.json(&p.pub)
		s.len(len(p.ids))
		for _, id := range p.ids {
			s.str(id)
		}
		s.int(p.count)
		s.time(p.first)
		s.time(p.last)
	}
	s.times(ps.starts)
}

func (s *snapshotter) times(ts []schemas.Time) {
	s.len(len(ts))
	for _, t := range ts {
		s.time(t)
	}
}
