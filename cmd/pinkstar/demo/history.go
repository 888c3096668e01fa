package demo

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// pastEvent is one delivery of the year before: what was posted, and when it
// came in.
type pastEvent struct {
	At      time.Time
	Source  string // alertmanager, jira
	Payload json.RawMessage
}

// historyDays is how far back the generated history reaches, and quietHours how
// long before the story it ends, so that nothing of it is still open then.
const (
	historyDays = 365
	quietHours  = 30
	historySeed = 1977
)

// History generates the station's year up to end: what its monitoring and its
// trackers would have sent. The same end gives the same bytes.
//
// Three things are in it: the core, unstable on no schedule, patched each time
// and never fixed; two jobs that alarm by the clock and hurt nobody; and the
// ordinary incidents of a place with many services, each its own.
func History(end time.Time) []pastEvent {
	h := &history{start: HistoryStart(end), end: end.Add(-quietHours * time.Hour)}
	for i, part := range []func(){h.core, h.byTheClock, h.ordinary} {
		// Its own numbers for each part: which weekday the year begins on
		// must not change the others.
		h.rng = rand.New(rand.NewPCG(historySeed, uint64(i)))
		part()
	}
	slices.SortStableFunc(h.events, func(a, b pastEvent) int { return a.At.Compare(b.At) })
	return h.events
}

// HistoryStart is the midnight (UTC) at which the generated year begins.
func HistoryStart(end time.Time) time.Time {
	return end.UTC().Add(-historyDays * 24 * time.Hour).Truncate(24 * time.Hour)
}

type history struct {
	rng        *rand.Rand
	start, end time.Time
	events     []pastEvent
	tickets    int
}

func (h *history) post(at time.Time, source string, payload json.RawMessage) {
	if at.Before(h.end) {
		h.events = append(h.events, pastEvent{At: at, Source: source, Payload: payload})
	}
}

// fire sends an alert's beginning and its end, each as its own webhook. An
// alert whose end would fall into the quiet hours never begins, so that nothing
// stays open.
func (h *history) fire(a alert, lasts time.Duration) {
	end := a.Start.Add(lasts)
	if !end.Add(time.Minute).Before(h.end) {
		return
	}
	h.post(a.Start.Add(h.seconds(5, 30)), "alertmanager", alertmanagerWebhook(a))
	a.End = end
	h.post(end.Add(h.seconds(5, 30)), "alertmanager", alertmanagerWebhook(a))
}

// write opens a ticket and closes it after some time.
func (h *history) write(t ticket, closedAfter time.Duration) {
	if !t.Created.Add(closedAfter).Before(h.end) {
		return
	}
	t.Updated = t.Created
	h.post(t.Created.Add(h.seconds(1, 3)), "jira", jiraWebhook(t))
	t.Closed, t.Updated = true, t.Created.Add(closedAfter)
	h.post(t.Updated.Add(h.seconds(1, 3)), "jira", jiraWebhook(t))
}

func (h *history) seconds(lo, hi int) time.Duration {
	return time.Duration(lo+h.rng.IntN(hi-lo+1)) * time.Second
}

func (h *history) minutes(lo, hi int) time.Duration {
	return time.Duration(lo+h.rng.IntN(hi-lo+1))*time.Minute + h.seconds(0, 59)
}

func (h *history) ticketKey(project string) string {
	h.tickets++
	return fmt.Sprintf("%s-%d", project, 100+h.tickets)
}

// patches is what was written into the tickets of the core's incidents. None
// of them is a fix.
var patches = []string{
	"Coolant valve 7 re-seated, temperature back to normal.",
	"Control rods re-calibrated, watching.",
	"Restarted the field regulator, went away.",
	"Coolant valve 7 re-seated again.",
	"Raised the alarm threshold by 2 degrees until somebody has time.",
	"Regulator restarted by the night shift. No root cause yet.",
}

// core is the latent fault: every few weeks at first, every week or so in the
// last months, at any hour, one ring or another, with or without its effects
// on what hangs on it.
func (h *history) core() {
	gap := 34.0 // days, on average, at the beginning
	n := 0
	for t := h.start.Add(12 * 24 * time.Hour); t.Before(h.end.Add(-24 * time.Hour)); n++ {
		h.coreIncident(t, n)
		days := gap * (0.55 + 0.9*h.rng.Float64())
		t = t.Add(time.Duration(days * 24 * float64(time.Hour)))
		if gap > 9 {
			gap *= 0.88
		}
	}
}

func (h *history) coreIncident(t time.Time, n int) {
	ring := fmt.Sprintf("core-ring-%d", 1+h.rng.IntN(4))
	lasts := h.minutes(18, 55)
	h.fire(alert{Name: "CoreTemperatureHigh", Service: "core", Severity: "critical", Instance: ring,
		Team: "reactor", Summary: "core temperature above 1,400 K", Start: t}, lasts)
	h.fire(alert{Name: "CoreFieldUnstable", Service: "core", Severity: "major", Instance: ring,
		Team: "reactor", Summary: "containment field oscillates", Start: t.Add(h.seconds(20, 90))}, lasts-4*time.Minute)
	if h.rng.IntN(10) < 8 {
		h.fire(alert{Name: "PowerOutputUnstable", Service: "power-grid", Severity: "major",
			Team: "energy", Summary: "output swings by more than 10 %", Start: t.Add(h.seconds(60, 180))}, lasts-6*time.Minute)
	}
	if h.rng.IntN(10) < 4 {
		h.fire(alert{Name: "LifeSupportOnBattery", Service: "life-support", Severity: "warning",
			Team: "habitat", Summary: "running on battery", Start: t.Add(h.seconds(150, 300))}, lasts-8*time.Minute)
	}
	h.write(ticket{Key: h.ticketKey("CORE"), Title: "core unstable again", Service: "core",
		Text: patches[n%len(patches)], Reporter: "night shift", Created: t.Add(h.minutes(6, 12))}, lasts)
}

