package evidence

import (
	"cmp"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/schemas"
)

// Kind is what kind of evidence something is. Its number is its code: it
// stands in every snapshot, so a number is never changed nor used again.
type Kind uint8

// The kinds. A new one takes the next free number, and gets its line below.
const (
	Rule         Kind = 1
	RuleMissing  Kind = 2
	SameService  Kind = 3
	SameInstance Kind = 4
	SameHost     Kind = 5
	HostOf       Kind = 6
	DependsOn    Kind = 7
	CalledBy     Kind = 8
	Shared       Kind = 9
	SharedCaller Kind = 10
	Alike        Kind = 11
	Namespace    Kind = 12
	Learnt       Kind = 13
	Mention      Kind = 14
	MentionKey   Kind = 15
	SameAlert    Kind = 16
	Storm        Kind = 17
	Operator     Kind = 18
	Maintenance  Kind = 19
	Together     Kind = 20
	Time         Kind = 21
	Onset        Kind = 22
	Firing       Kind = 23
	Idle         Kind = 24
	Age          Kind = 25
	Size         Kind = 26
	Spread       Kind = 27
	Active       Kind = 28
	Pace         Kind = 29
	Busy         Kind = 30
	Template     Kind = 31
	Change       Kind = 32
	Refire       Kind = 33
	Events       Kind = 34
	// Of two incidents.
	Begun       Kind = 35
	Tied        Kind = 36
	Share       Kind = 37
	Smaller     Kind = 38
	PaceSmaller Kind = 39
	// Of an alert that fires again, and its old incident.
	Again Kind = 40
	Wave  Kind = 41
	Over  Kind = 42
	// Against what is usual.
	Since  Kind = 43
	Chance Kind = 44
	Lull   Kind = 45
)

// kind is what there is to know about a kind.
type kind struct {
	// name is how it is written; several kinds may share one.
	name string
	// links says that it can be the reason for two things to be together. What
	// does not can only support.
	links bool
	// render says it in a sentence, about a signal of a service.
	render func(p *phrase.Builder, ev *Item, service string)
}

const (
	links    = true
	supports = false
)

// seldom is below how many thousandths of an incident something is called so.
const seldom = 50

