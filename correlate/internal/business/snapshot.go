package business

import (
	"encoding/json"
	"math"

	"pinkstar/correlate/internal/codec"
	"pinkstar/schemas"
)

// Write writes a ledger into a snapshot.
func (l *Ledger) Write(c *codec.Encoder) {
	c.Len(len(l.Series))
	for _, s := range l.Series {
		s.write(c)
	}
	c.Len(len(l.Accounts))
	for _, a := range l.Accounts {
		a.write(c)
	}
}

func (s *Series) write(c *codec.Encoder) {
	c.Str(s.Service)
	c.Str(s.Figure)
	c.Int(s.oldest())
	c.Int(s.next)
	for slot := s.oldest(); slot < s.next; slot++ {
		mark := s.marks[slot%kept]
		c.Uint(uint64(mark))
		if mark&allMinutes != 0 {
			amount(c, s.sums[slot%kept])
		}
		if mark == 0 { // how many more there are
			run := s.emptyFrom(slot + 1)
			c.Int(run)
			slot += run
		}
	}
	for m := s.firstMinute(); m < s.next*minutesASlot; m++ {
		if s.tells(m) {
			amount(c, s.minute[m%detailed])
		}
	}
	c.Int(s.calibrated)
	c.Len(len(s.daily))
	for _, d := range s.daily {
		c.Int(d.day)
		c.Int(d.held)
		c.Int(d.tried)
	}
}

// emptyFrom is how many slots from one on were told nothing of.
func (s *Series) emptyFrom(slot int64) int64 {
	n := int64(0)
	for slot+n < s.next && s.marks[(slot+n)%kept] == 0 {
		n++
	}
	return n
}

// firstMinute is the first that is held by itself.
func (s *Series) firstMinute() int64 {
	return max(s.oldest()*minutesASlot, s.next*minutesASlot-detailed)
}

func (s *Series) tells(minute int64) bool {
	return s.marks[minute/minutesASlot%kept]&(1<<(minute%minutesASlot)) != 0
}

// amount writes a figure; most are whole numbers, or have few digits.
func amount(c *codec.Encoder, v float64) {
	const small = 1 << 40
	if k := math.Round(v * 1000); math.Abs(k) < small && k/1000 == v {
		c.Int(int64(k) << 1)
		return
	}
	c.Int(1)
	c.Float(v)
}

func readAmount(d *codec.Decoder) float64 {
	if k := d.Int(); k&1 == 0 {
		return float64(k>>1) / 1000
	}
	return d.Float()
}

func (a *Account) write(c *codec.Encoder) {
	c.Str(a.ID)
	c.Float(a.Weight)
	c.Len(len(a.Claims))
	for _, cl := range a.Claims {
		c.Str(cl.Service)
		c.Time(cl.From)
		c.Time(cl.To)
		c.Bool(cl.Lasts)
	}
	c.Bool(a.Final)
	c.Bool(a.Due)
	c.Bool(a.Closed != nil)
	if a.Closed == nil {
		return
	}
	c.Time(a.KeptUntil)
	b, err := json.Marshal(a.Closed)
	if err != nil && c.Err == nil {
		c.Err = err
	}
	c.Text(string(b))
}

// Read reads what Write wrote.
func (l *Ledger) Read(d *codec.Decoder) {
	d.Each(func() {
		if s := readSeries(d); s != nil {
			l.Series = append(l.Series, s)
		}
	})
	d.Each(func() { l.Accounts = append(l.Accounts, readAccount(d)) })
}

func readSeries(d *codec.Decoder) *Series {
	s := newSeries(d.Str(), d.Str())
	s.first, s.next = d.Int(), d.Int()
	if s.first < 0 || s.next < s.first || s.next-s.first > kept {
		d.Bad("business figures out of bounds")
		return nil
	}
	for slot := s.first; slot < s.next && d.Err == nil; slot++ {
		s.marks[slot%kept] = uint8(d.Uint())
		if s.marks[slot%kept]&allMinutes != 0 {
			s.sums[slot%kept] = readAmount(d)
		}
		if s.marks[slot%kept] == 0 {
			run := d.Int()
			if run < 0 || run > s.next-slot {
				d.Bad("business figures out of bounds")
				return nil
			}
			slot += run
		}
	}
	for m := s.firstMinute(); m < s.next*minutesASlot && d.Err == nil; m++ {
		if s.tells(m) {
			s.minute[m%detailed] = readAmount(d)
		}
	}
	s.calibrated = d.Int()
	d.Each(func() { s.daily = append(s.daily, day{d.Int(), d.Int(), d.Int()}) })
	return s
}

func readAccount(d *codec.Decoder) *Account {
	a := &Account{ID: d.Str(), Weight: d.Float()}
	d.Each(func() { a.Claims = append(a.Claims, Claim{d.Str(), d.Time(), d.Time(), d.Bool()}) })
	a.Final, a.Due = d.Bool(), d.Bool()
	if !d.Bool() {
		return a
	}
	a.KeptUntil = d.Time()
	a.Closed = &schemas.Incident{}
	if text := d.Text(); d.Err == nil {
		if err := json.Unmarshal([]byte(text), a.Closed); err != nil {
			d.Bad(err.Error())
		}
	}
	return a
}
