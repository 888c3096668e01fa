package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
)

// stack remembers how to stop what was started. The last one started is
// stopped first.
type stack struct {
	log   zerolog.Logger
	items []stackItem
}

type stackItem struct {
	name string
	stop func(context.Context) error
}

func (s *stack) push(name string, stop func(context.Context) error) {
	s.items = append(s.items, stackItem{name, stop})
}

// stop stops everything, whatever fails on the way, and returns all failures.
func (s *stack) stop(ctx context.Context) error {
	var errs []error
	for len(s.items) > 0 {
		it := s.items[len(s.items)-1]
		s.items = s.items[:len(s.items)-1]
		started := time.Now()
		if err := it.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stopping %s: %w", it.name, err))
		}
		s.log.Debug().Str("part", it.name).Stringer("took", time.Since(started)).Msg("stopped")
	}
	return errors.Join(errs...)
}
