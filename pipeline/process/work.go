package process

import (
	"cmp"
	"context"
	"hash/fnv"
	"strconv"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/correlate"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// work is what is known of the engines that decided a partition's log: whose
// behaviour it was, and a sum of what they said. With it a replay, whose outcomes
// are thrown away, is held against what was published.
type work struct {
	Behaviour int64  `json:"behaviour"` // correlate.Behaviour of the engine at work
	Since     int64  `json:"since"`     // offset from which it has been that one's
	Counted   int64  `json:"counted"`   // offset from which said is summed
	Said      uint64 `json:"said"`      // sum over what was decided since
	// Raise is added to all revisions that are written: after a state was given up
	// and its log decided anew, what is written then must come after what was.
	Raise int64 `json:"raise,omitempty"`
}

// raiseBy is more than any revision reaches.
const raiseBy = 1 << 24

// begun is the work of an engine that begins at offset at.
func begun(behaviour, at int64) work { return work{Behaviour: behaviour, Since: at, Counted: at} }

// goneOn is the work that follows w at offset at; nil is that of a release which
// kept none.
func (w *work) goneOn(behaviour, at int64) work {
	if w == nil {
		return begun(behaviour, at)
	}
	next := *w
	if next.Behaviour != behaviour {
		next.Behaviour, next.Since = behaviour, at
	}
	return next
}

// said sums what was decided: which incident each signal is in, what incidents
// and problems there are, in what order that was told of each, and what people
// were to hear. How it is
// worded is not in it. The order of what is summed does not count.
func said(out *Output) uint64 {
	var sum uint64
	h := fnv.New64a()
	add := func(words ...string) {
		h.Reset()
		for _, w := range words {
			_, _ = h.Write([]byte(w)) // never fails
			_, _ = h.Write([]byte{0})
		}
		sum += h.Sum64()
	}
	number := func(n int64) string { return strconv.FormatInt(n, 36) }
	for i := range out.Decisions {
		d := &out.Decisions[i]
		add("decision", d.SignalID, number(d.Revision), string(d.Verdict), d.IncidentID)
	}
	for i := range out.Incidents {
		x := &out.Incidents[i]
		add("incident", x.ID, number(x.Revision), x.ParentID, string(x.Status))
	}
	for i := range out.Problems {
		x := &out.Problems[i]
		add("problem", x.ID, number(x.Revision))
	}
	for i := range out.Effects {
		add("effect", out.Effects[i].ID)
	}
	return sum
}

// raise adds to the revisions of what is written.
func raise(out *Output, by int64) {
	if by == 0 {
		return
	}
	for i := range out.Decisions {
		out.Decisions[i].Revision += by
	}
	for i := range out.Incidents {
		out.Incidents[i].Revision += by
	}
	for i := range out.Problems {
		out.Problems[i].Revision += by
	}
}

// base is where a partition's engine comes from.
type base struct {
	m      *manifest // nil: a new engine
	broken error     // why a newer snapshot could not be read
}

// base restores the newest state from which the log may be read again with the
// outcomes thrown away. Where that would be under another behaviour than what
// was published, it is a hard stop: nobody would know which incidents are true.
func (r *restorer) base(ctx context.Context, p *part, start int64, prog *progress) (base, error) {
	var b base
	for i, m := range []*manifest{prog.Latest, prog.Previous} {
		if m == nil {
			continue
		}
		eng, err := r.fromSnapshot(ctx, p.id, m)
		if ctx.Err() != nil {
			return b, ctx.Err()
		}
		if err != nil {
			b.broken = err
			r.c.deps.Log.Error().Err(err).Int32("partition", p.id).Str("snapshot", m.ID).Msg("a snapshot can't be read")
			continue
		}
		if i > 0 && !r.decidedSince(prog, m.Input) {
			return b, r.giveUp(p.id, prog, m.Input, b.broken)
		}
		p.eng, p.next, b.m = eng, m.Input, m
		return b, nil
	}
	if b.broken != nil && r.c.behaviour != 0 && (start > 0 || !r.decidedSince(prog, 0)) {
		return b, r.giveUp(p.id, prog, start, b.broken)
	}
	eng, err := r.c.engines.New()
	if err != nil {
		return b, fatal("a new engine: %w", err)
	}
	p.eng, p.next = eng, start
	return b, nil
}

// decidedSince reports whether everything from an offset on was decided by
// engines that behave as this binary's.
func (r *restorer) decidedSince(prog *progress, from int64) bool {
	if r.c.behaviour == 0 {
		return true
	}
	return prog.Work != nil && prog.Work.Behaviour == r.c.behaviour && prog.Work.Since <= from
}

func (r *restorer) giveUp(id int32, prog *progress, from int64, why error) error {
	return fatal("partition %d: its state can't be read (%w), and the log from offset %d to %d was decided by %s, this binary's is number %d: read again here it could be decided otherwise than what was published. Nothing was changed. "+
		"Either put the topic %s back from a copy; or start the release that wrote it, if it can read it; or accept that the log is decided anew from there, and published anew over what it was: `pinkstar repair --accept-new-decisions`",
		id, why, from, prog.Next, prog.Work.whose(), r.c.behaviour, r.c.kafka.Topic(schemas.TopicState))
}

// whose says whose work it was.
func (w *work) whose() string {
	if w == nil {
		return "an engine of before behaviour was numbered"
	}
	return "engines of behaviour number " + strconv.FormatInt(w.Behaviour, 10) + " (since offset " + strconv.FormatInt(w.Since, 10) + ")"
}

// compare holds what a replay said against what was published.
func (r *restorer) compare(p *part, b base, prog *progress, replayed uint64, records int64) error {
	var from int64
	var before uint64
	if b.m != nil {
		from, before = b.m.Input, b.m.Said
	}
	switch {
	case records == 0 || r.c.behaviour == 0:
		return nil
	case prog.Work == nil || prog.Work.Counted > from:
		if replayed != 0 {
			r.c.deps.Log.Warn().Int32("partition", p.id).Int64("from", from).Int64("to", prog.Next).
				Msg("what was decided since the snapshot, by a release that kept no sum of it, is decided again by this one and could not be compared")
		}
		return nil
	case replayed == prog.Work.Said-before:
		return nil
	}
	return fatal("partition %d: the log from offset %d to %d, read again since the snapshot, is decided otherwise here than what was published: that was by %s, this binary's is number %d. Nothing was changed. "+
		"Either start the release that was at work before, and stop it in peace, which writes its state down; or accept that the log is decided anew from there, and published anew over what it was: `pinkstar repair --accept-new-decisions`",
		p.id, from, prog.Next, prog.Work.whose(), r.c.behaviour)
}

// replayUnknown reads on to where records were processed although no state says
// so: only the log tells whose work that was.
func (r *restorer) replayUnknown(ctx context.Context, p *part, next int64) error {
	if next <= p.next {
		return nil
	}
	want := ""
	for _, a := range r.c.engines.Wanted() {
		if a.What == schemas.WhatBehaviour {
			want = a.Version
		}
	}
	from, other := p.next, ""
	sp := kafka.Span{Partition: p.id, From: from, To: next}
	err := kafka.ReadSpan(ctx, r.c.kafka, r.deps, r.c.topics[0], sp, func(rec *kgo.Record) error {
		r.c.met.replayed.Inc()
		before, active := p.work.Said, p.eng.Active(schemas.WhatBehaviour)
		err := p.apply(rec, nil)
		if want != "" && active != want && p.work.Said != before && other == "" {
			other = cmp.Or(active, "before there were numbers")
		}
		return err
	})
	if err == nil && other != "" {
		err = fatal("partition %d: there is no state for the log from offset %d to %d, which was processed by an engine of behaviour number %s, and this binary's is %s: read again here it could be decided otherwise than what was published. Nothing was changed. "+
			"Either put the topic %s back from a copy, or accept that the log is decided anew from there, and published anew over what it was: `pinkstar repair --accept-new-decisions`",
			p.id, from, next, other, want, r.c.kafka.Topic(schemas.TopicState))
	}
	return err
}

// ourBehaviour is that of the engines this binary has.
const ourBehaviour = correlate.Behaviour
