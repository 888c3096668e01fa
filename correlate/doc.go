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
// # The map
//
// This package is the machine of the log and nothing else. What is known and
// decided lives in rooms below internal/, each of which imports only rooms above
// it here (cmd/pinkstar/imports_test.go enforces it):
//
//	codec, phrase, money   values of a snapshot, sentences, amounts
//	topology               declared services, their neighbourhoods, learnt pairs
//	evidence               kinds of evidence, reasons, how they are kept and told
//	problem                what keeps coming back
//	state                  what the engine knows; snapshots
//	identity               what a signal is about and what it names
//	scoring                a signal against incidents, two incidents against each other
//	cause                  suspected roots, candidate causes
//	impact                 what an incident costs
//	effect                 what people are to hear of an incident, who is called
//	lifecycle              opens, grows, links, resolves, closes, writes
//	intake, operator       what comes from outside; what people order
//
// A signal's way through them: Step (here) -> intake -> identity.About ->
// scoring.Choose -> lifecycle (Join, Decide) -> at the end of the step EmitUrgent,
// which asks cause, problem and impact.
//
// Rooms up to impact find out and return what is to change; lifecycle applies
// it, and it alone appends to an Output.
//
// # Which file do I open
//
//   - engine.go: Engine, New, Snapshot, Restore; step.go: Step, Repeat, the clock;
//     again.go: a known signal that says something new
//   - package logtime: what moves log time; timers.go: what runs when a timer is due
//   - activate.go: rules, topology and learnt pairs out of the log; known.go:
//     problems that an import tells of
//   - output.go: what a step says; flush.go: everything held back, at the end of
//     a replay
//   - weigh.go, ask.go: what others ask the engine, and a choice from outside
//   - testdata/*.txt: one scenario for each feature (format: package scenario);
//     testdata/released: snapshots of every released format
//
// # Non-obvious
//
//   - There are two clocks. Log time (Now) is the running maximum of record
//     timestamps and drives every timer; event time (starts_at, ends_at) is
//     evidence. A signal from last year moves no window.
//   - Every timer due is run before an input, at its own deadline, so output
//     never depends on when the next record happens to arrive.
//   - No map is ever iterated where the order can be seen in the output.
//   - The id of a signal says what it tells, not when: Repeat may not count a
//     known id that could be news (an alert that fires again under its old
//     start, another text of a window), and Step then gives it an identity of its
//     own. Whatever makes something a redelivery must hold without the payload
//     (internal/state/told.go).
//   - Evaluation, simulation and the fitting of weights are a command of their
//     own, cmd/evaluate.
package correlate
