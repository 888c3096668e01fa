package business

import (
	"slices"

	"pinkstar/schemas"
)

// Ledger has the series of a scope, and the accounts of incidents that touch them.
type Ledger struct {
	Series   []*Series // in order of appearance
	Accounts []*Account
}

// Of returns the series of a figure of a service, nil when there is none.
func (l *Ledger) Of(service, figure string) *Series {
	for _, s := range l.Series {
		if s.Service == service && s.Figure == figure {
			return s
		}
	}
	return nil
}

// Open returns the series of a figure of a service, made when it is new.
func (l *Ledger) Open(service, figure string) *Series {
	s := l.Of(service, figure)
	if s == nil {
		s = newSeries(service, figure)
		l.Series = append(l.Series, s)
	}
	return s
}

// Has reports whether there are figures of a service.
func (l *Ledger) Has(service string) bool {
	return slices.ContainsFunc(l.Series, func(s *Series) bool { return s.Service == service })
}

// Account is what a main incident claims of the series.
type Account struct {
	ID     string
	Weight float64 // its share where several claim the same: what its severity is likely to lose
	Claims []Claim

	// Closed is the incident as it was last written, once it has left the engine;
	// its losses are still revised, until KeptUntil.
	Closed    *schemas.Incident
	KeptUntil schemas.Time
	Final     bool // its losses, and what came back, have been told to the end
	Due       bool // figures came that change its losses
}

// Ever is when a claim ends that lasts.
const Ever schemas.Time = 1 << 60

// Claim is that an incident disturbed a service from one time to another.
type Claim struct {
	Service  string
	From, To schemas.Time
	Lasts    bool // it has not ended
}

// Prices say what figures are worth, and how they are to be read.
type Prices struct {
	Worth   func(figure string) float64 // in the currency, of one; 0: it is not priced
	Zone    string                      // the name of the zone of Offset
	Offset  func(at schemas.Time) int64 // of local time from UTC, milliseconds; nil: none
	CatchUp int64                       // for how long after an incident customers come back, milliseconds
}

// Account returns the account of an incident, nil when it has none.
func (l *Ledger) Account(id string) *Account {
	for _, a := range l.Accounts {
		if a.ID == id {
			return a
		}
	}
	return nil
}

// Claim has an incident claim services. It reports whether that is another claim
// than before.
func (l *Ledger) Claim(id string, weight float64, claims []Claim) (*Account, bool) {
	a := l.Account(id)
	if a == nil {
		if len(claims) == 0 {
			return nil, false
		}
		a = &Account{ID: id}
		l.Accounts = append(l.Accounts, a)
	}
	if a.Weight == weight && slices.Equal(a.Claims, claims) {
		return a, false
	}
	l.touched(a)
	a.Weight, a.Claims = weight, claims
	l.touched(a)
	return a, true
}

// touched: the claims of a change, so what is expected of its series does too.
func (l *Ledger) touched(a *Account) {
	for _, s := range l.Series {
		if slices.ContainsFunc(a.Claims, func(c Claim) bool { return c.Service == s.Service }) {
			s.version++
		}
	}
}

// Remove drops the account of an incident that is part of another now, as if it
// had never claimed anything.
func (l *Ledger) Remove(id string) {
	if a := l.Account(id); a != nil {
		l.touched(a)
		l.Accounts = slices.DeleteFunc(l.Accounts, func(x *Account) bool { return x == a })
	}
}

// Retire drops an account for good; what it disturbed stays marked.
func (l *Ledger) Retire(a *Account, p *Prices) {
	for _, s := range l.Series {
		for _, c := range disturbing(a, s, p) {
			s.disturb(c.from, c.to)
		}
	}
	l.Accounts = slices.DeleteFunc(l.Accounts, func(x *Account) bool { return x == a })
}

// disturbs is the weight from which on what an incident touches is no example of
// an ordinary time. Long warnings would otherwise leave none.
const disturbs = 0.1

// disturbing are the slots that an account spoils as examples: those of its claims
// and those in which customers come back.
func disturbing(a *Account, s *Series, p *Prices) []span {
	if a.Weight < disturbs {
		return nil
	}
	var out []span
	for _, c := range a.Claims {
		if c.Service == s.Service {
			w := window(c, s)
			if w.to += p.CatchUp / SlotLength; w.to > w.from {
				out = append(out, w)
			}
		}
	}
	return out
}

// window are the slots of a claim, whole ones; one that lasts ends with what was told.
func window(c Claim, s *Series) span {
	w := span{slotOf(c.From), (int64(c.To) + SlotLength - 1) / SlotLength}
	if c.Lasts { // up to the last slot of which everything was told
		w.to = min(w.to, s.next)
		if s.next > s.oldest() && s.marks[(s.next-1)%kept]&allMinutes != allMinutes {
			w.to = min(w.to, s.next-1)
		}
	}
	return span{w.from, max(w.to, w.from)}
}

// outlookOf is the outlook of s, made anew when something changed.
func (l *Ledger) outlookOf(s *Series, p *Prices) *outlook {
	if s.view == nil || s.view.version != s.version || s.view.zone != p.Zone || s.view.catchUp != p.CatchUp {
		var claims []span
		for _, a := range l.Accounts {
			claims = append(claims, disturbing(a, s, p)...)
		}
		s.view = newOutlook(s, p.Offset, claims)
		s.view.zone, s.view.catchUp = p.Zone, p.CatchUp
	}
	return s.view
}

// Overlapping are the other accounts that claim a service of a at the same time, or
// while customers of it come back.
func (l *Ledger) Overlapping(a *Account, catchUp int64) []*Account {
	var out []*Account
	for _, b := range l.Accounts {
		if b != a && slices.ContainsFunc(b.Claims, func(c Claim) bool {
			return slices.ContainsFunc(a.Claims, func(d Claim) bool {
				return c.Service == d.Service && c.From <= d.To.Add(catchUp) && d.From <= c.To.Add(catchUp)
			})
		}) {
			out = append(out, b)
		}
	}
	return out
}

// Add takes a figure, and notes whose losses it changes: it belongs to their time,
// or it is the last that was waited for.
func (l *Ledger) Add(s *Series, start, end schemas.Time, value float64, p *Prices) (told Told, due bool) {
	before := s.next
	told = s.Add(start, end, value)
	for _, a := range l.Accounts {
		for _, c := range a.Claims {
			if c.Service != s.Service {
				continue
			}
			w := window(c, s)
			w.to += p.CatchUp / SlotLength
			late := told.From < w.to && told.To > w.from && told.To < before
			last := !c.Lasts && !a.Final && before < w.to && s.next >= w.to
			if late || last {
				a.Due, due = true, true
			}
		}
	}
	if s.next/slotsADay > before/slotsADay && before > 0 {
		l.calibrate(s, p)
	}
	return told, due
}
