package past

import (
	"errors"
	"fmt"

	"pinkstar/correlate/history"
	"pinkstar/schemas"
)

// Options say how much is read.
type Options struct {
	Since schemas.Time // log time; what is older is left out
	Limit int          // signals held in memory at most
	Scope string       // only this scope; "" for all
	// Each is handed every record instead of keeping it in memory; Limit does
	// not hold then.
	Each func(s *schemas.Signal, at schemas.Time)
}

// ErrTooMany says that the limit was reached; what was read until then is good.
var ErrTooMany = errors.New("too many signals")

// Past is a log and how it was to be read.
type Past struct {
	Log *history.Log
	// Refused counts what could not be read, with the reason of the first.
	Refused int
	Reason  string
}

func newPast() *Past { return &Past{Log: &history.Log{}} }

func (p *Past) refuse(where string, err error) {
	if p.Refused++; p.Refused == 1 {
		p.Reason = where + ": " + err.Error()
	}
}

// add takes a signal, unless it is outside of what is wanted. record says that
// it is a record of the signals topic.
func (p *Past) add(s *schemas.Signal, at schemas.Time, part int32, record bool, o Options) error {
	control := s.Control()
	// Activations from before the period still hold in it.
	if at < o.Since && s.Kind != schemas.KindActivation || !control && o.Scope != "" && s.Scope != o.Scope {
		return nil
	}
	if o.Each != nil {
		o.Each(s, at)
		return nil
	}
	if o.Limit > 0 && p.Log.Signals() >= o.Limit {
		return fmt.Errorf("%w: there are more than %d; choose a shorter period with --since, or raise --limit (each takes about 1 KB of memory)", ErrTooMany, o.Limit)
	}
	if record {
		return p.Log.AddRecord(s, at, part)
	}
	return p.Log.Add(s, at, part)
}
