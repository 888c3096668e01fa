package report

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Figure is one of those at the head of the report.
type Figure struct {
	Name     string    `json:"name"`
	Text     string    `json:"text"` // as people read it
	Value    float64   `json:"value"`
	Unit     string    `json:"unit"`
	N        uint64    `json:"n"` // incidents it was worked out from
	Interval *Interval `json:"interval,omitempty"`
	Between  string    `json:"between,omitempty"` // the interval as people read it, and what it is one of
	Note     string    `json:"note,omitempty"`
	Formula  string    `json:"formula"`
	Query    string    `json:"query"` // its id
}

// noise is the probability from which on a difference is called beyond noise.
const noise = 0.05

// days of a month that have passed at the snapshot.
func (r *Report) days(from time.Time) float64 {
	to := from.AddDate(0, 1, 0)
	if r.Snapshot.After(from) && r.Snapshot.Before(to) {
		to = r.Snapshot
	}
	return to.Sub(from).Hours() / 24
}

// now is the report's month, before the one before it.
func (r *Report) now() *MonthRow    { return &r.Months[len(r.Months)-1] }
func (r *Report) before() *MonthRow { return &r.Months[len(r.Months)-2] }

// over reports whether the month had ended at the snapshot.
func (r *Report) over() bool { return !r.Snapshot.Before(r.To) }

// known are the months that were watched whole: those from the first on that
// begins after the first incident ever. The report's own month is always one.
func (r *Report) known() []MonthRow {
	for i := range r.Months {
		if !r.Months[i].Month.Before(r.Since) {
			return r.Months[i:]
		}
	}
	return r.Months[len(r.Months)-1:]
}

// judge compares months and services.
func (r *Report) judge() {
	var counts []float64
	for _, m := range r.known() {
		if !m.Month.Equal(r.From) || r.over() {
			counts = append(counts, m.Incidents)
		}
	}
	r.Runs = judgeRuns(counts)
	r.judgeServices()
}

// judgeServices compares each service's count with the twelve months before, all
// of them as one family.
func (r *Report) judgeServices() {
	long := r.From.Sub(r.Months[0].Month).Hours() / 24
	if known := r.known(); len(known) > 0 {
		long = r.From.Sub(known[0].Month).Hours() / 24
	}
	if long < 80 { // fewer than three months to compare with
		return
	}
	var p []float64
	for i := range r.Services {
		s := &r.Services[i]
		s.P = countsDiffer(float64(s.Incidents), r.days(r.From), float64(s.Before), long, 1)
		p = append(p, s.P)
	}
	for i, stands := range falseDiscovery(p, 0.1) {
		r.Services[i].Unusual = stands
	}
}

// tell makes the sentences, the figures, and what was left out.
func (r *Report) tell() {
	r.Figures = []Figure{r.costFigure(), r.countFigure(), r.resolveFigure(), r.acknowledgeFigure(), r.problemFigure(), r.changeFigure()}
	r.Sentences = []string{r.whatItCost(), r.whatChanged(), r.whatRecurs()}
	r.Excluded = r.excluded()
}

func (r *Report) costFigure() Figure {
	f := Figure{Name: "Cost", Text: "none", Formula: queryCosts.Formula, Query: queryCosts.ID}
	costs := r.now().Costs
	if len(costs) == 0 {
		f.Note = "no incident of the month has a cost"
		return f
	}
	total := costs[0].Total()
	f.Value, f.Unit, f.N = total.Likely, costs[0].Currency, costs[0].Incidents
	f.Interval = &Interval{total.Low, total.High}
	f.Text = money(total.Likely, costs[0].Currency)
	f.Between = "low and high estimates: " + money(total.Low, "") + " to " + money(total.High, costs[0].Currency)
	var notes []string
	for _, c := range costs[1:] {
		notes = append(notes, "and "+money(c.Total().Likely, c.Currency))
	}
	for _, c := range r.before().Costs {
		if c.Currency == costs[0].Currency {
			notes = append(notes, "month before: "+money(c.Total().Likely, c.Currency))
		}
	}
	notes = append(notes, costs[0].basis()...)
	f.Note = strings.Join(notes, "; ")
	return f
}

// basis says how what was lost was found, and how far that can be trusted.
func (c *Cost) basis() []string {
	if c.Measured == 0 {
		return []string{"by the configured model, none measured"}
	}
	out := []string{fmt.Sprintf("%d of %d measured, the rest by the configured model", c.Measured, c.Incidents)}
	if c.Measured == c.Incidents {
		out[0] = "all measured"
	}
	if c.ByFigures > 0 && c.CaughtUp != 0 {
		out = append(out, "of the lost revenue "+money(c.CaughtUp, c.Currency)+" came back later")
	}
	if c.Tried > 0 {
		out = append(out, fmt.Sprintf("at undisturbed times %s of such 90 %% intervals held the truth", percent(float64(c.Held)/float64(c.Tried))))
	}
	return out
}

