// Package correlate is the engine: signals in, incidents, decisions, timeline
// entries and problems out. It is a function of the log alone: the same
// records in the same order with the same timestamps give the same bytes,
// however they are batched and wherever the engine was snapshotted and
// restored in between.
//
// # How to call it
//
//	e := correlate.New(set, topology)
//	for each record of the partition, in order:
//	        if !e.Repeat(id, recordTime, &out) { // id from the ce_id header
//	                e.Step(&signal, recordTime, &out)
//	        }
//	        write out; out.Reset()
//
// # Which file do I open
//
//   - engine.go: Engine, Step, Repeat, the clock; wake.go: what is due when
//   - alert.go: duplicates, recoveries, episodes, flapping
//   - entity.go: which service an alert is about; topology.go: what is near it
//   - place.go: candidates and the choice; score.go, evidence.go: the weighing
//   - incident.go, lifecycle.go: opening, growing, resolving, closing
//   - link.go: parents and children; roots.go: suspected roots
//   - ticket.go, mention.go, change.go, impact.go, command.go: other signals
//   - problem.go: recurring patterns
//   - snapshot.go, restore.go, codec.go: the engine's state as bytes
//
// # Non-obvious
//
//   - There are two clocks. Log time (now) is the running maximum of record
//     timestamps and drives every wake-up; event time (starts_at, ends_at) is
//     evidence. A signal from last year moves no window.
//   - Every wake-up due is run before an input, at its own deadline, so output
//     never depends on when the next record happens to arrive.
//   - Counts are written by wake-ups, never per delivery: a storm of repeats
//     costs one map probe each.
//   - No map is ever iterated where the order can be seen in the output.
//   - An incident's tree (parent, children) may be deep; ParentID is always the
//     outermost one.
//   - Caches (entity names, neighbourhoods, interned strings) are functions of
//     the topology and are in no snapshot.
package correlate
