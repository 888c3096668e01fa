package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/sinks/message"
)

// The story's own times are those of the company's report: the first alert was
// seen at 10:32. On this machine's clock that is when the demo says it is; a
// beat's At counts from there.
const (
	storyBegins = -20 * time.Minute // the first beat
	storyEnds   = 44 * time.Minute  // after the last one, with a little air
)

// delivery is one thing that somebody's system sends us.
type delivery struct {
	Path   string // webhook, for example /webhook/alertmanager
	Topic  string // or a topic, without its prefix
	Type   string // content type, for a topic
	Source string // who sends it, as the wrapped form names it
	Body   []byte
}

// signals is how many it makes.
func (d *delivery) signals() int { return max(1, strings.Count(string(d.Body), `"fingerprint":`)) }

// beat is one moment of the story: what happens in the world, what the systems
// there send because of it, what the people order, and which of Pinkstar's
// answers is shown.
type beat struct {
	At     time.Duration
	Text   string
	Sends  []delivery
	Orders []schemas.Command // for the main incident, through the API
	Press  string            // the button that the manager presses in Slack below the main incident's message, before
	Look   look
}

// look names what is read back from the running system after a beat, checked,
// and shown.
type look int

const (
	lookNothing   look = iota
	lookAnnounced      // the maintenance is known
	lookExpected       // an alert that the window expects is suppressed
	lookOpened         // an incident exists, with its procedure
	lookRepeats        // the repeated delivery was counted, not doubled
	lookTaken          // somebody is in charge
	lookCause          // tickets are linked; the maintenance is the candidate cause; its team is told
	lookStopped        // the maintenance is no longer in progress
	lookWhole          // one main incident with its children
	lookProblem        // the core's part is an occurrence of the known problem
	lookOver           // everything has recovered
)

// The people of the story.
const (
	director   = "Ava Lindqvist"
	manager    = "Ines Okafor"
	shieldLead = "Tomasz Brandt"
)

// shieldWorks is the maintenance nobody announced in the report.
const shieldWorks = "shield-works-2217@pinkstar.example"

// storyOf returns the beats of an attack whose first alert is at t0.
func storyOf(t0 time.Time) []beat {
	m := func(minute, second int) time.Time {
		return t0.Add(time.Duration(minute)*time.Minute + time.Duration(second)*time.Second)
	}
	w := world{m}
	return slices.Concat(w.approach(), w.turrets(), w.inside(), w.recovery())
}

// world builds what its systems send. at gives a time by minute and second
// since the first alert.
type world struct {
	at func(minute, second int) time.Time
}

func amWebhook(alerts ...alert) delivery {
	return delivery{Path: "/webhook/alertmanager", Source: "alertmanager", Body: alertmanagerWebhook(alerts...)}
}

func jira(t ticket) delivery {
	return delivery{Path: "/webhook/jira", Source: "jira", Body: jiraWebhook(t)}
}

func (w world) starfighters() alert {
	return alert{Name: "UnknownStarfightersApproaching", Service: "defence-dashboard", Severity: "critical", Team: "defence",
		Summary: "unknown starfighters approaching: threshold 2, seen 35", Start: w.at(0, 0)}
}

// emitter is what the Shield Team's window expects.
func (w world) emitter() alert {
	return alert{Name: "EmitterOffline", Service: "shield-generator", Severity: "warning", Team: "shield",
		Instance: "emitter-south", Summary: "emitter is offline", Start: w.at(-15, -10)}
}

func (w world) inRange() alert {
	return alert{Name: "StarfightersInRange", Service: "defence-dashboard", Severity: "critical", Team: "defence",
		Summary: "starfighters within range of the turrets: threshold 0, seen 35", Start: w.at(4, 30)}
}

func (w world) insidePerimeter() alert {
	return alert{Name: "StarfightersInsidePerimeter", Service: "defence-dashboard", Severity: "critical", Team: "defence",
		Summary: "starfighters inside the perimeter: threshold 0, seen 3", Start: w.at(22, 40)}
}

func (w world) approach() []beat {
	seen := amWebhook(w.starfighters())
	return []beat{{
		At: storyBegins,
		Text: "The Shield Team takes the force field down for extraordinary maintenance. In the report nobody " +
			"had announced it; here its calendar entry goes onto the changes topic like any other event.",
		Sends: []delivery{{Topic: schemas.TopicChanges, Type: "text/calendar", Source: "ical", Body: w.calendar("CONFIRMED", -21)}},
		Look:  lookAnnounced,
	}, {
		At:    -15 * time.Minute,
		Text:  "The first emitter goes offline, as the announcement says it will.",
		Sends: []delivery{amWebhook(w.emitter())}, Look: lookExpected,
	}, {
		At: 0,
		Text: "(10:32 in the report) The defence dashboard raises \"unknown starfighters approaching\": " +
			"threshold 2, seen 35. Alertmanager posts its webhook.",
		Sends: []delivery{seen}, Look: lookOpened,
	}, {
		At:    30 * time.Second,
		Text:  "The second Alertmanager of the pair posts the same alert, and both post it again.",
		Sends: []delivery{seen, seen, seen}, Look: lookRepeats,
	}, {
		At: 2 * time.Minute,
		Text: fmt.Sprintf("In the report the one director asked sat in a meeting and never answered. Here %s does not answer either, so that after a "+
			"minute %s is called, who presses Acknowledge below the message in #emergency.", director, manager),
		Press: message.SlackAcknowledge,
		Orders: []schemas.Command{
			{Action: schemas.ActionNote, By: manager, Note: "I take charge. All in #emergency, please."},
		},
		Look: lookTaken,
	}}
}

