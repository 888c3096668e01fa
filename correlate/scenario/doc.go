// Package scenario reads and runs correlation scenarios: text files that say
// what comes in and what must come out, for the engine's own tests and for
// `pinkstar rules test`.
//
// A file has sections, each begun by a line "--- name":
//
//	--- rules          a rule set in YAML (optional)
//	--- topology       a topology in YAML (optional)
//	--- learnt         learnt pairs in YAML (optional)
//	--- input          one signal a line
//	--- incidents      what must be there at the end
//	--- decisions      what must have become of each signal
//	--- timeline       the story of the incidents
//	--- problems       the problems
//	--- effects        what people hear and whom it calls, what is asked of others
//
// Only the expectations a file has are checked; Update rewrites them. Lines
// that begin with # are comments.
//
// # Input
//
//	10:32:00 alert ShieldDown service=shield-generator severity=critical
//	10:32:05 again @1 x40            another delivery of signal 1, 40 times
//	10:40:00 resolve @1              signal 1's alert has recovered
//	10:41:00 ticket OPS-7 open service=turret text="turret 3 is gone"
//	10:42:00 maintenance shield-works started service=shield until=11:30 suppress
//	10:42:00 change deploy-42 started service=api by=sam
//	10:43:00 impact service=web revenue=1200 incident=#1
//	10:44:00 command acknowledge incident=#1 by=ona
//	11:00:00 tick
//	11:01:00 topology                puts the next "--- topology" in force; so
//	                                 do "rules" and "learnt"
//
// A time is that of arrival, on 2026-11-22 unless a date stands before it
// (2026-11-23 10:00) or days are added (+3d 10:00). "start=" and "end=" are the
// sender's times, "runbook=" the address that the alert itself names. @n is the n-th signal of the input, #n the n-th incident, Pn
// the n-th problem. Every other name=value is a label.
//
// # Non-obvious
//
//   - Signals are completed with the default label names, as the gateway does.
//   - Identifiers and dates are replaced by #n, @n and times of the day in what
//     is compared, so that a scenario can be read and does not change with a
//     hash.
package scenario