// kinds is the table of the kinds, by their codes.
var kinds = [...]kind{
	Rule: {"rule", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("rule ", ev.Other, " groups it with ").Plural(int64(ev.Count), "earlier signal")
	}},
	RuleMissing: {"rule", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("rule ", ev.Other, " matches but the label ", ev.Extra, " is missing: not grouped by it")
	}},
	SameService: {"same_service", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the incident already affects ", ev.Other)
	}},
	SameInstance: {"same_instance", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the incident already affects the instance ", ev.Other)
	}},
	SameHost: {"same_host", links, func(p *phrase.Builder, ev *Item, _ string) {
		if ev.Extra != "" { // of two incidents
			p.Say("both have alerts on the host ", ev.Other)
			return
		}
		p.Say("the incident already has alerts on the host ", ev.Other)
	}},
	HostOf: {"host_of_service", links, func(p *phrase.Builder, ev *Item, service string) {
		if ev.Reversed { // the incident is about the host
			p.Say(subject(ev, service), " runs on ", ev.Other, ", which the incident affects")
		} else {
			p.Say(ev.Other, " runs on ", cmp.Or(ev.Extra, "the host"))
		}
	}},
	DependsOn: {"depends_on", links, func(p *phrase.Builder, ev *Item, service string) {
		p.Say(subject(ev, service), " depends on ", ev.Other).Hops(ev.Hops)
		sayOrder(p, ev, "which was affected first", "which was affected only later", "which was affected at about the same time")
	}},
	CalledBy: {"depends_on", links, func(p *phrase.Builder, ev *Item, service string) {
		p.Say(ev.Other, " depends on ", subject(ev, service)).Hops(ev.Hops)
		sayOrder(p, ev, "and was affected after it", "but was affected before it", "and was affected at about the same time")
	}},
	Shared: {"shared_dependency", links, func(p *phrase.Builder, ev *Item, service string) {
		p.Say(subject(ev, service), " and ", ev.Other, " depend on the same service")
	}},
	SharedCaller: {"shared_dependency", links, func(p *phrase.Builder, ev *Item, service string) {
		p.Say("one service depends on both ", subject(ev, service), " and ", ev.Other)
	}},
	Alike: {"alike", links, func(p *phrase.Builder, ev *Item, service string) {
		p.Say(subject(ev, service), " and ", ev.Other, " are named alike")
	}},
	Namespace: {"namespace", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the incident has alerts that name only the namespace ", ev.Other)
	}},
	Learnt: {"learnt", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("has often come together with ", ev.Other)
	}},
	Mention: {"mention", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("names ", ev.Other, ", which the incident affects")
	}},
	MentionKey: {"mention", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("names ", ev.Other)
	}},
	SameAlert: {"same_alert", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("an earlier episode of ", ev.Other, " belongs to the incident")
	}},
	Storm: {"storm", links, func(p *phrase.Builder, _ *Item, _ string) {
		p.Say("it came in the middle of a storm of alerts")
	}},
	Operator: {"operator", links, func(p *phrase.Builder, ev *Item, _ string) {
		if ev.Extra != "" {
			p.Say("an operator put ", ev.Extra, " below ", ev.Other)
			return
		}
		p.Say("an operator put this alert into ", ev.Other)
	}},
	Maintenance: {"maintenance", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the maintenance ", ev.Other, " is in progress on ", ev.Extra, " and may explain both")
	}},
	Together: {"together", links, func(p *phrase.Builder, ev *Item, _ string) {
		if ev.Other != "" {
			p.Say("they began together, and what runs on ", ev.Other, " is not known")
			return
		}
		p.Say("they began together, and little else was going on")
	}},
	Time: {"time", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Span(ev.Gap).Say(" from the first or latest start there")
	}},
	Onset: {"onset", supports, renderOnset},
	Firing: {"firing", supports, func(p *phrase.Builder, ev *Item, _ string) {
		if ev.Count == 0 {
			p.Say("no alert fires on ", ev.Other, " any more")
		} else {
			p.Plural(int64(ev.Count), "alert").Say(" still firing on ", ev.Other)
		}
	}},
	Idle: {"idle", supports, func(p *phrase.Builder, ev *Item, _ string) {
		if p.Span(ev.Gap); ev.Gap < 0 {
			p.Say(" before the incident's latest start")
		} else {
			p.Say(" after the incident's latest start")
		}
	}},
	Age: {"age", supports, func(p *phrase.Builder, ev *Item, _ string) {
		if ev.Gap < 0 {
			p.Say("it began ").Span(ev.Gap).Say(" before the incident")
		} else {
			p.Say("the incident was ").Span(ev.Gap).Say(" old")
		}
	}},
	Size: {"size", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the incident, with what is linked to it, has ").Plural(int64(ev.Count), "alert").Say(" so far")
	}},
	Spread: {"spread", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("with what is linked to it, it affects ").Plural(int64(ev.Count), "service").Say(" so far")
	}},
	Active: {"active", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Plural(int64(ev.Count), "alert").Say(" of it, or of what is linked to it, still firing")
	}},
	Pace: {"pace", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("signals are joining it just now (").Milli(int64(ev.Count)).Say(" within the last half-minutes)")
	}},
	Busy: {"background", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("other incidents open just now (").Milli(int64(ev.Count)).Say(" of late)")
	}},
	Template: {"template", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the alert ", ev.Other, " fires elsewhere in the incident too")
	}},
	Change: {"change", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the incident's candidate cause, ", ev.Other, ", is on the same service")
	}},
	Refire: {"refire", supports, func(p *phrase.Builder, _ *Item, _ string) {
		p.Say("the same alert is in it already: a second start is rather another happening")
	}},
	Since: {"usual", supports, func(p *phrase.Builder, ev *Item, _ string) {
		if ev.Count < seldom {
			p.Say("something new seldom reaches ", ev.Other)
		} else {
			p.Milli(int64(ev.Count)).Say(" incidents usually reach ", ev.Other, " in that time")
		}
	}},
	Chance: {"usual", supports, func(p *phrase.Builder, ev *Item, _ string) {
		if ev.Count < seldom {
			p.Say("incidents seldom open within ").Span(ev.Gap).Say(" of each other here")
		} else {
			p.Milli(int64(ev.Count)).Say(" incidents usually open within ").Span(ev.Gap)
		}
	}},
	Lull: {"lull", supports, func(p *phrase.Builder, ev *Item, _ string) {
		if ev.Count < 1000 {
			p.Say("alerts join it as fast as they did")
		} else {
			p.Say("at the pace it had, ").Milli(int64(ev.Count)).Say(" alerts would have joined it since its latest start")
		}
	}},
	Events: {"events", supports, func(p *phrase.Builder, _ *Item, _ string) {
		p.Say("no alert here is seen to recover: they are events, which say less each")
	}},
	Begun: {"begun", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the two began ").Span(ev.Gap).Say(" apart")
	}},
	Tied: {"tied", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Plural(int64(ev.Count), "service").Say(" of the smaller one next to services of the other")
	}},
	Share: {"tied", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("that is ").Number(int64(ev.Count)).Say(" % of its services")
	}},
	Smaller: {"size", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the smaller one has ").Plural(int64(ev.Count), "alert")
	}},
	PaceSmaller: {"pace", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("signals are joining the smaller one just now (").Milli(int64(ev.Count)).Say(" within the last half-minutes)")
	}},
	Again: {"again", links, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("the same alert fires again ").Span(ev.Gap).Say(" after its recovery")
	}},
	Wave: {"wave", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("other alerts fire again together with it (").Milli(int64(ev.Count)).Say(" of late, beyond what is usual)")
	}},
	Over: {"over", supports, func(p *phrase.Builder, ev *Item, _ string) {
		p.Say("everything of the incident had recovered ").Span(ev.Gap).Say(" before")
	}},
}

