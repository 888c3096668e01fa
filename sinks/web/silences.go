package web

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"pinkstar/schemas"
)

// Silences knows the silences that were announced here, so that they can be made
// known elsewhere: from history, and beside it what this process was told, for
// ClickHouse is a moment behind and may be away. It is safe for concurrent use.
type Silences struct {
	history History // nil: there is none

	mu   sync.Mutex
	told map[string]schemas.Signal // as told last, by id and scope
}

// NewSilences returns what knows those of history, which may be nil.
func NewSilences(h History) *Silences {
	return &Silences{history: h, told: map[string]schemas.Signal{}}
}

// SetSilences has what is announced be noted. It is called before Handler.
func (a *API) SetSilences(s *Silences) { a.silences = s }

// maxSilences bounds what is looked through for silences, and what is held of them.
const maxSilences = 10_000

var errNoSilences = errors.New("they are read from ClickHouse, and none is configured")

// Note takes signals that this process made durable.
func (s *Silences) Note(signals []schemas.Signal) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range signals {
		s.note(&signals[i])
	}
}

func (s *Silences) note(x *schemas.Signal) {
	if x.Kind != schemas.KindMaintenance || x.Source != source || x.Change == nil || x.Change.Type != typeSilence {
		return
	}
	key := x.Fingerprint + " " + x.Scope
	if old, known := s.told[key]; known && old.ReceivedAt > x.ReceivedAt || !known && len(s.told) >= maxSilences {
		return
	}
	s.told[key] = *x
}

// Announced returns those that last, are planned, or ended in the last day, as they
// were told last, once for each scope. While history can't be asked they are those
// that are known; an error says that none are.
func (s *Silences) Announced(ctx context.Context, now schemas.Time) ([]schemas.Signal, error) {
	err := errNoSilences
	var list []Change
	if s.history != nil {
		list, err = s.history.Changes(ctx, ChangeQuery{Kind: schemas.KindMaintenance, From: now.Add(-schemas.Day), Limit: maxSilences})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range list {
		s.note(&list[i].Signal)
	}
	maps.DeleteFunc(s.told, func(_ string, x schemas.Signal) bool { return x.EndsAt != 0 && x.EndsAt < now.Add(-schemas.Day) })
	if err != nil && len(s.told) == 0 {
		return nil, err
	}
	return slices.SortedFunc(maps.Values(s.told), func(a, b schemas.Signal) int {
		return cmp.Or(cmp.Compare(a.StartsAt, b.StartsAt), cmp.Compare(a.Fingerprint, b.Fingerprint), cmp.Compare(a.Scope, b.Scope))
	}), nil
}
