package notify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
)

// manner is how another system lets a lost answer be told.
type manner int

const (
	searchable manner = iota // its own search finds a message at once: Slack's history
	lagging                  // its search is behind for a while: Jira
	keyed                    // a second message with the same key has no effect: PagerDuty
)

// system is another system that misbehaves, and remembers what took effect.
type system struct {
	manner manner
	faults *rand.Rand // nil: none

	mu      sync.Mutex
	had     []had
	calls   int
	stalled time.Time // until then it answers nothing
}

type had struct {
	key string
	inc string // and the address
	seq int64
	at  time.Time
}

const lag = 40 * time.Second // under which a lagging search finds nothing new

func (s *system) Takes(e *schemas.Effect) bool { return e.Kind != schemas.EffectExpired }

func (s *system) Limit() (time.Duration, int) { return 0, 0 }

var errBroken = errors.New("connection reset by peer")

func (s *system) Deliver(ctx context.Context, m *outbound.Message) (outbound.Receipt, error) {
	takes, before, after := s.fate()
	time.Sleep(takes)
	if before != nil {
		return outbound.Receipt{}, before
	}
	if ctx.Err() != nil { // too slow: whether it still took effect is chance
		if s.chance(2) {
			s.effect(m)
		}
		return outbound.Receipt{}, ctx.Err()
	}
	s.effect(m)
	if after != nil {
		return outbound.Receipt{}, after
	}
	return s.receipt(m), nil
}

func (s *system) receipt(m *outbound.Message) outbound.Receipt {
	left := schemas.LabelsOf(map[string]string{"first": m.Key})
	if m.Thread != nil {
		left = nil
	}
	return outbound.Receipt{Ref: m.Key, Thread: left}
}

func (s *system) chance(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults != nil && s.faults.IntN(n) == 0
}

// fate is what will happen to a call: refused before its effect, or its answer
// lost behind it, and how long it takes.
func (s *system) fate() (takes time.Duration, before, after error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	if s.faults == nil {
		return 10 * time.Millisecond, nil, nil
	}
	takes = time.Duration(s.faults.IntN(300)) * time.Millisecond
	if time.Now().Before(s.stalled) {
		return takes, outbound.Retryf(0, "503 Service Unavailable"), nil
	}
	switch s.faults.IntN(12) {
	case 0:
		return takes, outbound.Retryf(time.Duration(s.faults.IntN(30))*time.Second, "429 Too Many Requests"), nil
	case 1:
		return takes, outbound.Retryf(0, "500 Internal Server Error"), nil
	case 2:
		s.stalled = time.Now().Add(time.Duration(s.faults.IntN(120)) * time.Second)
		return takes, nil, errBroken
	case 3:
		return takes, nil, errBroken
	case 4:
		return 11 * time.Second, nil, nil // beyond the limit of an attempt
	case 5:
		return takes, nil, errors.New("malformed answer")
	}
	return takes, nil, nil
}

func (s *system) effect(m *outbound.Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.manner == keyed && slices.ContainsFunc(s.had, func(h had) bool { return h.key == m.Key }) {
		return
	}
	s.had = append(s.had, had{m.Key, m.Effect.IncidentID + m.Address, m.Effect.Seq, time.Now()})
}

func (s *system) Find(_ context.Context, m *outbound.Message) (outbound.Receipt, outbound.Finding, error) {
	if s.chance(6) {
		return outbound.Receipt{}, outbound.NotYet, errBroken
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.had {
		visible := s.manner == searchable || time.Since(h.at) > lag
		if h.key == m.Key && visible && s.manner != keyed {
			return s.receipt(m), outbound.Found, nil
		}
	}
	if s.manner == lagging && time.Since(m.TriedAt) < lag+30*time.Second {
		return outbound.Receipt{}, outbound.NotYet, nil
	}
	return outbound.Receipt{}, outbound.NotFound, nil
}

// stall has it answer nothing for so long.
func (s *system) stall(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stalled, s.faults = time.Now().Add(d), never()
}

func (s *system) called() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

func (s *system) seen() []had {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.had)
}

// counts returns how often each key took effect.
func (s *system) counts() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := map[string]int{}
	for _, h := range s.had {
		n[h.key]++
	}
	return n
}

// outOfOrder returns a message that came before an earlier one of its incident.
func (s *system) outOfOrder() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := map[string]int64{}
	for _, h := range s.had {
		if h.seq < last[h.inc] {
			return fmt.Sprintf("effect %d of %s after %d", h.seq, h.inc, last[h.inc])
		}
		last[h.inc] = h.seq
	}
	return ""
}

// memoryJournal survives the desks that write it. A desk that was killed, or
// whose partition has another owner, can't write any more.
type memoryJournal struct {
	mu    *sync.Mutex // of log, owner, and what hook goes by
	log   *[]*schemas.Delivery
	owner *int // who may write
	me    int
	hook  func(point string) bool // reports whether we die here
}

var errFenced = errors.New("fenced: another has the partition")

func (j *memoryJournal) Write(_ context.Context, ds ...*schemas.Delivery) error {
	point := "noting " + string(ds[0].State)
	if j.dies(point + ", before") {
		return errFenced
	}
	time.Sleep(time.Millisecond)
	j.mu.Lock()
	fenced := j.me != *j.owner
	if !fenced {
		*j.log = append(*j.log, ds...)
	}
	j.mu.Unlock()
	if fenced || j.dies(point+", after") {
		return errFenced
	}
	return nil
}

func (j *memoryJournal) dies(point string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.me != *j.owner || j.hook(point)
}

func (j *memoryJournal) Read(_ context.Context, fn func(*schemas.Delivery)) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, d := range *j.log {
		c := *d
		fn(&c)
	}
	return nil
}

func (j *memoryJournal) Close() {}

// never is chance that does nothing but what stalled says.
func never() *rand.Rand { return rand.New(fixed{}) }

type fixed struct{}

func (fixed) Uint64() uint64 { return 11 << 60 }

// refusing takes no message for ever.
type refusing struct{ *system }

func (r refusing) Deliver(context.Context, *outbound.Message) (outbound.Receipt, error) {
	return outbound.Receipt{}, outbound.Refusedf("404: no such user")
}

// paced may be called once a second.
type paced struct{ *system }

func (paced) Limit() (time.Duration, int) { return time.Second, 1 }
