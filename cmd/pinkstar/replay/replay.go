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
	clock  logtime.Clock[*schemas.Signal]
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
func (l *lane) take(s *schemas.Signal, at schemas.Time, size int) {
	owner := s.Kind == schemas.KindTick || s.Kind == schemas.KindActivation
	_ = l.clock.Take(s, at, owner, size, l.step) // step never fails
}

func (l *lane) step(s *schemas.Signal, at schemas.Time) error {
	out := &l.p.out
	out.Reset()
	id, err := schemas.ParseID(s.ID)
	if err != nil || !l.engine.Repeat(id, at, out) { // a control record has no id
		l.engine.Step(s, at, out)
	}
	l.clock.Set(l.engine.Now())
	l.p.outcomes.take(out)
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
			p.refuse(in.Number(), 0, fmt.Errorf("the line is longer than %d bytes (gateway.limits.decompressed_bytes)", in.Max()))
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
	if s, at, part, ok := ndjson.OwnRecord(text); ok {
		p.own(number, s, at, part, len(text))
		return
	}
	signals, err := p.translator.Recognise("", nil, text, 0)
	var refused ingest.Refusals
	if err != nil && !errors.As(err, &refused) {
		refused = ingest.Refusals{{Index: -1, Offset: -1, Err: err}}
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
	id, err := schemas.ParseID(s.ID)
	if err != nil { // the translator makes the ids
		panic("replay: " + err.Error())
	}
	p.position(line, index, id)
	l := p.lane(0)
	_ = l.clock.Follow(s, s.ReceivedAt, l.step) // step never fails
}

// own takes a record of the signals topic.
func (p *player) own(line int, s *schemas.Signal, at schemas.Time, part int32, size int) {
	if id, err := schemas.ParseID(s.ID); err == nil {
		p.position(line, 0, id)
	}
	p.lane(part).take(s, at, size)
}

func (p *player) position(line, index int, id schemas.ID) {
	p.sum.Signals++
	if p.outcomes.decisions != nil {
		p.outcomes.positions = append(p.outcomes.positions, position{line: int32(line), index: int32(index), id: id})
	}
}

func (p *player) refuse(line, index int, why error) {
	p.sum.Refused++
	p.outcomes.refuse(line, index, p.lane(0).clock.Now(), why.Error())
}