// byTheClock is the decoys: regular as a timetable, so a recurring pattern, and
// no problem of anybody's.
func (h *history) byTheClock() {
	for day := h.start; day.Before(h.end); day = day.Add(24 * time.Hour) {
		h.fire(alert{Name: "ReportQueueLong", Service: "guest-reports", Severity: "warning", Team: "commerce",
			Summary: "nightly reports fill the queue", Start: day.Add(2*time.Hour + 10*time.Minute + h.seconds(0, 40))},
			h.minutes(14, 19))
		if day.Weekday() == time.Sunday {
			start, lasts := day.Add(4*time.Hour+h.seconds(0, 60)), h.minutes(35, 44)
			h.fire(alert{Name: "HullSurveyLoad", Service: "hull-survey", Severity: "warning", Team: "habitat",
				Summary: "weekly hull survey uses all processors", Start: start}, lasts)
			h.fire(alert{Name: "HullSurveyQueueLong", Service: "hull-survey", Severity: "warning", Team: "habitat",
				Summary: "pictures of the hull wait", Start: start.Add(h.seconds(20, 60))}, lasts-5*time.Minute)
		}
	}
}

// station's ordinary troubles: the service, its team, and what can go wrong.
var troubles = []struct {
	service, team string
	names         []string
}{
	{"booking", "commerce", []string{"BookingErrors", "BookingSlow", "SeatMapStale", "BookingQueueLong", "PriceFeedOld"}},
	{"payment", "commerce", []string{"PaymentDeclinesHigh", "PaymentSlow", "CardGatewayDown", "LedgerLag"}},
	{"guest-portal", "commerce", []string{"PortalErrors", "PortalSlow", "LoginFailuresHigh", "CertificateExpiresSoon"}},
	{"life-support", "habitat", []string{"CarbonDioxideHigh", "FilterClogged", "HumidityHigh", "AirlockSensorSilent"}},
	{"hangar", "flight-deck", []string{"TractorBeamWeak", "DoorSlow", "FuelPressureLow", "DockingQueueLong"}},
	{"perimeter-sensors", "defence", []string{"SensorNoiseHigh", "SensorDriftLarge", "ScanLate"}},
	{"turret-control", "defence", []string{"TurretCalibrationOld", "AmmunitionLow", "TurretMotorHot"}},
	{"defence-dashboard", "defence", []string{"DashboardSlow", "MapTilesMissing", "FeedLate"}},
	{"shield-generator", "shield", []string{"EmitterDrift", "ShieldHarmonicsOff", "CoolingFlowLow"}},
	{"waste-recycling", "habitat", []string{"CompactorJammed", "TankFull", "PumpVibration"}},
	{"restaurant", "guest-services", []string{"OvenOffline", "OrderPrinterSilent", "ColdStoreWarm"}},
	{"spa", "guest-services", []string{"PoolTemperatureLow", "SteamPressureLow"}},
}

// trouble is one thing that can go wrong.
type trouble struct{ service, team, name string }

// ordinary is the noise of a normal year: one to three alerts each, on one
// service, most of them with nobody writing a ticket. Each has its turn before
// one comes again, so that nothing among them recurs for a reason.
func (h *history) ordinary() {
	var deck []trouble
	for t := h.start.Add(h.minutes(60, 600)); t.Before(h.end); {
		if len(deck) == 0 {
			deck = h.shuffled()
		}
		h.ordinaryIncident(t, deck[0])
		deck = deck[1:]
		t = t.Add(time.Duration(h.rng.ExpFloat64()*48*float64(time.Hour)) + h.minutes(20, 40))
	}
}

func (h *history) shuffled() []trouble {
	var deck []trouble
	for _, tr := range troubles {
		for _, name := range tr.names {
			deck = append(deck, trouble{tr.service, tr.team, name})
		}
	}
	h.rng.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
	return deck
}

func (h *history) ordinaryIncident(t time.Time, tr trouble) {
	lasts := h.minutes(6, 80)
	severity := []string{"warning", "warning", "major", "critical"}[h.rng.IntN(4)]
	for i := range 1 + h.rng.IntN(3) {
		instance := fmt.Sprintf("%s-%d", tr.service, i+1)
		h.fire(alert{Name: tr.name, Service: tr.service, Severity: severity, Instance: instance, Team: tr.team,
			Summary: tr.name + " on " + instance, Start: t.Add(time.Duration(i) * h.seconds(5, 50))}, lasts)
	}
	if h.rng.IntN(4) == 0 {
		h.write(ticket{Key: h.ticketKey("OPS"), Title: fmt.Sprintf("%s: %s", tr.service, tr.name), Service: tr.service,
			Text: "Seen by the shift, looked into.", Reporter: "operations", Created: t.Add(h.minutes(3, 9))}, lasts+20*time.Minute)
	}
}

// record wraps the event for the alerts topic: the payload as it was posted,
// and when, which becomes the record's timestamp and so the log's time.
func (e pastEvent) record() []byte {
	return mustJSON(map[string]any{"source": e.Source, "received_at": rfc3339(e.At), "payload": e.Payload})
}
