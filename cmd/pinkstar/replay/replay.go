package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"pinkstar/cmd/pinkstar/ndjson"
	"pinkstar/correlate"
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
		engine:     correlate.New(opts.Rules, opts.Topology),
		translator: ingest.NewTranslator(opts.Naming, opts.Limits),
		outcomes:   newOutcomes(&opts),
	}
	p.engine.SetLearnt(opts.Learnt)
	if err := p.play(ctx, ndjson.NewReader(r, int(opts.Limits.DecompressedBytes))); err != nil {
		return p.sum, err
	}
	p.out.Reset()
	p.engine.Settle(&p.out)
	p.outcomes.take(&p.out)
	p.sum.Incidents, p.sum.Problems = p.outcomes.incidents.Len(), p.outcomes.problems.Len()
	return p.sum, p.outcomes.print(out, &opts)
}

// player feeds an engine.
type player struct {
	opts       *Options
	engine     *correlate.Engine
	translator *ingest.Translator
	outcomes   *outcomes
	out        correlate.Output
	at         schemas.Time // log time
	sum        Summary
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

func (p *player) signal(line, index int, s *schemas.Signal) {
	p.sum.Signals++
	p.at = max(p.at, s.ReceivedAt)
	id, err := schemas.ParseID(s.ID)
	if err != nil { // the translator makes the ids
		panic("replay: " + err.Error())
	}
	if p.outcomes.decisions != nil {
		p.outcomes.positions = append(p.outcomes.positions, position{line: int32(line), index: int32(index), id: id})
	}
	p.out.Reset()
	if !p.engine.Repeat(id, p.at, &p.out) {
		p.engine.Step(s, p.at, &p.out)
	}
	p.outcomes.take(&p.out)
}

func (p *player) refuse(line, index int, why error) {
	p.sum.Refused++
	p.outcomes.refuse(line, index, p.at, why.Error())
}
