package business

import (
	"math/bits"

	"pinkstar/schemas"
)

// Slots are the grain of a series.
const (
	SlotLength   = 5 * schemas.Minute
	minutesASlot = 5
	slotsAnHour  = 12
	slotsADay    = 24 * slotsAnHour
	slotsAWeek   = 7 * slotsADay
	// kept is how much of a series is held: twelve weeks.
	kept = 12 * slotsAWeek
	// detailed is how many minutes are held one by one, so that a figure which is
	// told again replaces the one before.
	detailed = 2 * 24 * 60
	// enoughMinutes of a slot make it known.
	enoughMinutes = 3
	allMinutes    = 1<<minutesASlot - 1
	disturbedBit  = 1 << minutesASlot
)

// Series are the figures of one kind of one service.
type Series struct {
	Service, Figure string

	next   int64     // the first slot after the newest told; 0: none was told
	first  int64     // the oldest slot told
	sums   []float64 // by slot, modulo kept
	marks  []uint8   // which minutes of it were told, and disturbedBit
	minute []float64 // the latest minutes, modulo detailed

	daily      []day // of the calibration
	calibrated int64 // the day up to which it went

	version int64 // counts changes
	view    *outlook
}

func newSeries(service, figure string) *Series {
	return &Series{Service: service, Figure: figure,
		sums: make([]float64, kept), marks: make([]uint8, kept), minute: make([]float64, detailed)}
}

func slotOf(at schemas.Time) int64 { return int64(at) / SlotLength }

// Newest is where the figures end.
func (s *Series) Newest() schemas.Time { return schemas.Time(s.next * SlotLength) }

func (s *Series) holds(slot int64) bool { return slot < s.next && slot >= s.oldest() }

func (s *Series) oldest() int64 { return max(s.first, s.next-kept) }

// known reports whether the figures of a slot were told.
func (s *Series) known(slot int64) bool {
	return s.holds(slot) && bits.OnesCount8(s.marks[slot%kept]&allMinutes) >= enoughMinutes
}

// actual is what a known slot brought: where a minute is missing, as if it had been
// like the others.
func (s *Series) actual(slot int64) float64 {
	n := bits.OnesCount8(s.marks[slot%kept] & allMinutes)
	return s.sums[slot%kept] * minutesASlot / float64(n)
}

// Told says what became of a figure.
type Told struct {
	Old      bool // some of it is older than what is held, or can't be replaced any more
	From, To int64
}

// Add notes that value came from start to end, whole minutes, spread evenly.
func (s *Series) Add(start, end schemas.Time, value float64) Told {
	from, to := int64(start)/schemas.Minute, (int64(end)+schemas.Minute-1)/schemas.Minute
	to = max(to, from+1)
	each := value / float64(to-from)
	s.version++
	s.advance((to-1)/minutesASlot + 1)
	told := Told{From: from / minutesASlot, To: (to-1)/minutesASlot + 1}
	for m := from; m < to; {
		slot := m / minutesASlot
		switch {
		case slot < s.next-kept:
			told.Old = true
			m++
		case m%minutesASlot == 0 && m+minutesASlot <= to: // the whole slot
			s.setSlot(slot, each)
			m += minutesASlot
		default:
			if !s.setMinute(m, each) {
				told.Old = true
			}
			m++
		}
	}
	return told
}

// advance makes room up to a slot.
func (s *Series) advance(next int64) {
	if s.next == 0 {
		s.first, s.next = next-1, next-1
	}
	for slot := max(s.next, next-kept); slot < next; slot++ {
		s.sums[slot%kept], s.marks[slot%kept] = 0, 0
	}
	s.next = max(s.next, next)
}

func (s *Series) reach(slot int64) {
	if slot >= s.first {
		return
	}
	for k := slot; k < s.first; k++ { // what comes late may be older than all before
		s.sums[k%kept], s.marks[k%kept] = 0, 0
	}
	s.first = slot
}

func (s *Series) setSlot(slot int64, each float64) {
	s.reach(slot)
	s.sums[slot%kept] = minutesASlot * each
	s.marks[slot%kept] |= allMinutes
	for m := slot * minutesASlot; m < (slot+1)*minutesASlot; m++ {
		if m >= s.next*minutesASlot-detailed {
			s.minute[m%detailed] = each
		}
	}
}

func (s *Series) setMinute(m int64, v float64) bool {
	slot, bit := m/minutesASlot, uint8(1)<<(m%minutesASlot)
	s.reach(slot)
	recent := m >= s.next*minutesASlot-detailed
	if s.marks[slot%kept]&bit != 0 {
		if !recent {
			return false
		}
		s.sums[slot%kept] -= s.minute[m%detailed]
	}
	s.marks[slot%kept] |= bit
	s.sums[slot%kept] += v
	if recent {
		s.minute[m%detailed] = v
	}
	return true
}

// disturb marks slots for good, so that they are no example of an ordinary time.
func (s *Series) disturb(from, to int64) {
	s.version++
	for slot := max(from, s.oldest()); slot < min(to, s.next); slot++ {
		s.marks[slot%kept] |= disturbedBit
	}
}

// weeksBefore is the slot of the same local time k weeks earlier. off has the
// zone's offsets by the hour.
func weeksBefore(slot, k int64, off *offsets) int64 {
	back := slot - k*slotsAWeek
	return back + off.at(slot) - off.at(back)
}

// offsets are a zone's, in slots east of UTC, by the hour from one on.
type offsets struct {
	ask   func(at schemas.Time) int64
	from  int64 // an hour
	slots []int64
}

func newOffsets(ask func(at schemas.Time) int64, from, to int64) *offsets {
	o := &offsets{ask: ask, from: from / slotsAnHour}
	if ask == nil {
		return o
	}
	for hour := o.from; hour <= to/slotsAnHour; hour++ {
		o.slots = append(o.slots, o.of(hour))
	}
	return o
}

func (o *offsets) of(hour int64) int64 { return o.ask(schemas.Time(hour*schemas.Hour)) / SlotLength }

func (o *offsets) at(slot int64) int64 {
	if o.ask == nil {
		return 0
	}
	hour := slot / slotsAnHour
	if i := hour - o.from; i >= 0 && i < int64(len(o.slots)) {
		return o.slots[i]
	}
	return o.of(hour)
}
