package correlate

import (
	"strconv"

	"pinkstar/schemas"
)

type evidenceKind uint8

const (
	evRule evidenceKind = iota + 1
	evRuleMissing
	evSameService
	evSameInstance
	evSameHost
	evHostOf
	evDependsOn
	evCalledBy
	evShared
	evSharedCaller
	evAlike
	evNamespace
	evLearnt
	evMention
	evMentionKey
	evSameAlert
	evStorm
	evOperator
	evMaintenance
	evTogether
	// From here on: what can only support.
	evTime
	evOnset
	evFiring
	evIdle
	evAge
	evSize
	evSpread
	evActive
	evPace
	evBusy
	evTemplate
	evChange
	evRefire
	evEvents
	// Of two incidents.
	evBegun
	evTied
	evShare
	evSmaller
	evPaceSmaller
)

var evidenceNames = [...]string{"", "rule", "rule", "same_service", "same_instance", "same_host", "host_of_service",
	"depends_on", "depends_on", "shared_dependency", "shared_dependency", "alike", "namespace", "learnt", "mention", "mention",
	"same_alert", "storm", "operator", "maintenance", "together",
	"time", "onset", "firing", "idle", "age", "size", "spread", "active", "pace", "background", "template", "change",
	"refire", "events", "begun", "tied", "tied", "size", "pace"}

// evidence is one reason in a compact form; its sentence is made when it is
// written.
type evidence struct {
	other    string
	extra    string
	points   int64
	gap      int64 // milliseconds
	n        int32
	kind     evidenceKind
	hops     uint8
	reversed bool
}

// supportOnly reports whether the kind can never link by itself.
func (k evidenceKind) supportOnly() bool {
	return k >= evTime || k == evRuleMissing
}

func renderEvidence(evs []evidence, service string) []schemas.Evidence {
	if len(evs) == 0 {
		return nil
	}
	out := make([]schemas.Evidence, len(evs))
	for i := range evs {
		ev := &evs[i]
		out[i] = schemas.Evidence{Kind: evidenceNames[ev.kind], Points: ev.points, Detail: ev.detail(service)}
	}
	return out
}

func (ev *evidence) detail(service string) string {
	service = orThis(service)
	switch ev.kind {
	case evRule:
		return "rule " + ev.other + " groups it with " + plural(int64(ev.n), "earlier signal")
	case evRuleMissing:
		return "rule " + ev.other + " matches but the label " + ev.extra + " is missing: not grouped by it"
	case evSameService:
		return "the incident already affects " + ev.other
	case evSameInstance:
		return "the incident already affects the instance " + ev.other
	case evSameHost:
		return "the incident already has alerts on the host " + ev.other
	case evHostOf:
		return ev.other + " runs on a host that is involved"
	case evDependsOn:
		return service + " depends on " + ev.other + hopsText(ev.hops) + orderText(ev.reversed, "which was affected first", "which was affected only later")
	case evCalledBy:
		return ev.other + " depends on " + service + hopsText(ev.hops) + orderText(ev.reversed, "and was affected after it", "but was affected before it")
	case evShared:
		return service + " and " + ev.other + " depend on the same service"
	case evTime:
		return spanText(ev.gap) + " between the starts"
	case evOnset:
		if ev.other == "" {
			return spanText(ev.gap) + " between the first alerts"
		}
		if ev.gap < 0 {
			return spanText(ev.gap) + " before " + ev.other + " was first affected"
		}
		return spanText(ev.gap) + " after " + ev.other + " was first affected"
	case evFiring:
		if ev.n == 0 {
			return "no alert fires on " + ev.other + " any more"
		}
		return plural(int64(ev.n), "alert") + " still firing on " + ev.other
	case evIdle:
		if ev.gap < 0 {
			return spanText(ev.gap) + " before the incident's latest start"
		}
		return spanText(ev.gap) + " after the incident's latest start"
	case evAge:
		if ev.gap < 0 {
			return "it began " + spanText(ev.gap) + " before the incident"
		}
		return "the incident was " + spanText(ev.gap) + " old"
	case evSize:
		return "the incident has " + plural(int64(ev.n), "alert") + " so far"
	case evSpread:
		return "it affects " + plural(int64(ev.n), "service") + " so far"
	case evActive:
		return plural(int64(ev.n), "alert") + " of it still firing"
	case evPace:
		return "signals are joining it just now (" + milli(int64(ev.n)) + " within the last half-minutes)"
	case evBusy:
		return "other incidents open just now (" + milli(int64(ev.n)) + " of late)"
	case evNamespace:
		return "the incident has alerts that name only the namespace " + ev.other
	case evBegun:
		return "the two began " + spanText(ev.gap) + " apart"
	case evTied:
		return plural(int64(ev.n), "service") + " of the smaller one next to services of the other"
	case evShare:
		return "that is " + itoa(int64(ev.n)) + " % of its services"
	case evSmaller:
		return "the smaller one has " + plural(int64(ev.n), "alert")
	case evPaceSmaller:
		return "signals are joining the smaller one just now (" + milli(int64(ev.n)) + " within the last half-minutes)"
	case evEvents:
		return "no alert here ever recovered: they are events, which say less each"
	case evTogether:
		return "they began together, and little else was going on"
	case evAlike:
		return service + " and " + ev.other + " are named alike"
	case evRefire:
		return "the same alert is still firing there: a second start is rather another happening"
	case evStorm:
		return "it came in the middle of a storm of alerts"
	case evSharedCaller:
		return "one service depends on both " + service + " and " + ev.other
	case evTemplate:
		return "the alert " + ev.other + " fires elsewhere in the incident too"
	case evLearnt:
		return "has often come together with " + ev.other
	case evMention:
		return "names " + ev.other + ", which the incident affects"
	case evMentionKey:
		return "names " + ev.other
	case evChange:
		return "the incident's candidate cause, " + ev.other + ", is on the same service"
	case evMaintenance:
		return "the maintenance " + ev.other + " is in progress on " + ev.extra + " and may explain both"
	case evOperator:
		return "an operator put this alert into " + ev.other
	case evSameAlert:
		return "an earlier episode of " + ev.other + " belongs to the incident"
	}
	return ""
}

