package sim

import (
	"math"
	"math/rand/v2"
	"time"

	"pinkstar/schemas"
)

// TakingsSlot is the grain of simulated business figures, in milliseconds.
const TakingsSlot = 5 * schemas.Minute

const takingsWeek = 7 * schemas.Day / TakingsSlot

// Takings are what a service would earn if nothing happened: a shape of the local
// day and week, growth, days that are better or worse as a whole, noise that lasts
// for hours, and chance.
type Takings struct {
	Name      string
	Base      float64 // of a slot
	Weekend   float64 // how a weekend's slot compares
	Growth    float64 // a week
	Noise     float64 // standard deviation of the logarithm, lasting for NoiseHours
	Hours     float64 // see Noise
	Day       float64 // standard deviation of the logarithm of whole days
	Chance    bool    // counts: a Poisson draw of each slot
	Feast     float64 // what a feast day brings beside an ordinary one; 0: there is none
	Zone      string
	FeastsGap int // days between feasts
}

// AllTakings are the kinds of shops on which lost revenue is judged. Nothing of the
// estimator was chosen on the seeds of a report.
func AllTakings() []Takings {
	return []Takings{
		{Name: "many small orders", Base: 8, Weekend: 1.3, Growth: 0.01, Noise: 0.05, Hours: 3, Chance: true, Zone: "Europe/Rome"},
		{Name: "few orders", Base: 0.5, Weekend: 0.6, Noise: 0.05, Hours: 3, Chance: true, Zone: "UTC"},
		{Name: "slow noise", Base: 300, Weekend: 1, Growth: 0.02, Noise: 0.15, Hours: 12, Zone: "America/New_York"},
		{Name: "good and bad days", Base: 40, Weekend: 0.5, Growth: -0.02, Noise: 0.08, Hours: 2, Day: 0.1, Chance: true, Zone: "Europe/Rome"},
		{Name: "feasts", Base: 60, Weekend: 0.8, Growth: 0.01, Noise: 0.06, Hours: 4, Day: 0.03, Chance: true, Feast: 1.8, FeastsGap: 17, Zone: "UTC"},
	}
}

// Draw draws the takings of slots from a time on.
func (k *Takings) Draw(r *rand.Rand, from schemas.Time, slots int) []float64 {
	zone, err := time.LoadLocation(k.Zone)
	if err != nil {
		zone = time.UTC
	}
	out := make([]float64, slots)
	keep := math.Exp(-float64(TakingsSlot) / float64(schemas.Hour) / k.Hours)
	lasting, day, today := k.Noise*r.NormFloat64(), 0, 0.0
	for i := range out {
		at := from.Add(int64(i) * TakingsSlot).Std().In(zone)
		if d := at.YearDay(); i == 0 || d != day {
			day, today = d, k.Day*r.NormFloat64()
			if k.Feast > 0 && d%k.FeastsGap == 0 {
				today += math.Log(k.Feast)
			}
		}
		lasting = lasting*keep + k.Noise*math.Sqrt(1-keep*keep)*r.NormFloat64()
		mean := k.Base * k.shape(at) * math.Pow(1+k.Growth, float64(i)/float64(takingsWeek)) * math.Exp(lasting+today)
		if out[i] = mean; k.Chance {
			out[i] = poissonOf(r, mean)
		}
	}
	return out
}

func (k *Takings) shape(at time.Time) float64 {
	hour := float64(at.Hour()) + float64(at.Minute())/60
	v := 0.15 + math.Exp(-(hour-11)*(hour-11)/18) + 1.2*math.Exp(-(hour-19.5)*(hour-19.5)/6)
	if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
		v *= k.Weekend
	}
	return v
}

func poissonOf(r *rand.Rand, mean float64) float64 {
	if mean > 50 {
		return max(0, math.Round(mean+math.Sqrt(mean)*r.NormFloat64()))
	}
	n, p, limit := 0.0, r.Float64(), math.Exp(-mean)
	for p > limit {
		p *= r.Float64()
		n++
	}
	return n
}

// Disruption is an incident of a shop, and what it cost.
type Disruption struct {
	From, To int     // slots; the alerts fire and recover with them
	Share    float64 // of what would have come, lost
	Lost     float64 // in all; where disruptions overlap, each has what it took of what the ones before left
	Back     float64 // what came later instead
}

// Disrupt takes disruptions out of takings and has some of what was lost come back
// in the hours after each. One in four begins while the one before lasts.
func Disrupt(r *rand.Rand, v []float64, after int) []Disruption {
	var out []Disruption
	const comeBack, hours = 0.3, 6 * 12
	for at := after + r.IntN(300); at < len(v)-700; {
		long := []int{3, 6, 12, 36, 100, 288}[r.IntN(6)]
		d := Disruption{From: at, To: at + long, Share: 0.2 + 0.7*r.Float64()}
		at += long + 300 + r.IntN(900)
		if n := len(out); n > 0 && r.IntN(4) == 0 {
			before := out[n-1]
			d.From = before.From + (before.To-before.From)/2
			d.To = before.To + long/2
		}
		out = append(out, d)
	}
	for i := range out {
		d := &out[i]
		for k := d.From; k < d.To; k++ {
			gone := v[k] * d.Share
			d.Lost += gone
			v[k] -= gone
		}
	}
	for i := range out { // what comes back is as noisy as what comes anyway
		d := &out[i]
		for k := d.To; k < min(d.To+hours, len(v)); k++ {
			come := comeBack * d.Lost / hours
			d.Back += come
			v[k] += come
		}
	}
	return out
}
