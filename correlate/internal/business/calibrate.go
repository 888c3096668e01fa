package business

// day is how often the intervals of one day held the truth.
type day struct {
	day         int64
	held, tried int64
}

// calibratedDays are those whose outcome is kept: thirteen weeks.
const calibratedDays = 13 * 7

// calibrate makes the intervals of undisturbed windows of each whole day that was
// told since the last time, as if incidents had been there, and notes how often they
// held what came. So the product knows how far it can be trusted with this series.
func (l *Ledger) calibrate(s *Series, p *Prices) {
	last := s.next/slotsADay - 1 // the last whole day
	from := max(s.calibrated+1, last-7, s.oldest()/slotsADay+14)
	for d := from; d <= last; d++ {
		got := day{day: d}
		for _, long := range [...]int64{slotsAnHour / 2, slotsAnHour, 4 * slotsAnHour} {
			for at := d * slotsADay; at+long <= (d+1)*slotsADay; at += 2 * max(long, slotsAnHour) {
				held, ok := l.trial(s, p, at, long)
				if ok {
					got.tried++
				}
				if held {
					got.held++
				}
			}
		}
		if got.tried > 0 {
			s.daily = append(s.daily, got)
		}
		s.calibrated = d
	}
	if n := len(s.daily) - calibratedDays; n > 0 {
		s.daily = append(s.daily[:0], s.daily[n:]...)
	}
}

// trial reports whether the interval of a window held what came, and whether the
// window could be tried.
func (l *Ledger) trial(s *Series, p *Prices, at, long int64) (held, ok bool) {
	view := l.outlookOf(s, p)
	st := []stretch{{view: view, worth: 1}}
	for slot := at; slot < at+long; slot++ {
		if _, _, ok := view.missed(slot); !ok {
			return false, false
		}
		st[0].parts = append(st[0].parts, part{slot, 1})
	}
	sum, ok := sumOf(st)
	if !ok {
		return false, false
	}
	errs := placebos(st)
	if len(errs) < fewest {
		return false, false
	}
	r := interval(sum.expected-sum.actual, errs, sum.days)
	return r.Low <= 0 && r.High >= 0, true // nothing was lost
}
