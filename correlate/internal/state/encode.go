package state

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"pinkstar/correlate/internal/codec"
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/problem"
	"pinkstar/schemas"
)

// snapshotMagic begins every snapshot; its last byte is the format's version.
// Format 3 did not know what a record told of its alert, nor what a window's
// text was; format 4 not the engine's behaviour, nor which machine or namespace
// an alert that names no service was taken to be about; format 5 not how many
// alerts had fired again of late; format 6 not how busy a whole tree was, how often
// something new reached an entity, what people had heard, how often what recurs
// showed which symptom, what fails where anyway, how often services are changed
// anyway, what runs where, what a service usually earns, nor who works on an incident.
const snapshotMagic = "pinkstar engine\x07"

// Snapshot writes the whole state of e. The bytes follow from the state alone:
// two engines that have seen the same log write the same.
func (st *State) Snapshot(w io.Writer) error {
	s := &encoder{
		Encoder:  codec.Encoder{W: bufio.NewWriterSize(w, 1<<16), Strings: map[string]uint64{}},
		records:  make(map[*SeenSignal]uint64, st.Known.N),
		scopes:   map[*Scope]uint64{},
		versions: map[*Versions]uint64{},
		entities: map[*Entity]uint64{},
	}
	s.engine(st)
	if s.Err == nil {
		s.Err = s.W.Flush()
	}
	if s.Err != nil {
		return fmt.Errorf("write snapshot: %w", s.Err)
	}
	return nil
}

type encoder struct {
	codec.Encoder
	records  map[*SeenSignal]uint64
	scopes   map[*Scope]uint64
	versions map[*Versions]uint64
	entities map[*Entity]uint64
	packed   []byte          // memory for one signal's evidence
	evidence []evidence.Item // likewise
}

func (s *encoder) engine(st *State) {
	s.Bytes([]byte(snapshotMagic))
	s.Text(string(st.Rules.Text))
	s.Text(string(st.Topology.Source.Text))
	s.Text(st.Learnt.Text)
	s.Time(st.Now)
	s.Int(st.seq)
	s.Time(st.FlushAt)
	s.Time(st.ExpiryAt)
	for _, n := range st.Stats.fields() {
		s.Int(*n)
	}
	s.Int(st.Behaviour)
	s.Time(st.ReviseAt)
	s.shifts(st)
	s.version(st.Versions)
	s.Len(len(st.Order))
	for i, sc := range st.Order {
		s.scopes[sc] = uint64(i) + 1
		s.Str(sc.Name)
		s.Int(sc.seq)
	}
	s.recordList(st)
	for _, sc := range st.Order {
		s.scope(sc, st.Now)
	}
	s.wakes(st)
}

func (s *encoder) version(v *Versions) {
	if n, ok := s.versions[v]; ok {
		s.Uint(n)
		return
	}
	s.versions[v] = uint64(len(s.versions)) + 1
	s.Uint(0)
	s.Str(v.Rules)
	s.Str(v.Topology)
	s.Str(v.Learnt)
	s.Int(v.Behaviour)
}

// recordList writes the known signals in the order of the expiry queue, which
// holds each of them once.
func (s *encoder) recordList(st *State) {
	items := st.Expiry.Items[st.Expiry.Head:]
	s.Len(len(items))
	for i := range items {
		r := items[i].Signal
		s.records[r] = uint64(i) + 1
		s.Time(items[i].Since)
		s.record(r)
	}
	for i := range items {
		if r := items[i].Signal; r.Relayed {
			s.Uint(uint64(i) + 1)
			s.Uint(s.records[st.Relays[r]])
		}
	}
	s.Uint(0)
	dirty := slices.DeleteFunc(slices.Clone(st.Dirty), func(r *SeenSignal) bool {
		return s.records[r] == 0 // expired meanwhile, and written then
	})
	s.Len(len(dirty))
	for _, r := range dirty {
		s.Uint(s.records[r])
	}
}

