// Package problem finds out what keeps coming back: signatures of incidents that
// ended, counted, and judged against chance and the clock.
//
// # Which file do I open
//
//   - pattern.go: Book and Pattern, what is remembered
//   - judge.go: when a pattern is a problem, and how it is published
//   - season.go: schedules
//   - known.go: problems of the past, told by an import
//
// # Non-obvious
//
//   - Patterns keep signatures and counts, never members: they outlive incidents.
//   - What comes by the clock is a job, not a problem, however often it comes.
//   - Nothing here writes: package lifecycle asks, and tells what came of it.
package problem
