package cause

import (
	"pinkstar/correlate/internal/odds"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// What is assumed of changes and of what they break. The figures are round. They were
// chosen by hand, after a likelihood fit, on seeds 51 to 56 of the simulated worlds, where
// changes come at 140 a day, so that what is said holds on others (cmd/evaluate, the
// table of causes).
const (
	// changePrior is the log-odds, in thousandths, that something known was changed
	// is why things fail, before anything is known of when: two to five. Most of
	// what raises one alert or two is none of anybody's doing.
	changePrior = -916
	// worksBreak is how much likelier that is of announced work: what is announced is
	// feared to break something.
	worksBreak  = 1000
	priorFew    = 1500 // less for each alert below three
	priorAlerts = 3
	// leadScale is the scale s of the time t from a change to the first alert of what
	// it breaks. It is taken to have the density 2.5/s (1 + t/s)^-3.5: half begin within
	// 4 minutes, one in ten after 18. What has worked for hours mostly breaks for
	// another reason.
	leadScale = 12 * schemas.Minute
	// early is what is lost where the alerts begin before the change: clocks differ,
	// and a change is told of when it is done.
	early = 1600
	// undone is what it says for a change that somebody took it back.
	undone = 1200
	// usuallyChanged and usuallyMaintained are how often a service is, where nothing
	// is known.
	usuallyChanged    = 1 * schemas.Day
	usuallyMaintained = 7 * schemas.Day
	// windowShortest bounds how dangerous a moment of a short window is; windowOpen
	// is how long one without an end is taken to be.
	windowShortest = 10 * schemas.Minute
	windowOpen     = 1 * schemas.Hour
	leadLongest    = 10 * schemas.Day
)

// chance is the log-odds, in thousandths, that the change c caused what began at
// onset on or below its service, against nothing that is known having done it:
//
//	prior + ln(density of the time from a change to what it breaks x time between changes there)
//
// so the rate at which changes come to the service anyway is what the moment is
// weighed against.
//
// alerts is how many the incident has.
func chance(st *state.State, sc *state.Scope, c *schemas.Candidate, onset schemas.Time, alerts int) int64 {
	routine, usually := &sc.Deployed, usuallyChanged
	if c.Kind == schemas.KindMaintenance {
		routine, usually = &sc.Maintained, usuallyMaintained
	}
	every := routine.Every(c.Service, len(st.Topology.Nodes), usually, st.Now)
	lead := onset.Sub(c.StartedAt)
	after := min(max(lead, -lead), leadLongest)
	prior := int64(changePrior - priorFew*max(0, priorAlerts-max(alerts, 1)))
	if c.Kind == schemas.KindMaintenance {
		prior += worksBreak
	}
	x := prior + 5*odds.Ln(leadScale, leadScale+after)/2 + odds.Ln(5*every/2, leadScale+after)
	if lead < 0 {
		x -= early
	}
	if c.Status == schemas.StatusCancelled {
		x += undone
	}
	if c.Kind == schemas.KindMaintenance {
		x = windowChance(c, onset, x, prior+odds.Ln(every, max(windowLength(c), windowShortest)))
	}
	return x
}

// windowChance is the same of work that goes on for a while: half of what it
// breaks, it breaks when it begins, the rest at any moment of it.
func windowChance(c *schemas.Candidate, onset schemas.Time, begins, anyMoment int64) int64 {
	sum := odds.Exp(begins)
	if d := onset.Sub(c.StartedAt); d >= 0 && d <= windowLength(c) {
		sum += odds.Exp(anyMoment)
	}
	return odds.Ln(sum, 2000)
}

func windowLength(c *schemas.Candidate) int64 {
	if c.EndsAt > c.StartedAt {
		return c.EndsAt.Sub(c.StartedAt)
	}
	return windowOpen
}
