package schemas

// DeliveryState is how far the bringing of one effect to one target has come.
type DeliveryState string

// The states of a delivery. The last four are final; of the others, waiting and
// unknown are tried again by themselves.
const (
	DeliveryWaiting    DeliveryState = "waiting"    // not tried, or refused for now: tried at next_at
	DeliverySending    DeliveryState = "sending"    // being tried; after a crash it is unknown
	DeliveryUnknown    DeliveryState = "unknown"    // the answer was lost: looked for in the other system at next_at
	DeliverySent       DeliveryState = "sent"       // the other system said that it has it
	DeliveryConfirmed  DeliveryState = "confirmed"  // it was found there, or the other system told us of it
	DeliveryFailed     DeliveryState = "failed"     // never to be brought; why is in the error
	DeliverySuperseded DeliveryState = "superseded" // a later message says all of it, or this target has nothing to do for it
)

// Final reports whether nothing more will be done.
func (s DeliveryState) Final() bool {
	return s == DeliverySent || s == DeliveryConfirmed || s == DeliveryFailed || s == DeliverySuperseded
}

// Delivery is how the bringing of one effect to one target went so far. The role
// notify writes a revision whenever that changes, before and after each attempt.
type Delivery struct {
	ID         string        `json:"id"`       // from the effect and the target: what the other system recognises a second attempt by
	Revision   int64         `json:"revision"` // from 1
	EffectID   string        `json:"effect_id"`
	IncidentID string        `json:"incident_id"`
	Seq        int64         `json:"seq"` // of the effect in its incident
	Scope      string        `json:"scope"`
	Kind       EffectKind    `json:"kind"`
	Target     string        `json:"target"`           // name of the settings, and the address after a colon if there is one
	Person     string        `json:"person,omitempty"` // page: who is called
	State      DeliveryState `json:"state"`
	DecidedAt  Time          `json:"decided_at"` // when the engine decided the effect
	NotedAt    Time          `json:"noted_at"`   // of the first revision
	At         Time          `json:"at"`         // of this revision, by the clock of who delivers
	TriedAt    Time          `json:"tried_at"`   // start of the latest attempt; not known: there was none
	NextAt     Time          `json:"next_at"`    // waiting, unknown: when something is done next
	Attempts   int64         `json:"attempts"`
	Error      string        `json:"error,omitempty"` // why the latest attempt was not taken, without secrets
	Ref        string        `json:"ref,omitempty"`   // what the other system calls it: a ticket's key, a message's id
	URL        string        `json:"url,omitempty"`   // for people
	// Thread is what later messages of the same incident to the same target need
	// to know of this one, in the target's words.
	Thread Labels `json:"thread,omitempty"`
	// Effect is kept until the state is final, for whoever goes on after a crash.
	Effect *Effect `json:"effect,omitempty"`
}

// Deliveries is what the role notify knows of each message. A record's key is
// the delivery's id, its partition that of the effect, so that who owns the one
// owns the other.
var Deliveries = &Outcome[Delivery]{
	Name: "delivery", Plural: "deliveries", Type: TypeDelivery, Topic: TopicDeliveries,
	Key:      func(d *Delivery) string { return d.ID },
	ID:       func(d *Delivery) string { return d.ID },
	Revision: func(d *Delivery) int64 { return d.Revision },
	At:       func(d *Delivery) Time { return d.At },
	Append:   AppendDelivery, Shrink: shrinkDelivery,
}

// DeliveryID returns the id of the delivery of an effect to a target, for
// example DLV-7K3M9QX2AB4T.
func DeliveryID(effect, target string) string {
	return shortID("DLV-", hashOf("delivery/1", effect, target))
}

func shrinkDelivery(d *Delivery) {
	d.Error = cutText(d.Error)
	if d.Effect != nil {
		e := *d.Effect
		shrinkEffect(&e)
		d.Effect = &e
	}
}

// AppendDelivery appends d as JSON: the bytes that Marshal gives.
func AppendDelivery(b []byte, d *Delivery) []byte {
	o := object{b: b}
	o.open()
	o.str("id", d.ID)
	o.int("revision", d.Revision)
	o.str("effect_id", d.EffectID)
	o.str("incident_id", d.IncidentID)
	o.int("seq", d.Seq)
	o.str("scope", d.Scope)
	o.str("kind", string(d.Kind))
	o.str("target", d.Target)
	o.optStr("person", d.Person)
	o.str("state", string(d.State))
	o.time("decided_at", d.DecidedAt)
	o.time("noted_at", d.NotedAt)
	o.time("at", d.At)
	o.time("tried_at", d.TriedAt)
	o.time("next_at", d.NextAt)
	o.int("attempts", d.Attempts)
	o.optStr("error", d.Error)
	o.optStr("ref", d.Ref)
	o.optStr("url", d.URL)
	o.optLabels("thread", d.Thread)
	if d.Effect != nil {
		o.name("effect")
		o.b = AppendEffect(o.b, d.Effect)
	}
	o.close()
	return o.b
}
