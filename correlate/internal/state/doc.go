// Package state is what the engine knows: scopes, incidents, alerts, tickets,
// windows, seen signals, corrections, timers. It holds data with the methods that
// keep it sound, and its encoding; it decides nothing and writes nothing out.
//
// # Which file do I open
//
//   - state.go: State; versions.go, stats.go: under what and how much
//   - scope.go: Scope, Entity, their recent incidents; nodes.go: entities of declared
//     services
//   - incident.go: Incident and what it affects; title.go: what it is called,
//     listing.go: its members as they were last written
//   - talk.go: what people have heard of it
//   - tree.go, extent.go: what a main incident and everything below it are together
//   - alert.go, ticket.go, change.go, changes.go, group.go: its members, windows, rule groups
//   - seen.go: signals that are known and when they expire; told.go: what a
//     delivery that is known may still say
//   - corrections.go: what operators ordered and later decisions honour
//   - timer.go: what is due when; clock.go: log time put back
//   - rate.go: how busy something is; tally.go: many such by name; usual.go: how often
//     something new reaches an entity; routine.go: how often a service is changed anyway
//   - placement.go: what runs on which machine; timeout.go: whether recoveries are
//     seen or made up; index.go: a table for millions
//   - encode.go, encodeincident.go, decode.go, decodeincident.go: snapshots
//
// # Non-obvious
//
//   - Whoever looks an entity up with make=true must release it
//     (identity.Release) when no incident came of it.
//   - A timer carries its deadline; one that no longer equals its object's is
//     ignored. Timers due are run before an input, each at its own deadline.
//   - A list in Incident.Pub that was written out is never changed in place: an
//     Output may still hold it.
//   - Incident.Listing, Roots and Named, Entity.Location, Scope's origin and
//     State.Strings are caches or scratch: they follow from the rest and are in no
//     snapshot. A property test compares an engine that has them with one that was
//     restored.
//   - Whoever changes what a Tree sums up says so afterwards (Incident.Changed,
//     EmitSoon or EmitNow), and Regroup where something became less.
//   - No map is iterated where the order can be seen.
//   - A new field is encoded beside its type, behind the format's version, and a
//     snapshot of the version before goes to testdata/released of package
//     correlate.
package state
