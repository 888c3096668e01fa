// Package schemas is the event contract: the types that travel on the topics,
// how they are written as JSON, how their identifiers are made, and which
// topic carries what. Everything else in Pinkstar imports it; it imports
// nothing of Pinkstar.
//
// # Which file do I open
//
//   - signal.go: what enters (alerts, tickets, maintenance, changes, impact,
//     commands) and the two control records of the log (tick, activation)
//   - outcome.go: what leaves (decisions, incidents, timeline, problems,
//     dead letters); effect.go: what is to be said to people; encodeeffect.go: as JSON;
//     delivery.go: how the saying went; actionitem.go: what is to be done afterwards
//   - url.go: addresses that a browser may be sent to
//   - registry.go: the one list of what leaves, with everything that the rest of
//     Pinkstar needs to know of each; output.go: what the engine says after a
//     step; newest.go: the newest revision of each thing; shrink.go: what is left
//     out of one that is too large
//   - id.go: deterministic identifiers
//   - time.go, labels.go: the two value types used everywhere
//   - encode.go, decode.go: a signal as JSON, field by field; encodeoutcome.go,
//     encodeincident.go: what leaves, likewise; codec.go: strings and numbers
//   - complete.go: what a sender left out: severity, times, id; naming.go: which
//     labels name what, and the scope
//   - batch.go: records as a sink gets them; known.go: problems of the past
//   - topic.go: topic names, CloudEvents types and header names
//   - *.schema.json, jsonschema.go: the same contract as JSON Schema, for others
//   - jsonscan: the JSON reader below the codec and the translators
//   - apierror: an error over HTTP, the gateway's and the API's
//
// # Adding an outcome
//
// Something else that the engine decides and others read:
//
//   - here, a file with its type, its append function and its Outcome; a line in
//     Outcomes, and in OutTopics when it has a topic of its own (registry.go); its
//     list in Output (output.go); `go test -run JSONSchemas -update`; a frozen
//     fixture under testdata/v1
//   - in sinks/clickhouse, its table and a line in kept (tables.go), a migration
//     that makes the table, a view in views/ if people shall read it
//   - its test
//
// Topics, retention, transactions, replay --emit, scenarios (a section of its
// plural, in JSON), delivery and the shadow's topics follow. A field is added to
// the type, its append function and its table's line (with a migration), or to
// omitted in table_test.go there, with the reason.
//
// # Non-obvious
//
//   - Version 1 is frozen: fields are added, never renamed, removed or given
//     another meaning. testdata/v1 is decoded for ever.
//   - A signal's id is its identity, not the delivery's: a redelivery of the same
//     (source, fingerprint, startsAt, status) has the same id. The id also
//     travels as the CloudEvents header ce_id, so that the correlator can
//     recognise a redelivery without parsing the record.
//   - The id is made from the sender's start time as it was sent. StartsAt may
//     differ from it when it lay in the future and was cut back (see Flags), so
//     an id can't be recomputed from a completed signal: use Signal.ID.
//   - AppendSignal and the outcomes' Append give the bytes of encoding/json without HTML escaping, and
//     DecodeSignal takes what encoding/json takes, except that names match
//     exactly and nesting is limited. Fuzz tests hold them to it.
//   - Times are whole milliseconds in UTC. Zero means "not known".
package schemas
