package correlate

import "pinkstar/schemas"

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

// evidenceOf is evs as they are written.
func evidenceOf(evs []evidence, service string) []schemas.Evidence {
	if len(evs) == 0 {
		return nil
	}
	var p prose
	p.tellAll(evs, service)
	text := p.pieces()
	return text.evidence(evs)
}

// tellAll makes a piece of each.
func (p *prose) tellAll(evs []evidence, service string) {
	for i := range evs {
		evs[i].tell(p, service)
		p.end()
	}
}

// evidence takes the pieces of tellAll back.
func (t *pieces) evidence(evs []evidence) []schemas.Evidence {
	if len(evs) == 0 {
		return nil
	}
	out := make([]schemas.Evidence, len(evs))
	for i := range evs {
		out[i] = schemas.Evidence{Kind: evidenceNames[evs[i].kind], Points: evs[i].points, Detail: t.next()}
	}
	return out
}

// tell says why in a sentence, about a signal of service.
func (ev *evidence) tell(p *prose, service string) {
	service = orThis(service)
	switch ev.kind {
	case evRule:
		p.say("rule ", ev.other, " groups it with ").plural(int64(ev.n), "earlier signal")
	case evRuleMissing:
		p.say("rule ", ev.other, " matches but the label ", ev.extra, " is missing: not grouped by it")
	case evSameService:
		p.say("the incident already affects ", ev.other)
	case evSameInstance:
		p.say("the incident already affects the instance ", ev.other)
	case evSameHost:
		p.say("the incident already has alerts on the host ", ev.other)
	case evHostOf:
		if ev.reversed { // the incident is about the host
			p.say(service, " runs on ", ev.other, ", which the incident affects")
		} else {
			p.say(ev.other, " runs on the host")
		}
	case evDependsOn:
		p.say(service, " depends on ", ev.other).hops(ev.hops).say(orderText(ev.reversed, "which was affected first", "which was affected only later"))
	case evCalledBy:
		p.say(ev.other, " depends on ", service).hops(ev.hops).say(orderText(ev.reversed, "and was affected after it", "but was affected before it"))
	case evShared:
		p.say(service, " and ", ev.other, " depend on the same service")
	case evTime:
		p.span(ev.gap).say(" between the starts")
	case evOnset:
		switch p.span(ev.gap); {
		case ev.other == "":
			p.say(" between the first alerts")
		case ev.gap < 0:
			p.say(" before ", ev.other, " was first affected")
		default:
			p.say(" after ", ev.other, " was first affected")
		}
	case evFiring:
		if ev.n == 0 {
			p.say("no alert fires on ", ev.other, " any more")
		} else {
			p.plural(int64(ev.n), "alert").say(" still firing on ", ev.other)
		}
	case evIdle:
		if p.span(ev.gap); ev.gap < 0 {
			p.say(" before the incident's latest start")
		} else {
			p.say(" after the incident's latest start")
		}
	case evAge:
		if ev.gap < 0 {
			p.say("it began ").span(ev.gap).say(" before the incident")
		} else {
			p.say("the incident was ").span(ev.gap).say(" old")
		}
	case evSize:
		p.say("the incident has ").plural(int64(ev.n), "alert").say(" so far")
	case evSpread:
		p.say("it affects ").plural(int64(ev.n), "service").say(" so far")
	case evActive:
		p.plural(int64(ev.n), "alert").say(" of it still firing")
	case evPace:
		p.say("signals are joining it just now (").milli(int64(ev.n)).say(" within the last half-minutes)")
	case evBusy:
		p.say("other incidents open just now (").milli(int64(ev.n)).say(" of late)")
	case evNamespace:
		p.say("the incident has alerts that name only the namespace ", ev.other)
	case evBegun:
		p.say("the two began ").span(ev.gap).say(" apart")
	case evTied:
		p.plural(int64(ev.n), "service").say(" of the smaller one next to services of the other")
	case evShare:
		p.say("that is ").number(int64(ev.n)).say(" % of its services")
	case evSmaller:
		p.say("the smaller one has ").plural(int64(ev.n), "alert")
	case evPaceSmaller:
		p.say("signals are joining the smaller one just now (").milli(int64(ev.n)).say(" within the last half-minutes)")
	case evEvents:
		p.say("no alert here ever recovered: they are events, which say less each")
	case evTogether:
		p.say("they began together, and little else was going on")
	case evAlike:
		p.say(service, " and ", ev.other, " are named alike")
	case evRefire:
		p.say("the same alert is still firing there: a second start is rather another happening")
	case evStorm:
		p.say("it came in the middle of a storm of alerts")
	case evSharedCaller:
		p.say("one service depends on both ", service, " and ", ev.other)
	case evTemplate:
		p.say("the alert ", ev.other, " fires elsewhere in the incident too")
	case evLearnt:
		p.say("has often come together with ", ev.other)
	case evMention:
		p.say("names ", ev.other, ", which the incident affects")
	case evMentionKey:
		p.say("names ", ev.other)
	case evChange:
		p.say("the incident's candidate cause, ", ev.other, ", is on the same service")
	case evMaintenance:
		p.say("the maintenance ", ev.other, " is in progress on ", ev.extra, " and may explain both")
	case evOperator:
		p.say("an operator put this alert into ", ev.other)
	case evSameAlert:
		p.say("an earlier episode of ", ev.other, " belongs to the incident")
	}
}

func orderText(reversed bool, right, wrong string) string {
	if reversed {
		return wrong
	}
	return right
}

// reason is the decision in one sentence.
func (w *why) reason(incident string) string {
	if w.text != "" {
		return w.text
	}
	var p prose
	w.tellReason(&p, incident)
	return p.String()
}

func (w *why) tellReason(p *prose, incident string) {
	if w.text != "" {
		p.say(w.text)
		return
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
	if best < 0 {
		p.say("opened ", incident)
		return
	}
	p.say("joined ", incident, ": ")
	w.evidence[best].tell(p, w.service)
	if when >= 0 {
		p.say("; ")
		w.evidence[when].tell(p, w.service)
	}
}

// tellRunner says why the incident that was not chosen was not.
func (w *why) tellRunner(p *prose) {
	switch {
	case w.runnerScore < w.threshold:
		p.say("its evidence falls short of the threshold by ").number(w.threshold - w.runnerScore)
	case w.runnerScore < w.score:
		p.say("its evidence is weaker by ").number(w.score - w.runnerScore)
	default:
		p.say("it fits as well, but is younger or may not grow")
	}
}

func orThis(service string) string {
	if service == "" {
		return "this"
	}
	return service
}
