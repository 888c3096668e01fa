package process

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/correlate/logtime"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// part is one partition of signals: its engine, and where it stands.
type part struct {
	id    int32
	kafka *kafka.Config
	met   *metrics
	eng   Engine
	out   Output
	clock logtime.Clock[*kgo.Record]

	next    int64       // offset after the last record that the engine has seen
	last    *kgo.Record // that record, until it is marked
	mark    *mark       // of next, when last is nil
	work    work
	topicID string
	touched bool // in the open transaction
	story   bool // log time needs no witness

	published published

	lastRecord time.Time // when the last record came, by our clock
	ctl        controlState
	snaps      snapshots
	obsolete   int64 // state before this offset may go, once committed
}

// emit takes what the engine says; nil while restoring.
type emit func(*kgo.Record)

func (p *part) take(ctx context.Context, s *session, f kgo.FetchTopicPartition, now time.Time) error {
	p.lastRecord = now
	moved, refused := p.clock.Moved, p.clock.Refused
	to := p.published.to(s)
	for _, r := range f.Records {
		if s.enough(ctx) {
			break
		}
		p.touched = true
		if r.Offset < p.next {
			return fmt.Errorf("partition %d: offset %d came after %d", p.id, r.Offset, p.next-1)
		}
		if err := p.apply(r, to); err != nil {
			return fmt.Errorf("partition %d offset %d: %w", p.id, r.Offset, err)
		}
	}
	p.met.lag.WithLabelValues(label(p.id)).Set(float64(max(f.HighWatermark-p.next, 0)))
	p.tellJumps(s.log, moved, refused, now)
	return nil
}

// apply hands one record to the engine, and those that waited for it. It depends
// on nothing but the records: restoring runs it again.
func (p *part) apply(r *kgo.Record, to emit) error {
	at := schemas.Time(r.Timestamp.UnixMilli())
	p.next, p.last = r.Offset+1, r
	p.snaps.records++
	if p.clock.Passes(at) { // nearly always
		return p.step(r, at, to)
	}
	if p.story {
		return p.clock.Follow(r, at, func(r *kgo.Record, at schemas.Time) error { return p.step(r, at, to) })
	}
	_, hasID := headerID(r)
	return p.clock.Take(r, at, !hasID && len(r.Key) == 0, len(r.Key)+len(r.Value)+heldOverhead,
		func(r *kgo.Record, at schemas.Time) error { return p.step(r, at, to) })
}

// heldOverhead is what a record takes besides its key and value, near enough.
const heldOverhead = 500

// step hands a record to the engine at log time at.
func (p *part) step(r *kgo.Record, at schemas.Time, to emit) error {
	defer p.clockFollows()
	id, hasID := headerID(r)
	if hasID && p.eng.Repeat(id, at, &p.out) {
		p.met.repeats.Inc()
		p.emit(to)
		return nil
	}
	sig := new(schemas.Signal) // not reused: a decision carries it on
	if err := readSignal(r, id, hasID, sig); err != nil {
		p.met.refused.Inc()
		p.emit(to)
		refuse(p.kafka, r, at, "correlate", []error{err}, to)
		return nil
	}
	p.met.steps.Inc()
	p.eng.Step(sig, at, &p.out)
	p.emit(to)
	return nil
}

// clockFollows keeps the clock where the engine is: a record that was refused
// moved nothing, and an operator may have put log time back.
func (p *part) clockFollows() { p.clock.Set(p.eng.Now()) }

// headerID returns the signal's id from the record's headers; it is the first
// one in records of ours.
func headerID(r *kgo.Record) (schemas.ID, bool) {
	var v []byte
	if len(r.Headers) > 0 && r.Headers[0].Key == schemas.HeaderID {
		v = r.Headers[0].Value
	} else {
		v = kafka.Header(r, schemas.HeaderID)
	}
	return parseID(v)
}

func parseID(v []byte) (id schemas.ID, ok bool) {
	if len(v) != 2*len(id) {
		return id, false
	}
	for i := range id {
		hi, lo := unhex(v[2*i]), unhex(v[2*i+1])
		if hi > 15 || lo > 15 {
			return schemas.ID{}, false
		}
		id[i] = hi<<4 | lo
	}
	return id, true
}

func unhex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	default:
		return 255
	}
}

// readSignal decodes a record and checks what the engine takes for granted.
func readSignal(r *kgo.Record, id schemas.ID, hasID bool, sig *schemas.Signal) error {
	tooLong := len(r.Value) > maxSignalBytes
	if maybeControl := !hasID && len(r.Key) == 0; tooLong && (!maybeControl || len(r.Value) > maxControlBytes) {
		return errTooLong(r)
	}
	if err := schemas.DecodeSignal(r.Value, sig); err != nil {
		return fmt.Errorf("not a signal: %w", err)
	}
	if sig.Control() {
		return nil
	}
	if tooLong {
		return errTooLong(r)
	}
	own, err := schemas.ParseID(sig.ID)
	if err != nil {
		return fmt.Errorf("id: %w", err)
	}
	if hasID && own != id {
		return fmt.Errorf("the header %s says %s and the value %s: a repeat could not be recognised", schemas.HeaderID, id, own)
	}
	if err := checkNames(sig); err != nil {
		return err
	}
	if sig.Scope == "" && len(r.Key) > 0 {
		return fmt.Errorf("scope: missing, although the record's key is %q", r.Key)
	}
	if sig.Scope != string(r.Key) {
		return fmt.Errorf("the record's key is %q and the scope %q: other signals of the scope are on another partition", r.Key, sig.Scope)
	}
	return nil
}

func errTooLong(r *kgo.Record) error {
	return fmt.Errorf("it takes %d bytes; the limit of a signal is %d", len(r.Value), maxSignalBytes)
}

// emit encodes what the engine said and empties the output.
func (p *part) emit(to emit) {
	if p.out.Empty() {
		return
	}
	p.work.Said += said(&p.out)
	if to != nil {
		raise(&p.out, p.work.Raise)
		p.out.Each(func(e schemas.Emission) {
			r, shrunk := kafka.FittingRecord(p.kafka, e)
			if shrunk {
				p.met.shrunk.Inc()
			}
			to(r)
		})
	}
	p.out.Reset()
}

func label(partition int32) string { return strconv.Itoa(int(partition)) }
