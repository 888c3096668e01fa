package correlate

import (
	"encoding/binary"
	"slices"

	"pinkstar/schemas"
)

// A calendar is read again and again, and what is no longer in it says nothing:
// a series that was moved, shortened or ended tells only its new dates, a
// published calendar only the events it still has. So the reader tells what is
// left of such a set, and every window of it that is not there is gone.

// settle takes what s says to be all of its sets. It returns how many windows
// are gone by it.
func (e *Engine) settle(sc *scope, s *schemas.Signal) int {
	c := s.Change
	if c == nil || len(c.Complete) == 0 {
		return 0
	}
	left := make(map[string]bool, len(c.Members))
	for _, m := range c.Members {
		left[m] = true
	}
	var gone []*change
	for _, ch := range sc.changes {
		part := slices.ContainsFunc(ch.sets, func(name string) bool { return slices.Contains(c.Complete, name) })
		if part && !isOver(ch.status) && !left[schemas.MemberID(ch.key.fingerprint())] {
			gone = append(gone, ch)
		}
	}
	for _, ch := range gone {
		ch.status, ch.text = schemas.StatusCancelled, 0 // told again, it is news
		e.scheduleChange(ch)
		e.recheck(ch)
	}
	return len(gone)
}

// fingerprint is the part of the key behind the source.
func (k alertKey) fingerprint() string {
	n, size := binary.Uvarint([]byte(k))
	if size <= 0 || uint64(len(k)-size) < n {
		return ""
	}
	return string(k[size+int(n):])
}
