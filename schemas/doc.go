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
//     dead letters)
//   - id.go: deterministic identifiers
//   - time.go, labels.go: the two value types used everywhere
//   - codec.go: JSON in and out, fast, and checked by a fuzz test
//   - topic.go: topic names, CloudEvents types and header names
//   - entity.go: severities, environments and names as teams really write them
//
// # Non-obvious
//
//   - Version 1 is frozen: fields are added, never renamed, removed or given
//     another meaning. testdata/v1 is decoded for ever.
//   - A signal's id is its identity, not the delivery's: a repeat of the same
//     (source, fingerprint, startsAt, status) has the same id. The id also
//     travels as the CloudEvents header ce_id, so that the correlator can
//     recognise a repeat without parsing the record.
//   - Times are whole milliseconds in UTC. Zero means "not known".
package schemas
