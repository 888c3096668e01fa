package process

import (
	"context"
	"errors"
	"fmt"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// Finding is what is wrong with the position of a partition, and what was done.
type Finding struct {
	Partition int32
	Problem   string
	Done      string // empty: nothing

	about finding
}

// finding is what a Finding is about.
type finding int

const (
	lostSignals  finding = iota // signals that were processed are gone
	lostOutcomes                // what was published is gone
	newDecisions                // what was decided would be decided otherwise
)

func (f *Finding) accepted(a Accepted) bool {
	return map[finding]bool{lostSignals: a.LostSignals, lostOutcomes: a.LostOutcomes, newDecisions: a.NewDecisions}[f.about]
}

// Accepted says what an operator accepts of a partition.
type Accepted struct {
	// LostSignals: to go on although signals that were processed are gone.
	LostSignals bool
	// LostOutcomes: to decide and publish again what is no longer on the topics.
	LostOutcomes bool
	// NewDecisions: to decide part of the log anew, with what is published then
	// over what was.
	NewDecisions bool
}

// CheckPositions compares what was processed of the signals with what is there,
// and what this binary's engines make of it with what was published. What is
// accepted is gone on from: where the log no longer has what was processed, from
// the newest snapshot whose place is in the log; where the state can't be used,
// from the newest that can be read; so that what follows is processed, some of it
// again. No correlator may be running.
func CheckPositions(ctx context.Context, kc kafka.Config, engines Engines, accept Accepted, log zerolog.Logger) ([]Finding, error) {
	c := &Correlator{engines: engines, behaviour: ourBehaviour, parts: map[int32]*part{}}
	c.runner = runner{role: RoleCorrelate, topics: []string{kc.Topic(schemas.TopicSignals)}, kafka: kc,
		deps: Deps{Log: log}, met: newMetrics(RoleCorrelate, nil)}
	cl, err := kafka.NewClient(kc, "repair", kafka.Deps{Log: log}, kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		return nil, err
	}
	defer cl.Close()
	group := kc.Name(RoleCorrelate)
	committed, err := kadm.NewClient(cl).FetchOffsets(ctx, group)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return nil, fmt.Errorf("offsets of group %s: %w", group, err)
	}
	ids := make([]int32, kc.Partitions)
	for i := range ids {
		ids[i] = int32(i)
	}
	r, err := c.newRestorer(ctx, ids)
	if err != nil {
		return nil, err
	}
	if err := r.lookForGone(ctx); err != nil {
		return nil, err
	}
	var found []Finding
	for _, id := range ids {
		at := int64(-1)
		if o, ok := committed.Lookup(c.topics[0], id); ok {
			at = o.At
		}
		fs, err := r.checkAll(ctx, cl, group, id, at, accept)
		found = append(found, fs...)
		if err != nil {
			return found, fmt.Errorf("partition %d: %w", id, err)
		}
	}
	return found, nil
}

// checkAll looks on after what was accepted: one loss may hide another.
func (r *restorer) checkAll(ctx context.Context, cl *kgo.Client, group string, id int32, committed int64, accept Accepted) (found []Finding, err error) {
	for range 3 { // one of each kind
		f, err := r.check(ctx, id, committed)
		if err != nil || f == nil {
			return found, err
		}
		if !f.accepted(accept) {
			return append(found, *f), nil
		}
		if f.Done, committed, err = r.accept(ctx, cl, group, id, f.about); err != nil {
			return found, err
		}
		found = append(found, *f)
		// What it goes by is of before.
		again, err := r.c.newRestorer(ctx, r.ids)
		if err != nil {
			return found, err
		}
		r.state, r.log = again.state, again.log
		r.out.Store(again.out.Load())
	}
	return found, nil
}

// lookForGone looks for all partitions what is missing of the outcomes before
// anything is changed: accepting that of one changes the topics for the others.
func (r *restorer) lookForGone(ctx context.Context) error {
	gone := map[int32][]lostEnd{}
	for _, id := range r.ids {
		prog, err := r.lastProgress(ctx, id)
		if err != nil {
			return err
		}
		if prog == nil {
			continue
		}
		if gone[id], err = r.lostEnds(ctx, id, prog); err != nil {
			return err
		}
	}
	r.gone = gone
	return nil
}

