package schemas

import (
	"encoding/json"
	"strconv"
	"strings"
)

// Outcome is what everything that handles outcomes knows of one type of them.
// The correlator writes it, the topics, `pinkstar replay`, scenarios, sinks and
// the API take what they need from it. doc.go says what a new one takes.
type Outcome[T any] struct {
	Name   string // of one: what replay --emit takes and prints as type
	Plural string // of several: a scenario's section
	Type   string // CloudEvents type: the ce_type header
	Topic  string // one of OutTopics

	Key      func(*T) string // the record's key; nil: whoever writes it says
	ID       func(*T) string // which thing it tells of
	Revision func(*T) int64  // of that thing, the highest is in force; nil: there is only one
	At       func(*T) Time   // log time, the record's timestamp

	Append func([]byte, *T) []byte // as JSON: the bytes that Marshal gives
	// Shrink takes what makes it large out of a copy, for one that no broker
	// would take whole. It may not write into what slices and pointers share.
	Shrink func(*T)
	// Said is where the engine says it; nil: it does not.
	Said func(*Output) *[]T
}

// Outcomes lists every type of outcome, in the order in which a step's are
// written: part of what the same log gives, so it stays.
var Outcomes = []AnyOutcome{Decisions, Timeline, Incidents, Problems, Effects, Deliveries, DeadLetters, ActionItems}

// The types of outcomes.
var (
	Decisions = &Outcome[Decision]{
		Name: "decision", Plural: "decisions", Type: TypeDecision, Topic: TopicDecisions,
		Key:      func(d *Decision) string { return d.Scope },
		ID:       func(d *Decision) string { return d.SignalID },
		Revision: func(d *Decision) int64 { return d.Revision },
		At:       func(d *Decision) Time { return d.LastAt },
		Append:   AppendDecision, Shrink: shrinkDecision,
		Said: func(o *Output) *[]Decision { return &o.Decisions },
	}
	Timeline = &Outcome[TimelineEntry]{
		Name: "timeline", Plural: "timeline", Type: TypeTimeline, Topic: TopicDecisions,
		Key:    func(e *TimelineEntry) string { return e.Scope },
		ID:     func(e *TimelineEntry) string { return numbered(e.IncidentID, e.Seq) },
		At:     func(e *TimelineEntry) Time { return e.At },
		Append: AppendTimelineEntry, Shrink: func(e *TimelineEntry) { e.Text = cutText(e.Text) + " (cut)" },
		Said: func(o *Output) *[]TimelineEntry { return &o.Timeline },
	}
	Incidents = &Outcome[Incident]{
		Name: "incident", Plural: "incidents", Type: TypeIncident, Topic: TopicIncidents,
		Key:      func(i *Incident) string { return i.ID },
		ID:       func(i *Incident) string { return i.ID },
		Revision: func(i *Incident) int64 { return i.Revision },
		At:       func(i *Incident) Time { return i.UpdatedAt },
		Append:   AppendIncident, Shrink: shrinkIncident,
		Said: func(o *Output) *[]Incident { return &o.Incidents },
	}
	Problems = &Outcome[Problem]{
		Name: "problem", Plural: "problems", Type: TypeProblem, Topic: TopicProblems,
		Key:      func(p *Problem) string { return p.ID },
		ID:       func(p *Problem) string { return p.ID },
		Revision: func(p *Problem) int64 { return p.Revision },
		At:       func(p *Problem) Time { return p.UpdatedAt },
		Append:   AppendProblem, Shrink: shrinkProblem,
		Said: func(o *Output) *[]Problem { return &o.Problems },
	}
	// DeadLetters are the pipeline's, not the engine's; their key is the refused
	// record's.
	DeadLetters = &Outcome[DeadLetter]{
		Name: "deadletter", Plural: "deadletters", Type: TypeDeadLetter, Topic: TopicDeadLetter,
		ID:     func(d *DeadLetter) string { return d.SignalID },
		At:     func(d *DeadLetter) Time { return d.At },
		Append: AppendDeadLetter, Shrink: func(d *DeadLetter) { d.Value, d.Reason = nil, cutText(d.Reason) },
	}
)

