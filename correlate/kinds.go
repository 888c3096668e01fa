package correlate

// evidenceKind is what kind of evidence something is. Its number is its code: it
// stands in every snapshot, so a number is never changed nor used again.
type evidenceKind uint8

// The kinds. A new one takes the next free number, and gets its line below.
const (
	evRule         evidenceKind = 1
	evRuleMissing  evidenceKind = 2
	evSameService  evidenceKind = 3
	evSameInstance evidenceKind = 4
	evSameHost     evidenceKind = 5
	evHostOf       evidenceKind = 6
	evDependsOn    evidenceKind = 7
	evCalledBy     evidenceKind = 8
	evShared       evidenceKind = 9
	evSharedCaller evidenceKind = 10
	evAlike        evidenceKind = 11
	evNamespace    evidenceKind = 12
	evLearnt       evidenceKind = 13
	evMention      evidenceKind = 14
	evMentionKey   evidenceKind = 15
	evSameAlert    evidenceKind = 16
	evStorm        evidenceKind = 17
	evOperator     evidenceKind = 18
	evMaintenance  evidenceKind = 19
	evTogether     evidenceKind = 20
	evTime         evidenceKind = 21
	evOnset        evidenceKind = 22
	evFiring       evidenceKind = 23
	evIdle         evidenceKind = 24
	evAge          evidenceKind = 25
	evSize         evidenceKind = 26
	evSpread       evidenceKind = 27
	evActive       evidenceKind = 28
	evPace         evidenceKind = 29
	evBusy         evidenceKind = 30
	evTemplate     evidenceKind = 31
	evChange       evidenceKind = 32
	evRefire       evidenceKind = 33
	evEvents       evidenceKind = 34
	// Of two incidents.
	evBegun       evidenceKind = 35
	evTied        evidenceKind = 36
	evShare       evidenceKind = 37
	evSmaller     evidenceKind = 38
	evPaceSmaller evidenceKind = 39
)

// about is what there is to know about a kind.
type about struct {
	// name is how it is written; several kinds may share one.
	name string
	// links says that it can be the reason for two things to be together. What
	// does not can only support.
	links bool
	// tell says it in a sentence, about a signal of a service.
	tell func(p *prose, ev *evidence, service string)
}

const (
	links    = true
	supports = false
)