func (r *Report) countFigure() Figure {
	n := r.now().Incidents
	iv := countInterval(n)
	f := Figure{Name: "Incidents", Text: number(n), Value: n, Unit: "incidents", N: uint64(n), Interval: &iv, Query: queryMonths.ID,
		Between: fmt.Sprintf("expected of such a month: %.0f to %.0f (Jeffreys, 95 %%)", iv.Low, iv.High),
		Formula: queryMonths.Formula, Note: fmt.Sprintf("%d critical or major; month before: %s", r.now().Severe, number(r.before().Incidents))}
	return f
}

func (r *Report) durationFigure(name string, d *Duration) Figure {
	f := Figure{Name: name, Text: "none", Unit: "seconds", N: uint64(d.N), Query: queryDurations.ID, Formula: "median; " + queryDurations.Formula}
	if d.N == 0 {
		f.Note = fmt.Sprintf("no incident of %d has this time", d.Without)
		return f
	}
	f.Text, f.Value, f.Interval = span(d.Median), d.Median, d.Interval
	f.Between = "too few for an interval"
	if d.Interval != nil {
		f.Between = fmt.Sprintf("median; %s to %s (order statistics, 95 %%)", span(d.Interval.Low), span(d.Interval.High))
	}
	f.Note = fmt.Sprintf("nine of ten within %s; %d without", span(d.P90), d.Without)
	return f
}

func (r *Report) resolveFigure() Figure {
	return r.durationFigure("Time to resolve", &r.Durations[2])
}

func (r *Report) acknowledgeFigure() Figure {
	if r.Durations[1].N == 0 && r.Durations[0].N > 0 {
		f := r.durationFigure("Time to detect", &r.Durations[0])
		f.Note += "; nobody acknowledged any"
		return f
	}
	return r.durationFigure("Time to acknowledge", &r.Durations[1])
}

func (r *Report) problemFigure() Figure {
	n, all := float64(r.now().Known), r.now().Incidents
	f := Figure{Name: "Known problems", Text: fmt.Sprintf("%s of %s", number(n), number(all)), Value: n, Unit: "incidents", N: uint64(all), Query: queryKnown.ID,
		Formula: queryKnown.Formula}
	if all > 0 && n <= all {
		iv := shareInterval(n, all)
		f.Interval = &iv
		f.Between = fmt.Sprintf("%s of the incidents; %s to %s (Wilson, 95 %%)", percent(n/all), percent(iv.Low), percent(iv.High))
	}
	open := 0
	for _, p := range r.Problems {
		if p.Status != "solved" {
			open++
		}
	}
	f.Note = fmt.Sprintf("%s came again, %d without a declared fix", plural(len(r.Problems), "problem", "problems"), open)
	return f
}

func (r *Report) changeFigure() Figure {
	n, all := float64(r.followed), r.now().Incidents
	f := Figure{Name: "After changes", Text: fmt.Sprintf("%s of %s", number(n), number(all)), Value: n, Unit: "incidents", N: uint64(all),
		Formula: queryFollowed.Formula, Query: queryFollowed.ID}
	if all > 0 && n <= all {
		iv := shareInterval(n, all)
		f.Interval = &iv
		f.Between = fmt.Sprintf("%s may have been caused by one; %s to %s (Wilson, 95 %%)", percent(n/all), percent(iv.Low), percent(iv.High))
	}
	f.Note = fmt.Sprintf("%d by maintenance, %d by other changes; undeclared work: %d of %d windows", r.byMaintenance, r.byChange, r.undeclared, r.maintenance)
	return f
}

// whatItCost is the first sentence.
func (r *Report) whatItCost() string {
	m := r.now()
	until := ""
	if !r.over() {
		until = " so far"
	}
	s := fmt.Sprintf("%s had %s%s, %d of them critical or major, with %s of disruption",
		r.Name, plural(int(m.Incidents), "incident", "incidents"), until, m.Severe, span(m.Minutes*60))
	if len(m.Costs) == 0 {
		return s + "; none has a cost."
	}
	var parts []string
	for _, c := range m.Costs {
		t := c.Total()
		parts = append(parts, fmt.Sprintf("%s (%s to %s)", money(t.Likely, c.Currency), money(t.Low, ""), money(t.High, "")))
	}
	return s + "; they cost about " + strings.Join(parts, " and ") + ", lost revenue and work together."
}