// OutcomeNamed returns the outcome of that Name, or nil.
func OutcomeNamed(name string) AnyOutcome {
	for _, k := range Outcomes {
		if k.Names().Name == name {
			return k
		}
	}
	return nil
}

// OutTopic is a topic of outcomes.
type OutTopic struct {
	Name   string
	Latest bool // of each key only the newest record has to stay
	Fixed  bool // partitions can't be added: a key's place follows the signals topic
}

// OutTopics lists the topics of the outcomes.
var OutTopics = []OutTopic{
	{Name: TopicDecisions, Fixed: true},
	{Name: TopicIncidents, Fixed: true, Latest: true},
	{Name: TopicProblems, Fixed: true, Latest: true},
	{Name: TopicEffects, Fixed: true},
	{Name: TopicDeliveries, Fixed: true},
	{Name: TopicDeadLetter},
}

// OutTopicNames returns the names of OutTopics, in their order.
func OutTopicNames() []string {
	names := make([]string, len(OutTopics))
	for i := range OutTopics {
		names[i] = OutTopics[i].Name
	}
	return names
}

// AnyOutcome is an Outcome of any type.
type AnyOutcome interface {
	// Names returns Name, Plural, Type and Topic.
	Names() OutcomeNames
	// FromEngine reports whether the engine says it.
	FromEngine() bool
	// Keep returns an empty store of the newest of each.
	Keep() Kept

	each(o *Output, f func(Emission))
	append(b []byte, v any) []byte
	shrink(v any) any
}

// OutcomeNames are what an Outcome is called in different places.
type OutcomeNames struct{ Name, Plural, Type, Topic string }

// Names implements AnyOutcome.
func (o *Outcome[T]) Names() OutcomeNames { return OutcomeNames{o.Name, o.Plural, o.Type, o.Topic} }

// FromEngine implements AnyOutcome.
func (o *Outcome[T]) FromEngine() bool { return o.Said != nil }

// Keep implements AnyOutcome.
func (o *Outcome[T]) Keep() Kept { return o.Newest() }

// Decode reads what Append wrote, and what later versions add to it.
func (o *Outcome[T]) Decode(b []byte) (*T, error) {
	v := new(T)
	return v, json.Unmarshal(b, v)
}

// Emission is one outcome on its way to its topic.
type Emission struct {
	Topic, Type string
	Key         string
	ID          string // of the event: the same whenever the event is made again
	At          Time

	of AnyOutcome
	v  any
}

// Emission returns v ready to be written; it points to v.
func (o *Outcome[T]) Emission(v *T) Emission {
	e := Emission{Topic: o.Topic, Type: o.Type, ID: o.ID(v), At: o.At(v), of: o, v: v}
	if o.Revision != nil {
		e.ID = numbered(e.ID, o.Revision(v))
	}
	if o.Key != nil {
		e.Key = o.Key(v)
	}
	return e
}

// Append appends the outcome as JSON: the bytes that Marshal gives.
func (e *Emission) Append(b []byte) []byte { return e.of.append(b, e.v) }

// Shrunk returns e without what makes it large.
func (e Emission) Shrunk() Emission {
	e.v = e.of.shrink(e.v)
	return e
}

func (o *Outcome[T]) each(out *Output, f func(Emission)) {
	if o.Said == nil {
		return
	}
	list := *o.Said(out)
	for i := range list {
		f(o.Emission(&list[i]))
	}
}

// An Emission is made by the Outcome of its type alone, so the type of v holds.
func (o *Outcome[T]) append(b []byte, v any) []byte {
	return o.Append(b, v.(*T)) //nolint:forcetypeassert // see above
}

func (o *Outcome[T]) shrink(v any) any {
	c := *v.(*T) //nolint:forcetypeassert // see above append
	o.Shrink(&c)
	return &c
}

func numbered(id string, n int64) string { return id + "/" + strconv.FormatInt(n, 10) }

// RevisionIn takes an Emission's ID apart: the thing that it tells of, and its
// revision, 0 when it has none.
func RevisionIn(id string) (thing string, revision int64) {
	i := strings.LastIndexByte(id, '/')
	n, err := strconv.ParseInt(id[i+1:], 10, 64)
	if i < 0 || err != nil {
		return id, 0
	}
	return id[:i], n
}