func (s *encoder) record(r *SeenSignal) {
	s.ID(r.ID)
	n := s.scopes[r.Scope]
	s.Uint(n)
	if n == 0 {
		s.Str(r.Scope.Name)
	}
	s.Str(r.IncidentID())
	s.Int(r.Redeliveries)
	s.Int(r.Redeliveries - int64(r.Unwritten))
	s.Time(r.At)
	s.Int(r.LastAt.Sub(r.At))
	s.Int(int64(r.Revision))
	s.Uint(uint64(r.Kind))
	s.Uint(uint64(r.Verdict))
	s.Uint(uint64(r.Told))
	s.Bool(r.Dirty)
	s.why(r)
}

func (s *encoder) why(r *SeenSignal) {
	w := r.Reason.Decode(s.evidence)
	s.evidence = w.Items
	s.Str(w.Text)
	s.packed = evidence.EncodeItems(s.packed[:0], w.Items, "")
	s.Len(len(s.packed))
	s.Bytes(s.packed)
	s.ID(w.Anchor)
	s.Bool(!w.Window.IsZero())
	if !w.Window.IsZero() {
		s.ID(w.Window)
	}
	s.Str(w.RunnerUp)
	s.Int(w.RunnerScore)
	s.version(r.Versions)
	s.Str(w.Service)
	s.Int(w.Score)
	s.Int(w.Threshold)
	s.Int(int64(w.Candidates))
}

func (s *encoder) scope(sc *Scope, now schemas.Time) {
	s.Int(sc.Opened.Level)
	s.Time(sc.Opened.at)
	for _, r := range []*Rate{&sc.Refired, &sc.Refires} {
		s.Int(r.Level)
		s.Time(r.at)
	}
	s.reached(&sc.Usual, now)
	s.routine(&sc.Deployed, now)
	s.routine(&sc.Maintained, now)
	s.placement(&sc.Placement, now)
	sc.Business.Write(&s.Encoder)
	s.Len(len(sc.Actions))
	for _, a := range sc.Actions {
		s.json(a)
	}
	s.Int(int64(sc.Lasting))
	s.Int(sc.Timeout.Span)
	s.Int(int64(sc.Timeout.Same))
	s.Int(int64(sc.Timeout.Other))
	s.entityList(sc)
	s.patternList(&sc.Patterns)
	s.Len(len(sc.Live))
	for _, inc := range sc.Live {
		s.Int(inc.Seq)
	}
	for _, inc := range sc.Live {
		s.incident(inc)
	}
	s.ref(sc.Storm)
	s.ringList(sc)
	s.Len(len(sc.Changes))
	for _, ch := range sc.Changes {
		s.change(ch)
	}
	s.Len(len(sc.Lone))
	for _, a := range sc.Lone {
		s.alert(sc, a)
	}
	s.Len(sc.Corrections.N)
	for f := range sc.Corrections.All() {
		s.Uint(uint64(f.Kind))
		source, fingerprint := f.Key.Parts()
		s.Str(source)
		s.Str(fingerprint)
		s.ref(f.Incident)
		s.ref(f.Other)
	}
}

func (s *encoder) reached(u *Usual, now schemas.Time) {
	u.counts.forget(now, usualHalfLife) // as if it had never been
	keys := u.keys()
	s.Len(len(keys))
	for _, key := range keys {
		r := u.counts.rates[key]
		s.Uint(uint64(key.Kind))
		s.Str(key.Name)
		s.Int(r.Level)
		s.Time(r.at)
	}
}

func (s *encoder) placement(p *Placement, now schemas.Time) {
	rows := p.known(now)
	s.Int(p.seq)
	s.Len(len(rows))
	for _, r := range rows {
		s.Text(r.key)
		s.Str(r.service)
		s.Str(r.machine)
		s.Time(r.seen)
		s.Int(r.seq)
	}
}

func (s *encoder) routine(r *Routine, now schemas.Time) {
	r.on.forget(now, routineHalfLife) // as if it had never been
	s.Time(r.Since)
	s.Int(r.all.Level)
	s.Time(r.all.at)
	names := r.names()
	s.Len(len(names))
	for _, name := range names {
		one := r.on.rates[name]
		s.Str(name)
		s.Int(one.Level)
		s.Time(one.at)
	}
}

// ref writes a pointer to a live incident.
func (s *encoder) ref(inc *Incident) {
	if inc == nil || inc.Closed {
		s.Int(0)
		return
	}
	s.Int(inc.Seq)
}

