package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"pinkstar/cmd/pinkstar/ndjson"
	"pinkstar/correlate"
	"pinkstar/correlate/logtime"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// Options say how to replay.
type Options struct {
	Rules    *rules.Set
	Topology *rules.Topology
	Learnt   *rules.Learnt // nil: nothing
	Naming   schemas.Naming
	Limits   ingest.Limits
	Mappings ingest.Mappings
	Emit     []string // of Emits; empty: incidents
	// Progress is called now and then with what has been read.
	Progress func(lines, signals int)
}

func (o *Options) emits(what string) bool {
	return slices.Contains(o.Emit, what) || len(o.Emit) == 0 && what == schemas.Incidents.Name
}

// Summary counts what was read.
type Summary struct {
	Lines, Signals, Refused, Incidents, Problems int
	// Records counts the lines that are records of the signals topic, readable or
	// not. An input that has any is a copy of the log: what is refused of it is
	// missing in everything that follows.
	Records int
	// Reasons are why lines were refused, the first few.
	Reasons []string
}

// Run reads in to its end through a fresh engine and prints to out.
func Run(ctx context.Context, in io.Reader, out io.Writer, opts Options) (Summary, error) {
	for _, e := range opts.Emit {
		if !slices.Contains(Emits, e) {
			return Summary{}, fmt.Errorf("emit: %q is not one of %v", e, Emits)
		}
	}
	r, done, err := ndjson.Decompressed(in)
	if err != nil {
		return Summary{}, err
	}
	defer done()
	p := &player{
		opts:       &opts,
		lanes:      map[int32]*lane{},
		translator: ingest.NewTranslator(opts.Naming, opts.Limits, opts.Mappings),
		outcomes:   newOutcomes(&opts),
	}
	if err := p.play(ctx, ndjson.NewReader(r, int(opts.Limits.DecompressedBytes))); err != nil {
		return p.sum, err
	}
	for _, part := range slices.Sorted(maps.Keys(p.lanes)) {
		l := p.lanes[part]
		_ = l.clock.Flush(l.step) // step never fails
		p.out.Reset()
		l.engine.Flush(&p.out)
		p.outcomes.take(&p.out)
	}
	p.sum.Incidents, p.sum.Problems = p.outcomes.incidents.Len(), p.outcomes.problems.Len()
	return p.sum, p.outcomes.print(out, &opts)
}

// player feeds engines.
type player struct {
	opts       *Options
	lanes      map[int32]*lane // by partition
	translator *ingest.Translator
	outcomes   *outcomes
	out        correlate.Output
	sum        Summary
}

// lane is one partition of the log.
type lane struct {
	p      *player
	engine *correlate.Engine
	clock  logtime.Clock[read]
}

// read is a signal and where in the input it stood.
type read struct {
	*schemas.Signal
	line, index int32
}

func (p *player) lane(part int32) *lane {
	l := p.lanes[part]
	if l == nil {
		l = &lane{p: p, engine: correlate.New(p.opts.Rules, p.opts.Topology)}
		l.engine.SetLearnt(p.opts.Learnt)
		p.lanes[part] = l
	}
	return l
}

// take takes the next record of a partition; at is its timestamp.
func (l *lane) take(s read, at schemas.Time, size int) {
	_ = l.clock.Take(s, at, s.Control(), size, l.step) // step never fails
}

func (l *lane) step(s read, at schemas.Time) error {
	out := &l.p.out
	out.Reset()
	id, err := schemas.ParseID(s.ID)
	if err != nil || !l.engine.Repeat(id, at, out) { // a control record has no id
		l.engine.Step(s.Signal, at, out)
	}
	l.clock.Set(l.engine.Now())
	l.p.outcomes.take(out)
	if !s.Control() {
		l.p.outcomes.at(s.line, s.index, l.engine.Under())
	}
	return nil
}

// progressEvery is how many lines pass between two calls of Progress.
const progressEvery = 5000

func (p *player) play(ctx context.Context, in *ndjson.Reader) error {
	for {
		line, err := in.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, ndjson.ErrLongLine):
			p.refuse(in.Number(), 0, fmt.Errorf("it is longer than %d bytes (gateway.limits.decompressed_bytes)", in.Max()))
		case err != nil:
			return fmt.Errorf("after line %d: %w", in.Number(), err)
		default:
			p.line(in.Number(), line)
		}
		p.sum.Lines++
		if in.Number()%progressEvery == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if p.opts.Progress != nil {
				p.opts.Progress(in.Number(), p.sum.Signals)
			}
		}
	}
}

// line takes one payload: its good signals, and a refusal for each bad one.
func (p *player) line(number int, text []byte) {
	rec, err := ndjson.OwnRecord(text)
	switch {
	case err != nil:
		p.sum.Records++
		p.refuse(number, 0, err)
		return
	case rec != nil:
		p.sum.Records++
		if !rec.Signal.Control() {
			p.sum.Signals++
		}
		p.lane(rec.Partition).take(read{rec.Signal, int32(number), 0}, rec.At, len(text))
		return
	}
	signals, err := p.translator.Recognise("", nil, text, 0)
	var refused ingest.Refusals
	if err != nil && !errors.As(err, &refused) {
		refused = ingest.Refusals{{Index: -1, Offset: -1, Err: err}}
	}
	if len(signals) == 0 && err != nil && ndjson.Resembles(text) {
		p.sum.Records++
	}
	at := ingest.Positions(len(signals), err)
	for i := range signals {
		for len(refused) > 0 && refused[0].Index < at[i] {
			p.refuse(number, max(refused[0].Index, 0), refused[0])
			refused = refused[1:]
		}
		p.signal(number, at[i], &signals[i])
	}
	for _, r := range refused {
		p.refuse(number, max(r.Index, 0), r)
	}
}

// signal takes what was translated: it reaches the log when it was received.
func (p *player) signal(line, index int, s *schemas.Signal) {
	p.sum.Signals++
	l := p.lane(0)
	_ = l.clock.Follow(read{s, int32(line), int32(index)}, s.ReceivedAt, l.step) // step never fails
}

// maxReasons is how many reasons of refusals are kept.
const maxReasons = 5

func (p *player) refuse(line, index int, why error) {
	if p.sum.Refused++; p.sum.Refused <= maxReasons {
		p.sum.Reasons = append(p.sum.Reasons, fmt.Sprintf("line %d: %v", line, why))
	}
	p.outcomes.refuse(line, index, p.lane(0).clock.Now(), why.Error())
}
