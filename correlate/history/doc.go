// Package history holds a recorded log in memory and runs it through engines,
// so that what-ifs and back-tests can ask for the same past several times.
//
// # Which file do I open
//
//   - log.go: Log, its records
//   - play.go: Play, a run of the log under some rules, topology and
//     learnt pairs
//   - run.go: Run, what came out, and which signals ended together
//
// # Non-obvious
//
//   - Log time is per partition, by the rule of package logtime, as live; each
//     partition has its own engine. A file is one partition.
//   - Activation records in the log are carried out unless the setup fixes what
//     they would change: a back-test imposes its rules on a log that once ran
//     under others.
//   - A hook that looks into the engine sees it after log time has moved to the
//     record and before the record is taken. The tick that does this changes no
//     outcome: every wake-up runs at its own deadline anyhow.
//   - "Together" means below one main incident. Signals that are in none are
//     each alone.
package history
