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
//     with it, so the order of the log is kept. Live this lasts some seconds at
//     most, after everything had been down for longer than Bound.
//   - The witness is the owner of the partition, by its own records: ticks and
//     activations. When they have been ahead for TickSpan and nothing was near
//     log time meanwhile, log time moves to the earliest time that waits. Any
//     record that is near log time refuses the jump: what is held is then taken
//     at log time as it stands. So a clock that is wrong for a few seconds, even
//     that of a whole machine, moves nothing.
//   - Ticks alone cross at most TicksAlone: an idle partition after a stop. For
//     more, a record from outside must be ahead as well.
//   - Records alone move log time when MaxHeld of them, or MaxHeldBytes, wait, they
//     span RecordSpan and none contradicts: the log of an installation without
//     ticks, or a file. A storm of that many within less is one clock for some
//     seconds: those that wait longest are taken at log time as it stands. At the
//     end of a file nothing contradicts any more.
//   - The owner appends a tick whenever its clock is Heartbeat ahead of log
//     time, so that a running installation has no gaps that need a witness.
package logtime
