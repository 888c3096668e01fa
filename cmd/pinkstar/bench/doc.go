// Package bench measures what Pinkstar costs on this machine, each figure beside
// its peer in the same run: Alertmanager, a bare fetch, a direct insert.
//
// # Which file do I open
//
//   - bench.go: the figures, their aims, what is printed
//   - child.go: a pinkstar, or an Alertmanager, as a process of its own
//   - intake.go: B1; fetch.go: B2; insert.go: B3
//   - whole.go: B4, B6, B7, B9 and B10, on a whole installation
//   - engine.go: B5 and B8, the engine alone
//
// # Non-obvious
//
//   - Seconds of a shared machine say little. Where a figure has a peer, both run in
//     turns and what counts is the ratio of their processor time, the median of all
//     turns. Those that are times (B6, B7, B9) are worth what the machine was idle.
//   - What is embedded is measured with it: B1 has the broker's work in its own
//     figure, which Alertmanager has no part for.
//   - Processor time of other processes is read in hundredths of a second from
//     /proc, so a turn takes at least some tenths.
package bench
