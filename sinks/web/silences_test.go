package web

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pinkstar/schemas"
)

// What is announced here is known at once, and while ClickHouse is away; the newest
// word counts, whoever has it.
func TestSilencesAreKnownWithoutClickHouse(t *testing.T) {
	t.Parallel()
	noon := schemas.TimeOf(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
	silence := func(id string, status schemas.Status, heard, ends int) schemas.Signal {
		s := told(id, source, schemas.KindMaintenance, status, 0, ends).Signal
		s.Change, s.ReceivedAt = &schemas.Change{Type: typeSilence}, noon.Add(int64(heard)*schemas.Minute)
		return s
	}
	h := &memoryHistory{}
	s := NewSilences(h)
	says := func(want string, fails bool) {
		t.Helper()
		list, err := s.Announced(t.Context(), noon)
		got := ""
		for i := range list {
			got += fmt.Sprintf("%s %s, ", list[i].Fingerprint, list[i].Status)
		}
		if got != want || (err != nil) != fails {
			t.Errorf("%s, %v; want %s", got, err, want)
		}
	}
	h.err = errors.New("away")
	says("", true)
	window := told("window", source, schemas.KindMaintenance, schemas.StatusPlanned, 0, 20).Signal
	s.Note([]schemas.Signal{silence("a", schemas.StatusPlanned, 0, 20), window})
	says("a planned, ", false)
	h.err = nil // it is back, and behind
	says("a planned, ", false)
	h.changes = []Change{{Signal: silence("a", schemas.StatusPlanned, 0, 20)}, {Signal: silence("b", schemas.StatusPlanned, 1, 20)}}
	s.Note([]schemas.Signal{silence("a", schemas.StatusFinished, 2, 10)})
	says("a finished, b planned, ", false)
	h.changes[1].Signal = silence("b", schemas.StatusCancelled, 3, 20) // by another process
	says("a finished, b cancelled, ", false)
	h.err = errors.New("away")
	says("a finished, b cancelled, ", false)
	noon = noon.Add(2 * schemas.Day)
	says("", true)
	var none *Silences
	none.Note([]schemas.Signal{window}) // nobody wants to know
	if _, err := NewSilences(nil).Announced(t.Context(), noon); !errors.Is(err, errNoSilences) {
		t.Errorf("%v", err)
	}
}
