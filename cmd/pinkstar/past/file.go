package past

import (
	"context"
	"errors"
	"fmt"
	"io"

	"pinkstar/cmd/pinkstar/ndjson"
	"pinkstar/pipeline/ingest"
)

// FromFile reads lines as `pinkstar replay` takes them.
func FromFile(ctx context.Context, in io.Reader, translator *ingest.Translator, maxLine int, o Options) (*Past, error) {
	r, done, err := ndjson.Decompressed(in)
	if err != nil {
		return nil, err
	}
	defer done()
	p, lines := newPast(), ndjson.NewReader(r, maxLine)
	for {
		line, err := lines.Next()
		where := fmt.Sprintf("line %d", lines.Number())
		switch {
		case errors.Is(err, io.EOF):
			return p, nil
		case errors.Is(err, ndjson.ErrLongLine):
			p.refuse(where, err)
			continue
		case err != nil:
			return nil, fmt.Errorf("after %s: %w", where, err)
		case ctx.Err() != nil:
			return nil, ctx.Err()
		}
		switch rec, err := ndjson.OwnRecord(line); {
		case err != nil:
			p.refuse(where, err)
			continue
		case rec != nil:
			if err := p.add(rec.Signal, rec.At, rec.Partition, true, o); err != nil {
				return nil, err
			}
			continue
		}
		signals, err := translator.Recognise("", nil, line, 0)
		if err != nil {
			p.refuse(where, err)
		}
		for i := range signals {
			s := signals[i]
			if err := p.add(&s, s.ReceivedAt, 0, false, o); err != nil {
				return nil, err
			}
		}
	}
}