func (w world) turret(n int) alert {
	return alert{Name: "TurretNotResponding", Service: "turret-control", Severity: "critical", Team: "defence",
		Instance: fmt.Sprintf("turret-%d", n), Summary: fmt.Sprintf("turret %d does not answer", n), Start: w.at(3, 10)}
}

func (w world) field() alert {
	return alert{Name: "ShieldStrengthLow", Service: "shield-generator", Severity: "critical", Team: "shield",
		Instance: "emitter-north", Summary: "force field at 4 % of its strength", Start: w.at(3, 30)}
}

func (w world) turretTicket(key, title, text string, minute int) ticket {
	return ticket{Key: key, Title: title, Text: text, Service: "turret-control", Reporter: "gun deck",
		Created: w.at(minute, 0), Updated: w.at(minute, 0)}
}

func (w world) turrets() []beat {
	return []beat{{
		At:   4 * time.Minute,
		Text: "The first turrets are hit. Their monitoring says so to Alertmanager ...",
		Sends: []delivery{
			amWebhook(w.turret(3), w.turret(7)),
			amWebhook(w.field()),
		},
	}, {
		At:    4*time.Minute + 40*time.Second,
		Text:  "... and the dashboard counts 35 in range of the turrets ...",
		Sends: []delivery{amWebhook(w.inRange())},
	}, {
		At: 6 * time.Minute,
		Text: "... and the gun deck writes one Jira ticket for each, in its own project, where in the report no " +
			"other team ever saw them.",
		Sends: []delivery{
			jira(w.turretTicket("TUR-311", "Turret 3 hit, does not turn", "turret-3 took a direct hit. Needs a new motor.", 5)),
			jira(w.turretTicket("TUR-312", "Turret 7 damaged", "turret-7: barrel gone. turret-control shows it offline.", 6)),
		},
		Look: lookCause,
	}, {
		At: 13 * time.Minute,
		Text: fmt.Sprintf("The Shield Team learns of the attack while there is time, and stops: %s brings the emitter back, cancels the window "+
			"and rolls back. The field needs ten minutes to build up.", shieldLead),
		Sends: []delivery{
			w.ended(12, w.emitter()),
			{Topic: schemas.TopicChanges, Type: "text/calendar", Source: "ical", Body: w.calendar("CANCELLED", 13)},
			{Path: "/webhook/cloudevents", Source: "cloudevents", Body: w.rollback(13)},
		},
		Look: lookStopped,
	}}
}

func (w world) coreAlert(name, severity, summary string, second int) alert {
	return alert{Name: name, Service: "core", Severity: severity, Team: "reactor", Instance: "core-ring-2",
		Summary: summary, Start: w.at(22, second)}
}

func (w world) lifeSupport() alert {
	return alert{Name: "LifeSupportOnBattery", Service: "life-support", Severity: "major", Team: "habitat",
		Summary: "running on battery", Start: w.at(24, 0)}
}

func (w world) power() alert {
	return alert{Name: "PowerOutputUnstable", Service: "power-grid", Severity: "major", Team: "energy",
		Summary: "output swings by more than 10 %", Start: w.at(23, 0)}
}

func (w world) intruders() alert {
	return alert{Name: "IntrudersInside", Service: "hangar", Severity: "critical", Team: "flight-deck",
		Instance: "bay-2", Summary: "unknown craft in the bay: threshold 0, seen 3", Start: w.at(21, 0)}
}

func (w world) cancellations() alert {
	return alert{Name: "BookingCancellationsHigh", Service: "booking", Severity: "critical", Team: "commerce",
		Summary: "guests cancel: 40 times the usual rate", Start: w.at(25, 0)}
}

