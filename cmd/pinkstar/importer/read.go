package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"pinkstar/cmd/pinkstar/ndjson"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// ReadOptions say how files are read.
type ReadOptions struct {
	Naming schemas.Naming
	Limits ingest.Limits
	// Mappings are senders that the configuration describes.
	Mappings ingest.Mappings
	// Now is the present: history ends before it.
	Now schemas.Time
	// Until leaves out what was received later; 0: nothing.
	Until schemas.Time
	// Max bounds how many signals are held.
	Max int
}

// History is what was read: signals by the time they came.
type History struct {
	opts    ReadOptions
	entries []entry
	ids     map[schemas.ID]bool

	Bad  []string // "FILE, line 3: why", at most 20
	More int      // further ones
	// Later counts what was left out because of Until.
	Later int
}

// entry is a signal as JSON: a year of them must fit into memory.
type entry struct {
	at   schemas.Time
	json []byte
}

// ErrTooMuch says that the limit was reached.
var ErrTooMuch = errors.New("the history is too long for one import")

// NewHistory returns an empty history.
func NewHistory(opts ReadOptions) *History {
	return &History{opts: opts, ids: map[schemas.ID]bool{}}
}

// Signals is how many there are, repeats included.
func (h *History) Signals() int { return len(h.entries) }

// Span is from when to when it goes, once it is sorted.
func (h *History) Span() (from, to schemas.Time) {
	if len(h.entries) == 0 {
		return 0, 0
	}
	return h.entries[0].at, h.entries[len(h.entries)-1].at
}

// Read adds a file: lines as `pinkstar replay` takes them, plain, gzip or zstd.
// What can't be read is in Bad; the error is about the file as a whole.
func (h *History) Read(ctx context.Context, name string, in io.Reader) error {
	r, done, err := ndjson.Decompressed(in)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	defer done()
	lines := ndjson.NewReader(r, int(h.opts.Limits.DecompressedBytes))
	translator := ingest.NewTranslator(h.opts.Naming, h.opts.Limits, h.opts.Mappings)
	for {
		line, err := lines.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, ndjson.ErrLongLine):
			h.bad(name, lines.Number(), err)
			continue
		case err != nil:
			return fmt.Errorf("%s, after line %d: %w", name, lines.Number(), err)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if err := h.line(translator, line); err != nil {
			if errors.Is(err, ErrTooMuch) {
				return err
			}
			h.bad(name, lines.Number(), err)
		}
	}
}

// line takes what can be read of a line and returns what can't.
func (h *History) line(t *ingest.Translator, line []byte) error {
	switch rec, err := ndjson.OwnRecord(line); {
	case err != nil:
		return err
	case rec != nil && rec.Signal.Control():
		return nil // another log's own
	case rec != nil:
		rec.Signal.ReceivedAt = rec.At
		return h.add(rec.Signal)
	}
	now := h.opts.Now
	var own struct {
		ReceivedAt schemas.Time `json:"received_at"`
	}
	if json.Unmarshal(line, &own) == nil && own.ReceivedAt != 0 {
		now = 0 // the line says it
	}
	signals, err := t.Recognise("", nil, line, now)
	errs := []error{err}
	for i := range signals {
		s := &signals[i]
		if now != 0 && s.ReceivedAt == now {
			if s.ReceivedAt, err = happened(s); err != nil {
				errs = append(errs, err)
				continue
			}
		}
		if err := h.add(s); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// happened is when a signal would have come, for one of which nobody wrote that
// down: when what it tells had just happened.
func happened(s *schemas.Signal) (schemas.Time, error) {
	at, missing := s.StartsAt, []string{"starts_at_missing", "starts_at_out_of_range", "starts_at_in_future"}
	switch s.Status {
	case schemas.StatusResolved, schemas.StatusClosed, schemas.StatusDeleted, schemas.StatusFinished, schemas.StatusCancelled:
		if s.EndsAt != 0 {
			at, missing = s.EndsAt, []string{"ends_at_missing", "ends_at_out_of_range", "ends_at_in_future"}
		}
	}
	for _, m := range missing {
		if slices.Contains(s.Flags, m) {
			return 0, fmt.Errorf("%s: nothing says when it happened (%s); a line of history needs starts_at, ends_at for a recovery, or received_at", s.Name, m)
		}
	}
	return at, nil
}

func (h *History) add(s *schemas.Signal) error {
	if s.ReceivedAt > h.opts.Now {
		return fmt.Errorf("%s: received at %s, which is still to come; is the clock wrong?", s.Name, s.ReceivedAt)
	}
	if h.opts.Until != 0 && s.ReceivedAt > h.opts.Until {
		h.Later++
		return nil
	}
	if len(h.entries) >= h.opts.Max {
		return fmt.Errorf("%w: over %d signals; import it in parts, the oldest first (--until), or raise --limit (each takes about 2 KB of memory)", ErrTooMuch, h.opts.Max)
	}
	id, err := schemas.ParseID(s.ID)
	if err != nil {
		return err
	}
	h.ids[id] = true
	s.Imported = true
	h.entries = append(h.entries, entry{s.ReceivedAt, schemas.AppendSignal(nil, s)})
	return nil
}

func (h *History) bad(name string, line int, err error) {
	const most = 20
	if len(h.Bad) == most {
		h.More++
		return
	}
	h.Bad = append(h.Bad, fmt.Sprintf("%s, line %d: %v", name, line, err))
}
