package eval

import (
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"text/tabwriter"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// ImpactRow is how well lost revenue is told on one kind of takings.
type ImpactRow struct {
	Name              string
	Cases             int     // incidents, those that overlap together
	Held              int     // of these, those whose 90 % interval has the truth
	Lost, Told        float64 // in truth, and as told, in all
	Shared            int     // cases of several incidents
	Backs, BackHeld   int     // the same of what came later
	Back, BackTold    float64
	Width             []float64 // of intervals, over what was lost
	OwnHeld, OwnTried int64     // the product's own calibration
	Model             float64   // what the configured model would say, in all
	Unmeasured        int       // cases for which figures said nothing
}

// Coverage is the share of intervals that have the truth.
func (r *ImpactRow) Coverage() float64 { return float64(r.Held) / float64(max(r.Cases, 1)) }

// Bias is by how much the total is told too high, as a share of it.
func (r *ImpactRow) Bias() float64 { return r.Told/r.Lost - 1 }

const impactStart = schemas.Time(1_785_000_000_000) / schemas.Time(schemas.Day) * schemas.Time(schemas.Day)

// Impact has the engine measure what incidents lose on every kind of takings.
func Impact(seeds []uint64) ([]ImpactRow, error) {
	var out []ImpactRow
	for _, k := range sim.AllTakings() {
		row := ImpactRow{Name: k.Name}
		for _, seed := range seeds {
			if err := row.shop(&k, seed); err != nil {
				return nil, err
			}
		}
		out = append(out, row)
	}
	return out, nil
}

// shop runs one shop of sixteen weeks.
func (row *ImpactRow) shop(k *sim.Takings, seed uint64) error {
	const weeks, quiet = 16, 5
	r := rand.New(rand.NewPCG(seed, 40))
	v := k.Draw(r, impactStart, weeks*7*288)
	before := append([]float64(nil), v...)
	all := sim.Disrupt(r, v, quiet*7*288)
	set, err := rules.Parse("impact", []byte("impact: {zone: "+k.Zone+", figures: {bookings: {worth: 1}}}\n"))
	if err != nil {
		return fmt.Errorf("rules of the simulation: %w", err)
	}
	incs, err := measured(set, v, all)
	if err != nil {
		return err
	}
	mean := 0.0
	for _, x := range before[:quiet*7*288] {
		mean += x / float64(quiet*7*288)
	}
	row.judge(all, incs, mean)
	return nil
}

// measured sends figures and alerts to an engine, and returns the newest record of
// every main incident.
func measured(set *rules.Set, v []float64, all []sim.Disruption) ([]schemas.Incident, error) {
	e, out := correlate.New(set, nil), correlate.Output{}
	naming := schemas.DefaultNaming()
	latest := map[string]schemas.Incident{}
	var order []string
	send := func(s schemas.Signal, at schemas.Time) error {
		s.ReceivedAt = at
		if err := naming.Complete(&s); err != nil {
			return fmt.Errorf("a simulated signal: %w", err)
		}
		out.Reset()
		e.Step(&s, at, &out)
		for _, inc := range out.Incidents {
			if _, ok := latest[inc.ID]; !ok {
				order = append(order, inc.ID)
			}
			latest[inc.ID] = inc
		}
		return nil
	}
	for i := range v {
		at := impactStart.Add(int64(i) * sim.TakingsSlot)
		for n := range all {
			d := &all[n]
			alert := schemas.Signal{Kind: schemas.KindAlert, Source: "sim", Status: schemas.StatusFiring, StartsAt: impactStart.Add(int64(d.From) * sim.TakingsSlot),
				Labels: schemas.LabelsOf(map[string]string{"alertname": fmt.Sprint("Down", n), "service": "web", "severity": "critical"})}
			if d.To == i {
				alert.Status, alert.EndsAt = schemas.StatusResolved, at
			}
			if d.From == i || d.To == i {
				if err := send(alert, at); err != nil {
					return nil, err
				}
			}
		}
		f := schemas.Signal{Kind: schemas.KindImpact, Source: "sim", Service: "web", StartsAt: at, EndsAt: at.Add(sim.TakingsSlot),
			Impact: &schemas.Impact{Figure: "bookings", Value: v[i]}}
		if err := send(f, at.Add(sim.TakingsSlot)); err != nil {
			return nil, err
		}
	}
	var mains []schemas.Incident
	for _, id := range order {
		if inc := latest[id]; inc.ParentID == "" {
			mains = append(mains, inc)
		}
	}
	return mains, nil
}

// judge holds what was told of incidents that overlap, together, against the truth.
func (row *ImpactRow) judge(all []sim.Disruption, incs []schemas.Incident, mean float64) {
	at := func(slot int) schemas.Time { return impactStart.Add(int64(slot) * sim.TakingsSlot) }
	for i := 0; i < len(all); {
		lost, back, from, to := all[i].Lost, all[i].Back, all[i].From, all[i].To
		n := i + 1
		for ; n < len(all) && all[n].From < to; n++ {
			lost, back, to = lost+all[n].Lost, back+all[n].Back, max(to, all[n].To)
		}
		told, caught, found, measuredAll := schemas.Range{}, schemas.Range{}, 0, true
		for k := range incs {
			inc := &incs[k]
			if inc.StartedAt < at(from) || inc.StartedAt >= at(to) {
				continue
			}
			found++
			measuredAll = measuredAll && inc.Impact.Basis == schemas.BasisFigures
			sum(&told, inc.Impact.LostRevenue)
			if c := inc.Impact.CaughtUp; c != nil {
				sum(&caught, *c)
			}
			if f := inc.Impact.Figures; f != nil {
				row.OwnHeld, row.OwnTried = row.OwnHeld+f.Held, row.OwnTried+f.Tried
			}
		}
		if found > 0 && measuredAll {
			row.count(lost, back, told, caught, n-i > 1)
			row.Model += 0.7 * mean * float64(to-from)
		} else {
			row.Unmeasured++
		}
		i = n
	}
}

func sum(to *schemas.Range, r schemas.Range) {
	to.Low, to.Likely, to.High = to.Low+r.Low, to.Likely+r.Likely, to.High+r.High
}

func (row *ImpactRow) count(lost, back float64, told, caught schemas.Range, shared bool) {
	row.Cases++
	row.Lost, row.Told = row.Lost+lost, row.Told+told.Likely
	if told.Low <= lost && lost <= told.High {
		row.Held++
	}
	if shared {
		row.Shared++
	}
	row.Width = append(row.Width, (told.High-told.Low)/max(lost, 1))
	row.Backs++
	row.Back, row.BackTold = row.Back+back, row.BackTold+caught.Likely
	if caught.Low <= back && back <= caught.High {
		row.BackHeld++
	}
}

// RenderImpact writes the rows as a table.
func RenderImpact(w io.Writer, rows []ImpactRow) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "takings\tcases\tof several\tinterval has the truth\tbias of the total\tmedian width\tcaught up: has the truth\tbias\town trials held\tbias of the model\tnot measured\t")
	all := ImpactRow{Name: "all"}
	for i := range rows {
		r := &rows[i]
		r.line(t)
		all.Cases, all.Held, all.Shared = all.Cases+r.Cases, all.Held+r.Held, all.Shared+r.Shared
		all.Backs, all.BackHeld = all.Backs+r.Backs, all.BackHeld+r.BackHeld
		all.OwnHeld, all.OwnTried, all.Unmeasured = all.OwnHeld+r.OwnHeld, all.OwnTried+r.OwnTried, all.Unmeasured+r.Unmeasured
		// Each kind weighs the same, whatever it earns.
		all.Lost, all.Told, all.Model = all.Lost+1, all.Told+r.Told/r.Lost, all.Model+r.Model/r.Lost
		all.Back, all.BackTold = all.Back+1, all.BackTold+r.BackTold/r.Back
		all.Width = append(all.Width, r.Width...)
	}
	all.line(t)
	return t.Flush()
}

func (r *ImpactRow) line(w io.Writer) {
	slices.Sort(r.Width)
	width := math.NaN()
	if len(r.Width) > 0 {
		width = r.Width[len(r.Width)/2]
	}
	fmt.Fprintf(w, "%s\t%d\t%d\t%.3f\t%+.3f\t%.2f\t%.3f\t%+.3f\t%.3f\t%+.3f\t%d\t\n", r.Name, r.Cases, r.Shared, r.Coverage(), r.Bias(), width,
		float64(r.BackHeld)/float64(max(r.Backs, 1)), r.BackTold/r.Back-1, float64(r.OwnHeld)/float64(max(r.OwnTried, 1)), r.Model/r.Lost-1, r.Unmeasured)
}
