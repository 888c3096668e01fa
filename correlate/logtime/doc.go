// Package logtime decides how far each record of a partition moves log time.
//
// Log time is the running maximum of the records' timestamps. One record with a
// wrong clock would move it for everybody and for good: every open incident
// would time out, and nothing that follows would move it again. So a record
// that is more than Bound ahead of log time needs a second witness.
//
// # Which file do I open
//
//   - clock.go: Clock, the whole rule
//
// # Non-obvious
//
//   - The rule is a function of the log alone: replaying the log, live or
//     offline, comes to the same log times. It is part of the engine's
//     behaviour, so its figures are constants and not in the configuration.
//   - A record that needs a witness is held back, and everything behind it waits
//     with it, so the order of the log is kept. Live this lasts until the owner
//     of the partition has appended a tick, a fraction of a second.
//   - There are two kinds of witnesses: records from outside (stamped by a
//     gateway or a normaliser) and records of the partition's owner (ticks and
//     activations). One of each that are ahead move log time to the smaller of
//     the two. One of either kind that is near log time refuses the jump: the
//     held record is then taken at log time as it stands.
//   - Ticks alone move log time when they go on for TickSpan and the gap is at
//     most TicksAlone: an idle partition after a stop. Records alone move it
//     when MaxHeld of them, or MaxHeldBytes, wait and none contradicts: the log
//     of an installation without ticks, or a file. At the end of a file nothing
//     contradicts any more.
//   - The owner appends a tick whenever its clock is Heartbeat ahead of log
//     time, so that a running installation has no gaps that need a witness.
package logtime