func (w world) inside() []beat {
	return []beat{{
		At:    21*time.Minute + 10*time.Second,
		Text:  "(10:53) Three fighters are inside before the field is back.",
		Sends: []delivery{amWebhook(w.intruders())},
	}, {
		At:   22*time.Minute + 20*time.Second,
		Text: "One beam hits the core, and the core swings as it has all year.",
		Sends: []delivery{
			amWebhook(w.coreAlert("CoreTemperatureHigh", "critical", "core temperature above 1,400 K", 0)),
			amWebhook(w.coreAlert("CoreFieldUnstable", "major", "containment field oscillates", 10)),
		},
	}, {
		At:    22*time.Minute + 50*time.Second,
		Text:  "The dashboard sees them too.",
		Sends: []delivery{amWebhook(w.insidePerimeter())},
	}, {
		At:   25*time.Minute + 10*time.Second,
		Text: "Power swings with it, life support falls back to its batteries, and guests begin to cancel.",
		Sends: []delivery{
			amWebhook(w.power()), amWebhook(w.lifeSupport()), amWebhook(w.cancellations()),
			jira(ticket{Key: "CORE-900", Title: "core unstable again", Service: "core", Reporter: "reactor watch",
				Text: "core-ring-2 swings after the hit.", Created: w.at(25, 0), Updated: w.at(25, 0)}),
		},
		Look: lookWhole,
	}, {
		At: 27 * time.Minute,
		Text: "In the report the core blew up here. In ours its instability has been a named problem for months, " +
			"so the reactor watch knows what it looks at, throttles the core, and there is no chain reaction.",
		Orders: []schemas.Command{{Action: schemas.ActionNote, By: manager,
			Note: "Reactor watch throttles the core to 20 %: known problem, do not restart the regulator."}},
		Look: lookProblem,
	}}
}

// ended returns the alerts as resolved at the minute.
func (w world) ended(minute int, alerts ...alert) delivery {
	for i := range alerts {
		alerts[i].End = w.at(minute, 0)
	}
	return amWebhook(alerts...)
}

func (w world) recovery() []beat {
	closed := func(t ticket, minute int) ticket {
		t.Closed, t.Updated = true, w.at(minute, 0)
		return t
	}
	return []beat{{
		At:   31 * time.Minute,
		Text: "The field stands again, the core is calm, the three fighters are caught in the hangar.",
		Sends: []delivery{
			w.ended(24, w.field()),
			w.ended(30, w.coreAlert("CoreTemperatureHigh", "critical", "core temperature above 1,400 K", 0)),
			w.ended(30, w.coreAlert("CoreFieldUnstable", "major", "containment field oscillates", 10)),
			w.ended(30, w.power()), w.ended(31, w.lifeSupport()), w.ended(31, w.intruders()),
		},
	}, {
		At:   36 * time.Minute,
		Text: "The other fighters turn away. Turrets and bookings recover; the tickets are closed.",
		Sends: []delivery{
			w.ended(35, w.turret(3), w.turret(7)),
			w.ended(36, w.starfighters(), w.inRange(), w.insidePerimeter()), w.ended(36, w.cancellations()),
			jira(closed(w.turretTicket("TUR-311", "Turret 3 hit, does not turn", "Motor replaced.", 5), 36)),
			jira(closed(w.turretTicket("TUR-312", "Turret 7 damaged", "Barrel replaced.", 6), 36)),
		},
	}, {
		At:   36*time.Minute + 30*time.Second,
		Text: fmt.Sprintf("%s ends the incident. Nobody was lost.", manager),
		Orders: []schemas.Command{{Action: schemas.ActionResolve, By: manager,
			Note: "Attack over, field up, core throttled. Post-mortem tomorrow; the core gets its fix."}},
		Look: lookOver,
	}}
}

// calendar is the Shield Team's calendar entry as iCalendar (RFC 5545).
func (w world) calendar(status string, stampMinute int) []byte {
	const layout = "20060102T150405Z"
	sequence := 0
	if status == "CANCELLED" {
		sequence = 1
	}
	return []byte(strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Pink Star//Shield Team//EN",
		"BEGIN:VEVENT", "UID:" + shieldWorks,
		"DTSTAMP:" + w.at(stampMinute, 0).UTC().Format(layout),
		"DTSTART:" + w.at(-20, 0).UTC().Format(layout),
		"DTEND:" + w.at(160, 0).UTC().Format(layout),
		"SUMMARY:Extraordinary maintenance of the force field",
		"DESCRIPTION:Emitters are taken down one by one.",
		"CATEGORIES:shield-generator", "X-PINKSTAR-TEAM:shield",
		"X-PINKSTAR-SUPPRESS:TRUE", `X-PINKSTAR-MATCHERS:alertname="EmitterOffline"`,
		"ORGANIZER;CN=Shield Team:mailto:shield-team@pinkstar.example",
		"CONTACT:#shield-team",
		"STATUS:" + status, fmt.Sprintf("SEQUENCE:%d", sequence),
		"END:VEVENT", "END:VCALENDAR", "",
	}, "\r\n"))
}

// rollback is the deployment tool's CDEvent, as a structured CloudEvent.
func (w world) rollback(minute int) []byte {
	at := w.at(minute, 30)
	const kind = "dev.cdevents.service.rolledback.0.2.0"
	return mustJSON(map[string]any{
		"specversion": "1.0", "id": "rollback-2217", "source": "/shield-team/deployer", "type": kind,
		"time": rfc3339(at), "datacontenttype": "application/json",
		"data": map[string]any{
			"context": map[string]any{"version": "0.4.1", "id": "rollback-2217", "source": "/shield-team/deployer",
				"type": kind, "timestamp": rfc3339(at)},
			"subject": map[string]any{"id": "shield-generator", "source": "/shield-team/deployer", "type": "service",
				"content": map[string]any{"environment": map[string]any{"id": "production"},
					"artifactId": "pkg:generic/shield-firmware@41.7"}},
		},
	})
}
