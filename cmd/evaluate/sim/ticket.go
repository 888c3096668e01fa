package sim

import (
	"fmt"
	"strings"

	"pinkstar/schemas"
)

// tickets lets people write down what they see: often a service that suffers
// rather than the one that is ill, often loosely, sometimes nothing of use.
// Others write at the same time about something else.
func (g *generator) tickets(d dice) {
	n := 1000
	for i := range g.Faults {
		f := &g.Faults[i]
		if f.Seasonal || len(g.plans[i].order) == 0 || !d.chance(g.Params.Tickets) {
			continue
		}
		for range 1 + d.IntN(2)*d.IntN(2) {
			n++
			at := f.Start.Add(schemas.Minute + d.span(6*schemas.Minute, 0.7))
			seen := g.plans[i].order[d.IntN(len(g.plans[i].order))].service
			title, text := g.words(seen, d)
			g.ticket(n, seen, at, title, text, Labelled{Fault: f.ID, Root: f.Root}, f.End, d)
		}
	}
	for at := g.Params.Start; ; {
		at = at.Add(d.wait(float64(2 * schemas.Hour)))
		if at >= g.Params.Start.Add(g.Params.Duration) {
			return
		}
		n++
		svc := d.IntN(len(g.estate.services))
		s := strings.ReplaceAll(g.estate.services[svc].name, "-", " ")
		title := d.pick("Password reset for a new colleague", "Invoice layout looks odd on paper",
			"Please add a dark theme to "+s, "Question about the "+s+" documentation", "Access to the "+s+" dashboard")
		g.ticket(n, svc, at, title, "", Labelled{Noise: fmt.Sprintf("ticket-%d", n)}, at.Add(6*schemas.Hour), d)
	}
}

// words is how a person describes that a service suffers.
func (g *generator) words(svc int, d dice) (title, text string) {
	s := g.estate.services[svc]
	loose := strings.ReplaceAll(s.name, "-", " ")
	in := g.estate.instances[s.instances[d.IntN(len(s.instances))]].name
	switch roll := d.Float64(); {
	case roll < 0.35:
		return fmt.Sprintf("%s is failing", s.name), "Since a few minutes. Errors in the dashboard."
	case roll < 0.45:
		return fmt.Sprintf("Trouble with %ss", s.family), "Customers are calling."
	case roll < 0.6:
		return fmt.Sprintf("Problems with the %s", loose), "Several customers cannot get through."
	case roll < 0.75:
		return "Errors after a restart", fmt.Sprintf("I see %s restarting again and again.", in)
	case roll < 0.85:
		return "Error 500", fmt.Sprintf("The %s team says that %s does not answer.", s.team, s.name)
	default:
		return d.pick("Customers report that the site is slow", "Something is wrong again", "Many calls at the service desk"), ""
	}
}

func (g *generator) ticket(n, svc int, at schemas.Time, title, text string, lab Labelled, end schemas.Time, d dice) {
	key := fmt.Sprintf("OPS-%d", n)
	lab.Signal = schemas.Signal{
		Kind: schemas.KindTicket, Source: "jira", Status: schemas.StatusOpen, Fingerprint: key, Name: key,
		Summary: title, Description: text, StartsAt: at, Occurrence: "1",
		Ticket: &schemas.Ticket{Key: key, Project: "OPS", Type: "Incident", State: "Open", Reporter: "someone"},
	}
	if d.chance(0.25) {
		lab.Service = g.estate.services[svc].name
	}
	g.add(event{at: at, lab: lab})
	if d.chance(0.4) {
		g.ticketState(lab, at.Add(d.span(5*schemas.Minute, 0.5)), schemas.StatusUpdated, "In Progress", "2")
	}
	if d.chance(0.7) {
		g.ticketState(lab, max(end, at.Add(10*schemas.Minute)).Add(d.span(10*schemas.Minute, 0.5)), schemas.StatusClosed, "Done", "3")
	}
}

func (g *generator) ticketState(lab Labelled, at schemas.Time, status schemas.Status, state, occurrence string) {
	t := *lab.Ticket
	t.State = state
	lab.Ticket, lab.Status, lab.Occurrence = &t, status, occurrence
	g.add(event{at: at, lab: lab})
}
