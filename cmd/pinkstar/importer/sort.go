package importer

import (
	"cmp"
	"fmt"
	"slices"

	"pinkstar/schemas"
)

// flagStart marks a firing that only its recovery told of.
const flagStart = "start_from_recovery"

// Sort brings alerts, tickets and changes of all files into one order, and adds
// the firing of alerts of which the files tell only the recovery, as exports with
// a line per alert do.
func (h *History) Sort() error {
	h.sort()
	firing := map[string]bool{} // by alert
	n := len(h.entries)
	for _, e := range h.entries[:n] {
		var s schemas.Signal
		if err := schemas.DecodeSignal(e.json, &s); err != nil {
			return fmt.Errorf("what was read can't be read again: %w", err)
		}
		if s.Kind != schemas.KindAlert {
			continue
		}
		key := alertKey(&s)
		if s.Status == schemas.StatusFiring {
			firing[key] = true
			continue
		}
		told := firing[key]
		firing[key] = false
		if told || s.StartsAt == 0 || s.StartsAt >= s.EndsAt {
			continue
		}
		start := s
		start.Status, start.EndsAt, start.ReceivedAt = schemas.StatusFiring, 0, min(s.StartsAt, s.ReceivedAt)
		start.Flags = append(slices.Clone(s.Flags), flagStart)
		id := schemas.SignalID(&start)
		if h.ids[id] { // it comes too late, or came before
			continue
		}
		h.ids[id] = true
		start.ID = id.String()
		h.entries = append(h.entries, entry{start.ReceivedAt, schemas.AppendSignal(nil, &start)})
	}
	if len(h.entries) > n {
		h.sort()
	}
	return nil
}

// sort keeps the order of the files among signals of the same moment.
func (h *History) sort() {
	slices.SortStableFunc(h.entries, func(a, b entry) int { return cmp.Compare(a.at, b.at) })
}

func alertKey(s *schemas.Signal) string { return s.Scope + "\x00" + s.Source + "\x00" + s.Fingerprint }
