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
//   - engine.go: Engine, Step, Repeat, the clock; wake.go: what is due when;
//     activate.go: rules, topology and learnt pairs out of the log; clock.go:
//     log time put back by an operator; package logtime: what moves it
//   - record.go: known signals and their decisions; emit.go: incidents as
//     written; settle.go: everything held back, at the end of a replay
//   - alert.go: duplicates, recoveries, episodes, flapping; again.go: when a
//     known signal is news
//   - entity.go: which service an alert is about; topology.go: what is near it
//   - place.go: candidates and the choice; tie.go: how a signal and an incident
//     are connected; score.go, tempo.go: what that is worth at the moment;
//     evidence.go, packed.go: its sentences, and how they are kept small;
//     weigh.go: the same without consequences, for explanations; guide.go: a
//     choice from outside, for fitting the weights
//   - group.go: what rules group
//   - incident.go, lifecycle.go: opening, growing, resolving, closing
//   - link.go, relate.go: parents and children; roots.go: suspected roots
//   - ticket.go, mention.go: tickets and what a text names
//   - change.go: changes, maintenance, suppression; explain.go: candidate causes
//     and who must be told
//   - command.go, correct.go, facts.go: operators' orders, and what of them
//     later decisions honour
//   - problem.go, season.go: recurring patterns; impact.go: what it costs
//   - learnt.go: alerts that often come together; learn/ finds them in a log,
//     and service.go tells it what an alert is about
//   - snapshot.go, snapincident.go, restore.go, restoreincident.go, codec.go:
//     the engine's state as bytes
//   - testdata/*.txt: one scenario for each feature (format: package scenario)
//
// # Non-obvious
//
//   - There are two clocks. Log time (now) is the running maximum of record
//     timestamps and drives every wake-up; event time (starts_at, ends_at) is
//     evidence. A signal from last year moves no window.
//   - Every wake-up due is run before an input, at its own deadline, so output
//     never depends on when the next record happens to arrive.
//   - The id of a signal says what it tells, not when: Repeat may not count a
//     known id that could be news (an alert that fires again under its old
//     start, another text of a window), and Step then gives it an identity of its
//     own. Whatever makes something a repeat must hold without the payload.
//   - Counts are written by wake-ups, never per delivery: a storm of repeats
//     costs one map probe each.
//   - No map is ever iterated where the order can be seen in the output.
//   - An incident's tree (parent, children) may be deep; ParentID is always the
//     outermost one.
//   - Entities hold rings of the incidents that touched them or a neighbour.
//     They are counted and dropped with the last incident, so whoever looks one
//     up with make=true must release it when no incident came of it.
//   - A wake is never removed. It carries its deadline, and one that no longer
//     equals its object's is ignored.
//   - One signal is weighed at a time: its query, subject and why live in
//     Engine.scratch, and nothing that is kept may point there. decide packs the
//     why into the record (packed.go).
//   - A list in incident.pub that was written out is never changed in place:
//     the Output may still hold it.
//   - Caches (entity names, neighbourhoods, members and services as written,
//     ranks of roots, whereabouts, interned strings) follow from the state and are in no snapshot; a
//     property test compares an engine that has them with one that was restored.
package correlate