// check returns what is wrong with a partition's position, nil for nothing.
func (r *restorer) check(ctx context.Context, id int32, committed int64) (*Finding, error) {
	prog, err := r.lastProgress(ctx, id)
	if err != nil {
		return nil, err
	}
	err = r.verify(ctx, id, prog, committed)
	if prog == nil {
		prog = &progress{}
	}
	if err == nil {
		start := r.log.Of(r.c.topics[0], id).From
		if m := prog.Latest; m != nil && m.Input < min(start, prog.Next) {
			return &Finding{Partition: id, Problem: fmt.Sprintf("the log begins at offset %d, and the newest snapshot needs it from %d on", start, m.Input)}, nil
		}
		if err := r.verifyOutcomes(ctx, id, prog); err != nil {
			return asFinding(id, err, lostOutcomes)
		}
		_, err = r.restore(ctx, id, committed)
		return asFinding(id, err, newDecisions)
	}
	return asFinding(id, err, lostSignals)
}

// asFinding makes a hard stop one.
func asFinding(id int32, err error, about finding) (*Finding, error) {
	if f, ok := errors.AsType[fatalError](err); ok {
		return &Finding{Partition: id, Problem: f.Error(), about: about}, nil
	}
	return nil, err
}

// accept makes the log as it is the one to go on from, and returns what was done
// and the offset from which it goes on.
func (r *restorer) accept(ctx context.Context, cl *kgo.Client, group string, id int32, what finding) (string, int64, error) {
	prog, err := r.lastProgress(ctx, id)
	if err != nil {
		return "", 0, err
	}
	if prog == nil {
		prog = &progress{}
	}
	var next progress
	var done string
	if what == lostOutcomes {
		next, done, err = r.publishAgain(ctx, id, prog)
	} else {
		next, done, err = r.goBack(ctx, id, prog)
		next.Ends = prog.Ends
	}
	if err != nil {
		return "", 0, err
	}
	// What is written from here on comes after what was.
	w := begun(r.c.behaviour, next.Next)
	if w.Raise = raiseBy; prog.Work != nil {
		w.Raise += prog.Work.Raise
	}
	next.Work = &w
	if next.Latest != nil { // the sum begins anew
		m := *next.Latest
		m.Said, next.Latest = 0, &m
	}
	rec, err := progressRecord(&r.c.kafka, id, next)
	if err != nil {
		return "", 0, err
	}
	if err := cl.ProduceSync(ctx, rec).FirstErr(); err != nil {
		return "", 0, fmt.Errorf("writing its progress: %w", err)
	}
	offsets := kadm.Offsets{}
	offsets.AddOffset(r.c.topics[0], id, next.Next, -1)
	if err := kadm.NewClient(cl).CommitAllOffsets(ctx, group, offsets); err != nil {
		return "", 0, fmt.Errorf("setting the offset of group %s (is a correlator running? it must not): %w", group, err)
	}
	return done, next.Next, nil
}

// goBack finds the newest snapshot whose place is still in the log. When there
// is none the newest one is kept all the same: it knows what is open, and what
// it meets again it takes for repeats.
func (r *restorer) goBack(ctx context.Context, id int32, prog *progress) (progress, string, error) {
	log := r.log.Of(r.c.topics[0], id)
	for _, m := range []*manifest{prog.Latest, prog.Previous} {
		if m == nil || m.Input < log.From || m.Input > log.To {
			continue
		}
		if m.Mark != nil && m.Mark.At >= log.From {
			if m.Mark.Topic != r.topicID {
				continue
			}
			same, err := r.holds(ctx, id, m.Mark)
			if err != nil {
				return progress{}, "", err
			}
			if !same {
				continue
			}
		}
		if _, err := r.fromSnapshot(ctx, id, m); err != nil {
			if ctx.Err() != nil {
				return progress{}, "", ctx.Err()
			}
			continue
		}
		return progress{Next: m.Input, Latest: m, Mark: m.Mark},
			fmt.Sprintf("it goes on from the snapshot at offset %d and processes the %d offsets behind it again", m.Input, log.To-m.Input), nil
	}
	if prog.Latest == nil || !r.readable(ctx, id, prog.Latest) {
		return progress{Next: log.From}, fmt.Sprintf("there is no snapshot that can be read: it begins at the start of the log, offset %d", log.From), nil
	}
	m := *prog.Latest
	m.Input, m.Mark = log.From, nil
	return progress{Next: log.From, Latest: &m},
		fmt.Sprintf("no snapshot's place is in the log: it keeps what the newest one says is open and processes the log from offset %d; what it had seen counts as repeated", log.From), nil
}

func (r *restorer) readable(ctx context.Context, id int32, m *manifest) bool {
	_, err := r.fromSnapshot(ctx, id, m)
	return err == nil
}