// whatChanged is the second: against the month before, and over the year.
func (r *Report) whatChanged() string {
	now, before := r.now(), r.before()
	known := r.known()
	if len(known) < 2 {
		return "There is no month before it to compare with."
	}
	var counts []float64
	for _, m := range known[:len(known)-1] {
		counts = append(counts, m.Incidents)
	}
	spread := dispersion(counts)
	p := countsDiffer(now.Incidents, r.days(r.From), before.Incidents, r.days(before.Month), spread)
	perDay := now.Incidents/r.days(r.From) - before.Incidents/r.days(before.Month)
	s := "As many incidents a day as in the month before"
	if math.Abs(perDay) > 1e-9 {
		word := "More"
		if perDay < 0 {
			word = "Fewer"
		}
		// By the day, since a month may have just begun.
		s = fmt.Sprintf("%s incidents a day than in the month before (%.1f against %.1f)", word, now.Incidents/r.days(r.From), before.Incidents/r.days(before.Month))
		if p < noise {
			s += fmt.Sprintf(", and that is beyond noise, p = %.3f", p)
		} else {
			s += fmt.Sprintf(": a difference like this is within noise, p = %.2f", p)
		}
	}
	if spread > 1 {
		s += fmt.Sprintf(" (months vary %.1f times as much as by chance alone)", spread)
	}
	return s + "; " + r.Runs.sentence() + "."
}

// sentence says what the run chart shows.
func (c RunChart) sentence() string {
	switch {
	case !c.Enough:
		return "for a trend there are too few months (ten are needed)"
	case !c.Signal:
		return fmt.Sprintf("over the year there is no trend (longest run %d of at most %d by chance, %d crossings of at least %d)", c.Longest, c.MaxRun, c.Crossings, c.MinCross)
	default:
		return fmt.Sprintf("over the year there is a shift that chance does not explain (longest run %d of at most %d by chance, %d crossings of at least %d)", c.Longest, c.MaxRun, c.Crossings, c.MinCross)
	}
}

// whatRecurs is the third: the top problem and what is done about it.
func (r *Report) whatRecurs() string {
	if len(r.Problems) == 0 {
		s := "No recurring problem came again"
		if len(r.Top) > 0 {
			s += fmt.Sprintf("; the costliest incident was “%s”", r.Top[0].Title)
		}
		return s + "."
	}
	p := r.Problems[0]
	return fmt.Sprintf("The problem that came most is “%s”, in %s this month and %d in all: %s.",
		p.Title, plural(int(p.Incidents), "incident", "incidents"), p.InAll, p.Doing())
}

// Doing says what is being done about a problem.
func (p Problem) Doing() string {
	owner := "nobody owns it"
	if p.Owner != "" {
		owner = p.Owner + " owns it"
	}
	switch p.Status {
	case "solved":
		by := ""
		if p.SolvedBy != "" {
			by = " by " + p.SolvedBy
		}
		return owner + "; declared fixed" + by + on(p.Solved)
	case "returned":
		return owner + "; it was declared fixed" + on(p.Solved) + " and came back" + on(p.Back)
	default:
		return owner + "; known since" + on(p.Flagged) + ", no fix declared"
	}
}

func on(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " " + t.UTC().Format("2 January 2006")
}

func (r *Report) excluded() []string {
	m := r.now()
	out := []string{
		"What is inside a main incident is counted with it, not beside it.",
		fmt.Sprintf("Imported history: %s of this month. It has no time to detect and no cost.", plural(int(m.Imported), "incident", "incidents")),
		fmt.Sprintf("Not resolved at the snapshot: %s. Their time to resolve is not among the others.", plural(int(m.Unresolved), "incident", "incidents")),
		"Signals that announced maintenance suppressed made no incident; see the decisions below.",
	}
	if len(r.known()) < len(r.Months) && len(r.known()) > 1 {
		out = append(out, fmt.Sprintf("Months before %s were not watched whole: they are compared with nothing.", r.known()[0].Month.Format("January 2006")))
	}
	if !r.over() {
		out = append(out, "The month is not over: counts are compared by the day, and the run chart leaves it out.")
	}
	if n := len(m.Costs); n > 1 {
		out = append(out, fmt.Sprintf("Costs are in %d currencies, which are never added up.", n))
	}
	return append(out, "With 50 to 300 incidents a month a change of 10 % in a median time cannot be told from noise: look at the intervals.")
}