func renderOnset(p *phrase.Builder, ev *Item, _ string) {
	switch p.Span(ev.Gap); {
	case ev.Other == "":
		p.Say(" between the first alerts")
	case ev.Gap < 0:
		p.Say(" before ", ev.Other, " was first affected")
	default:
		p.Say(" after ", ev.Other, " was first affected")
	}
}

// Order is which of two services was affected first: the one that the other depends
// on, as far as its callers can tell, or the other one. It stands in Item.Count.
type Order = int32

// The orders. An item of before this was told has none, and Reversed says whether the
// order was wrong by more than alerts wait for their "for:".
const (
	OrderRight Order = 1
	OrderWrong Order = 2
	OrderClose Order = 3 // in the wrong order, and within what alerts wait
)

// OrderOf is the order in which a service was affected and what depends on it. wrong
// says that the former came later by more than alerts wait.
func OrderOf(callee, caller schemas.Time, wrong bool) Order {
	switch {
	case wrong:
		return OrderWrong
	case callee <= caller:
		return OrderRight
	}
	return OrderClose
}

func sayOrder(p *phrase.Builder, ev *Item, right, wrong, close string) {
	switch {
	case ev.Count == OrderClose:
		p.Say(close)
	case ev.Count == OrderWrong || ev.Reversed:
		p.Say(wrong)
	default:
		p.Say(right)
	}
}

// subject is the service that ev is about: between two incidents it names both.
func subject(ev *Item, service string) string {
	if ev.Extra != "" {
		return ev.Extra
	}
	return service
}

// SupportOnly reports whether the kind can never link by itself.
func (k Kind) SupportOnly() bool { return !kinds[k].links }

// Known reports whether k is the code of a kind.
func (k Kind) Known() bool { return int(k) < len(kinds) && kinds[k].render != nil }
