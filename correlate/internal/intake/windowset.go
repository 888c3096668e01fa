package intake

import (
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// A calendar is read again and again, and what is no longer in it says nothing:
// a series that was moved, shortened or ended tells only its new dates, a
// published calendar only the events it still has. So the reader tells what is
// left of such a set, and every window of it that is not there is gone.

// settle takes what s says to be all of its sets. It returns how many windows
// are gone by it.
func (in *Intake) settle(sc *state.Scope, s *schemas.Signal) int {
	c := s.Change
	if c == nil || len(c.Complete) == 0 {
		return 0
	}
	left := make(map[string]bool, len(c.Members))
	for _, m := range c.Members {
		left[m] = true
	}
	var gone []*state.Change
	for _, ch := range sc.ChangesOf(c.Complete) {
		if !isOver(ch.Status) && !left[schemas.MemberID(ch.Key.Fingerprint())] {
			gone = append(gone, ch)
		}
	}
	for _, ch := range gone {
		ch.Status, ch.Text = schemas.StatusCancelled, 0 // told again, it is news
		in.scheduleChange(ch)
		in.recheck(ch)
	}
	return len(gone)
}