func (s *encoder) refs(incs []*Incident) {
	incs = slices.DeleteFunc(slices.Clone(incs), func(inc *Incident) bool { return inc.Closed })
	s.Len(len(incs))
	for _, inc := range incs {
		s.ref(inc)
	}
}

// inUse lists the entities that matter, in a fixed order.
func (sc *Scope) inUse() []*Entity {
	var out []*Entity
	for ent := range sc.Nodes.All() {
		if ent.Refs > 0 {
			out = append(out, ent)
		}
	}
	for _, named := range sc.Entities {
		for _, name := range slices.Sorted(maps.Keys(named)) {
			if ent := named[name]; ent.Refs > 0 {
				out = append(out, ent)
			}
		}
	}
	return out
}

func (s *encoder) entityList(sc *Scope) {
	all := sc.inUse()
	clear(s.entities)
	s.Len(len(all))
	for i, ent := range all {
		s.entities[ent] = uint64(i)
		s.Uint(uint64(ent.Key.Kind))
		s.Str(ent.Key.Name)
	}
}

func (s *encoder) ringList(sc *Scope) {
	for _, ent := range sc.inUse() {
		s.refs(ent.Recent)
	}
}

func (s *encoder) wakes(st *State) {
	var ws []Timer
	for _, w := range st.Timers.Heap {
		if w.gone() {
			continue
		}
		ws = append(ws, w)
	}
	slices.SortFunc(ws, func(a, b Timer) int {
		if a.before(&b) {
			return -1
		}
		return 1
	})
	s.Len(len(ws))
	for _, w := range ws {
		s.Time(w.At)
		s.Int(w.seq)
		s.Uint(uint64(w.Kind))
		s.ref(w.Incident)
		if w.Change == nil {
			s.Int(0)
		} else {
			s.Int(w.Change.Seq)
		}
	}
}

func (s *encoder) json(v any) {
	b, err := json.Marshal(v)
	if err != nil && s.Err == nil {
		s.Err = err
	}
	s.Text(string(b))
}

func (s *encoder) patternList(ps *problem.Book) {
	s.Len(len(ps.List))
	for _, p := range ps.List {
		s.Int(p.Seq)
		s.Str(p.Root)
		s.Len(len(p.Symptoms))
		for _, it := range p.Symptoms {
			s.Str(it.Name)
			s.Str(it.Service)
			s.Int(it.Count)
		}
		s.Bool(p.Machine)
		s.Int(p.Weight)
		s.Str(p.Schedule)
		s.occurrences(p.Occurrences)
		s.Len(len(p.Services))
		for _, name := range p.Services {
			s.Str(name)
		}
		s.Float(p.Minutes)
		s.json(&p.Cost)
		s.json(&p.Pub)
		s.Len(len(p.IncidentIDs))
		for _, id := range p.IncidentIDs {
			s.Str(id)
		}
		s.Int(p.Count)
		s.Time(p.First)
		s.Time(p.Last)
	}
	s.times(ps.Starts)
	s.usual(ps)
}

func (s *encoder) occurrences(list []problem.Occurrence) {
	s.Len(len(list))
	for _, o := range list {
		s.Time(o.Start)
		s.Time(o.End)
		s.Int(o.Odds)
		s.Int(o.Weight)
		s.Int(o.Alerts)
	}
}

func (s *encoder) usual(ps *problem.Book) {
	s.Time(ps.AgedAt)
	s.Len(len(ps.Noticed))
	for _, at := range ps.Noticed {
		s.Str(at.Name)
		s.Bool(at.Machine)
	}
	s.Len(len(ps.Usuals))
	for _, u := range ps.Usuals {
		s.Str(u.At.Name)
		s.Bool(u.At.Machine)
		s.Int(u.Incidents)
		s.Int(u.Touched)
		s.Time(u.Last)
		s.Len(len(u.Names))
		for _, n := range u.Names {
			s.Str(n.Name)
			s.Int(n.Root)
			s.Int(n.Touched)
		}
	}
}

func (s *encoder) times(ts []schemas.Time) {
	s.Len(len(ts))
	for _, t := range ts {
		s.Time(t)
	}
}
