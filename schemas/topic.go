package schemas

// DefaultTopicPrefix stands before every topic name unless the configuration
// says otherwise.
const DefaultTopicPrefix = "pinkstar."

// Topic names, without the prefix.
const (
	// In: any payload of a known sender, recognised by the normaliser.
	TopicAlerts  = "alerts"
	TopicTickets = "tickets"
	TopicChanges = "changes"

	// Between: Signal, keyed by scope. The log that everything follows from.
	TopicSignals = "signals"

	// Out.
	TopicIncidents  = "incidents"  // Incident, keyed by its id, compacted
	TopicDecisions  = "decisions"  // Decision, TimelineEntry and ActionItem, keyed by scope
	TopicProblems   = "problems"   // Problem, keyed by its id, compacted
	TopicEffects    = "effects"    // Effect, keyed by its incident's id
	TopicDeliveries = "deliveries" // Delivery, keyed by its id, on the partition of its effect
	TopicDeadLetter = "deadletter" // DeadLetter, keyed as the refused record

	// State: the correlator's snapshots and progress, compacted.
	TopicState = "state"
)

// CloudEvents types, the value of the ce_type header.
const (
	TypeSignal     = "pinkstar.signal.v1"
	TypeDecision   = "pinkstar.decision.v1"
	TypeTimeline   = "pinkstar.timeline.v1"
	TypeIncident   = "pinkstar.incident.v1"
	TypeProblem    = "pinkstar.problem.v1"
	TypeActionItem = "pinkstar.action.v1"
	TypeEffect     = "pinkstar.effect.v1"
	TypeDelivery   = "pinkstar.delivery.v1"
	TypeDeadLetter = "pinkstar.deadletter.v1"
)

// Header names of CloudEvents' Kafka binding in binary mode.
const (
	HeaderID          = "ce_id"
	HeaderType        = "ce_type"
	HeaderSource      = "ce_source"
	HeaderSpecVersion = "ce_specversion"
	HeaderTime        = "ce_time"
	HeaderContentType = "content-type"
	SpecVersion       = "1.0"
	ContentTypeJSON   = "application/json"
)
