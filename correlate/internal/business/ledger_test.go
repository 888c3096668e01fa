package business

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"pinkstar/correlate/internal/codec"
	"pinkstar/schemas"
)

func written(t *testing.T, l *Ledger) []byte {
	t.Helper()
	var b bytes.Buffer
	c := codec.Encoder{W: bufio.NewWriter(&b), Strings: map[string]uint64{}}
	l.Write(&c)
	if err := c.W.Flush(); err != nil || c.Err != nil {
		t.Fatal(err, c.Err)
	}
	return b.Bytes()
}

// Whatever order figures come in, whatever is told twice: what is held is what was
// told last, and a snapshot holds all of it.
func TestALedgerIsStored(t *testing.T) {
	const start = schemas.Time(1_760_000_400_000)
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		l := &Ledger{}
		s := l.Open("web", "bookings")
		minutes := map[int64]float64{}
		for range 400 {
			from := start.Add(r.Int64N(20*60) * schemas.Minute)
			long := []int64{1, 1, 1, 5, 15}[r.IntN(5)]
			v := float64(r.IntN(90)) / 4 * float64(long)
			s.Add(from, from.Add(long*schemas.Minute), v)
			for m := range long {
				minutes[int64(from)/schemas.Minute+m] = v / float64(long)
			}
		}
		for slot := s.oldest(); slot < s.next; slot++ {
			sum, n := 0.0, 0
			for m := slot * minutesASlot; m < (slot+1)*minutesASlot; m++ {
				if v, ok := minutes[m]; ok {
					sum, n = sum+v, n+1
				}
			}
			if s.known(slot) != (n >= enoughMinutes) {
				t.Fatalf("seed %d: a slot with %d minutes is known: %v", seed, n, s.known(slot))
			}
			if want := sum * minutesASlot / float64(n); n >= enoughMinutes && (s.actual(slot) < want-1e-6 || s.actual(slot) > want+1e-6) {
				t.Fatalf("seed %d: a slot has %v, was told %v", seed, s.actual(slot), want)
			}
		}
		s.disturb(slotOf(start)+3, slotOf(start)+40)
		b := written(t, l)
		d := codec.Decoder{R: bufio.NewReader(bytes.NewReader(b))}
		var back Ledger
		if back.Read(&d); d.Err != nil {
			t.Fatal(d.Err)
		}
		if !bytes.Equal(b, written(t, &back)) {
			t.Fatal("what was read is written otherwise")
		}
		s2 := back.Of("web", "bookings")
		for m := s.firstMinute(); m < s.next*minutesASlot; m++ { // and goes on alike
			at := schemas.Time(m * schemas.Minute)
			s.Add(at, at.Add(schemas.Minute), 7)
			s2.Add(at, at.Add(schemas.Minute), 7)
		}
		if !bytes.Equal(written(t, l), written(t, &back)) {
			t.Fatal("the two went on differently")
		}
	}
}

// The same local hour is compared with, across a change of clocks: a shop that sells
// by the clock of Rome has lost nothing on the Monday after it.
func TestLocalHoursAcrossAChangeOfClocks(t *testing.T) {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		t.Skip("no zones on this machine")
	}
	l := &Ledger{}
	s := l.Open("web", Revenue)
	p := &Prices{Worth: func(string) float64 { return 1 }, Zone: "Europe/Rome", Offset: func(at schemas.Time) int64 {
		_, seconds := at.Std().In(rome).Zone()
		return int64(seconds) * schemas.Second
	}, CatchUp: schemas.Hour}
	begin := schemas.TimeOf(time.Date(2026, 9, 14, 0, 0, 0, 0, time.UTC))
	monday := schemas.TimeOf(time.Date(2026, 10, 26, 8, 0, 0, 0, rome)) // summer time ended the day before
	for at := begin; at < monday.Add(2*schemas.Hour); at = at.Add(SlotLength) {
		v := 1.0
		if h := at.Std().In(rome).Hour(); h >= 8 && h < 20 {
			v = 100
		}
		l.Add(s, at, at.Add(SlotLength), v, p)
	}
	a, _ := l.Claim("x", 0.7, []Claim{{Service: "web", From: monday, To: monday.Add(schemas.Hour)}})
	found, ok := l.Assess(a, p)
	if !ok || found.Lost.Likely < -1 || found.Lost.Likely > 1 || found.Expected < 1100 {
		t.Errorf("%+v, %v", found, ok)
	}
}