func hopsText(h uint8) string {
	if h <= 1 {
		return ", "
	}
	return " (" + strconv.Itoa(int(h)) + " hops), "
}

func orderText(reversed bool, right, wrong string) string {
	if reversed {
		return wrong
	}
	return right
}

// reason is the decision in one sentence.
func (w *why) reason(incident string) string { return w.reasonFrom(nil, incident) }

// reasonFrom is reason when the evidence has been rendered already, as told.
func (w *why) reasonFrom(told []schemas.Evidence, incident string) string {
	if w.text != "" {
		return w.text
	}
	best, when := -1, -1
	for i := range w.evidence {
		ev := &w.evidence[i]
		if ev.kind == evTime || ev.kind == evOnset {
			when = i
		} else if !ev.kind.supportOnly() && (best < 0 || ev.points > w.evidence[best].points) {
			best = i
		}
	}
	detail := func(i int) string {
		if told != nil {
			return told[i].Detail
		}
		return w.evidence[i].detail(w.service)
	}
	switch {
	case best < 0:
		return "opened " + incident
	case when < 0:
		return "joined " + incident + ": " + detail(best)
	}
	return "joined " + incident + ": " + detail(best) + "; " + detail(when)
}

func (w *why) runner() *schemas.RunnerUp {
	r := &schemas.RunnerUp{IncidentID: w.runnerUp, Score: w.runnerScore}
	switch {
	case w.runnerScore < w.threshold:
		r.Reason = "its evidence falls short of the threshold by " + itoa(w.threshold-w.runnerScore)
	case w.runnerScore < w.score:
		r.Reason = "its evidence is weaker by " + itoa(w.score-w.runnerScore)
	default:
		r.Reason = "it fits as well, but is younger or may not grow"
	}
	return r
}

// milli renders thousandths with one digit after the point.
func milli(n int64) string { return itoa(n/1000) + "." + itoa(n%1000/100) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

func orThis(service string) string {
	if service == "" {
		return "this"
	}
	return service
}

func plural(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return itoa(n) + " " + noun + "s"
}

// spanText renders milliseconds for people: 0.4 s, 12 s, 3 min, 2 h 5 min.
func spanText(ms int64) string {
	if ms < 0 {
		ms = -ms
	}
	switch {
	case ms < 10*schemas.Second:
		return itoa(ms/1000) + "." + itoa(ms%1000/100) + " s"
	case ms < 2*schemas.Minute:
		return itoa(ms/1000) + " s"
	case ms < 2*schemas.Hour:
		return itoa(ms/schemas.Minute) + " min"
	case ms < 2*schemas.Day:
		return itoa(ms/schemas.Hour) + " h " + itoa(ms%schemas.Hour/schemas.Minute) + " min"
	}
	return itoa(ms/schemas.Day) + " days"
}