// kinds is the table of the kinds, by their codes.
var kinds = [...]about{
	evRule: {"rule", links, func(p *prose, ev *evidence, _ string) {
		p.say("rule ", ev.other, " groups it with ").plural(int64(ev.n), "earlier signal")
	}},
	evRuleMissing: {"rule", supports, func(p *prose, ev *evidence, _ string) {
		p.say("rule ", ev.other, " matches but the label ", ev.extra, " is missing: not grouped by it")
	}},
	evSameService: {"same_service", links, func(p *prose, ev *evidence, _ string) {
		p.say("the incident already affects ", ev.other)
	}},
	evSameInstance: {"same_instance", links, func(p *prose, ev *evidence, _ string) {
		p.say("the incident already affects the instance ", ev.other)
	}},
	evSameHost: {"same_host", links, func(p *prose, ev *evidence, _ string) {
		p.say("the incident already has alerts on the host ", ev.other)
	}},
	evHostOf: {"host_of_service", links, func(p *prose, ev *evidence, service string) {
		if ev.reversed { // the incident is about the host
			p.say(service, " runs on ", ev.other, ", which the incident affects")
		} else {
			p.say(ev.other, " runs on the host")
		}
	}},
	evDependsOn: {"depends_on", links, func(p *prose, ev *evidence, service string) {
		p.say(service, " depends on ", ev.other).hops(ev.hops).say(orderText(ev.reversed, "which was affected first", "which was affected only later"))
	}},
	evCalledBy: {"depends_on", links, func(p *prose, ev *evidence, service string) {
		p.say(ev.other, " depends on ", service).hops(ev.hops).say(orderText(ev.reversed, "and was affected after it", "but was affected before it"))
	}},
	evShared: {"shared_dependency", links, func(p *prose, ev *evidence, service string) {
		p.say(service, " and ", ev.other, " depend on the same service")
	}},
	evSharedCaller: {"shared_dependency", links, func(p *prose, ev *evidence, service string) {
		p.say("one service depends on both ", service, " and ", ev.other)
	}},
	evAlike: {"alike", links, func(p *prose, ev *evidence, service string) {
		p.say(service, " and ", ev.other, " are named alike")
	}},
	evNamespace: {"namespace", links, func(p *prose, ev *evidence, _ string) {
		p.say("the incident has alerts that name only the namespace ", ev.other)
	}},
	evLearnt: {"learnt", links, func(p *prose, ev *evidence, _ string) {
		p.say("has often come together with ", ev.other)
	}},
	evMention: {"mention", links, func(p *prose, ev *evidence, _ string) {
		p.say("names ", ev.other, ", which the incident affects")
	}},
	evMentionKey: {"mention", links, func(p *prose, ev *evidence, _ string) {
		p.say("names ", ev.other)
	}},
	evSameAlert: {"same_alert", links, func(p *prose, ev *evidence, _ string) {
		p.say("an earlier episode of ", ev.other, " belongs to the incident")
	}},
	evStorm: {"storm", links, func(p *prose, _ *evidence, _ string) {
		p.say("it came in the middle of a storm of alerts")
	}},
	evOperator: {"operator", links, func(p *prose, ev *evidence, _ string) {
		p.say("an operator put this alert into ", ev.other)
	}},
	evMaintenance: {"maintenance", links, func(p *prose, ev *evidence, _ string) {
		p.say("the maintenance ", ev.other, " is in progress on ", ev.extra, " and may explain both")
	}},
	evTogether: {"together", links, func(p *prose, _ *evidence, _ string) {
		p.say("they began together, and little else was going on")
	}},
	evTime: {"time", supports, func(p *prose, ev *evidence, _ string) {
		p.span(ev.gap).say(" between the starts")
	}},
	evOnset: {"onset", supports, tellOnset},
	evFiring: {"firing", supports, func(p *prose, ev *evidence, _ string) {
		if ev.n == 0 {
			p.say("no alert fires on ", ev.other, " any more")
		} else {
			p.plural(int64(ev.n), "alert").say(" still firing on ", ev.other)
		}
	}},
	evIdle: {"idle", supports, func(p *prose, ev *evidence, _ string) {
		if p.span(ev.gap); ev.gap < 0 {
			p.say(" before the incident's latest start")
		} else {
			p.say(" after the incident's latest start")
		}
	}},
	evAge: {"age", supports, func(p *prose, ev *evidence, _ string) {
		if ev.gap < 0 {
			p.say("it began ").span(ev.gap).say(" before the incident")
		} else {
			p.say("the incident was ").span(ev.gap).say(" old")
		}
	}},
	evSize: {"size", supports, func(p *prose, ev *evidence, _ string) {
		p.say("the incident has ").plural(int64(ev.n), "alert").say(" so far")
	}},
	evSpread: {"spread", supports, func(p *prose, ev *evidence, _ string) {
		p.say("it affects ").plural(int64(ev.n), "service").say(" so far")
	}},
	evActive: {"active", supports, func(p *prose, ev *evidence, _ string) {
		p.plural(int64(ev.n), "alert").say(" of it still firing")
	}},
	evPace: {"pace", supports, func(p *prose, ev *evidence, _ string) {
		p.say("signals are joining it just now (").milli(int64(ev.n)).say(" within the last half-minutes)")
	}},
	evBusy: {"background", supports, func(p *prose, ev *evidence, _ string) {
		p.say("other incidents open just now (").milli(int64(ev.n)).say(" of late)")
	}},
	evTemplate: {"template", supports, func(p *prose, ev *evidence, _ string) {
		p.say("the alert ", ev.other, " fires elsewhere in the incident too")
	}},
	evChange: {"change", supports, func(p *prose, ev *evidence, _ string) {
		p.say("the incident's candidate cause, ", ev.other, ", is on the same service")
	}},
	evRefire: {"refire", supports, func(p *prose, _ *evidence, _ string) {
		p.say("the same alert is still firing there: a second start is rather another happening")
	}},
	evEvents: {"events", supports, func(p *prose, _ *evidence, _ string) {
		p.say("no alert here ever recovered: they are events, which say less each")
	}},
	evBegun: {"begun", supports, func(p *prose, ev *evidence, _ string) {
		p.say("the two began ").span(ev.gap).say(" apart")
	}},
	evTied: {"tied", supports, func(p *prose, ev *evidence, _ string) {
		p.plural(int64(ev.n), "service").say(" of the smaller one next to services of the other")
	}},
	evShare: {"tied", supports, func(p *prose, ev *evidence, _ string) {
		p.say("that is ").number(int64(ev.n)).say(" % of its services")
	}},
	evSmaller: {"size", supports, func(p *prose, ev *evidence, _ string) {
		p.say("the smaller one has ").plural(int64(ev.n), "alert")
	}},
	evPaceSmaller: {"pace", supports, func(p *prose, ev *evidence, _ string) {
		p.say("signals are joining the smaller one just now (").milli(int64(ev.n)).say(" within the last half-minutes)")
	}},
}

func tellOnset(p *prose, ev *evidence, _ string) {
	switch p.span(ev.gap); {
	case ev.other == "":
		p.say(" between the first alerts")
	case ev.gap < 0:
		p.say(" before ", ev.other, " was first affected")
	default:
		p.say(" after ", ev.other, " was first affected")
	}
}

func orderText(reversed bool, right, wrong string) string {
	if reversed {
		return wrong
	}
	return right
}

// supportOnly reports whether the kind can never link by itself.
func (k evidenceKind) supportOnly() bool { return !kinds[k].links }

// known reports whether k is the code of a kind.
func (k evidenceKind) known() bool { return int(k) < len(kinds) && kinds[k].tell != nil }
