// Package problem finds out what keeps coming back: how the place failed where
// an incident began, counted over incidents, and judged against what else
// happens there, against chance and against the clock.
//
// # Which file do I open
//
//   - sight.go: what an incident shows of its cause
//   - pattern.go: Book and Pattern, what is remembered; merge.go: patterns that
//     turn out to be one, or to be part of another
//   - usual.go: what fails where anyway
//   - likeness.go: how well an incident fits a pattern
//   - judge.go: when a pattern is a problem; publish.go: how it is published
//   - schedule.go: jobs by the clock
//   - known.go: problems of the past, told by an import
//
// # Non-obvious
//
//   - An incident belongs to a pattern by how the root failed. What else suffers
//     differs each time, so what is missing there says nothing, and what is there
//     counts only where it is rare.
//   - The likeness is a log-likelihood ratio: the incident is the pattern's once
//     more, or anything else that fails there. What is expected of the pattern was
//     learnt before the incident came, so the product of the ratios is a test
//     martingale (an e-process) and may be looked at after each incident
//     (Grünwald, de Heide, Koolen, Safe Testing, JRSSB 2024).
//   - Problems are flagged by the e-BH rule over all patterns that are compared,
//     which bounds the share of false ones however they depend on each other
//     (Wang and Ramdas, False discovery rate control with e-values, JRSSB 2022).
//     That patterns are found by the same data that judge them is outside the
//     theorem; the evaluation measures what it costs.
//   - An incident has several suspected roots, so it may stand in several patterns.
//     Once one of these is a problem or a job, it explains the incident, and the
//     others forget it.
//   - Patterns keep counts, never members: they outlive incidents.
//   - What comes by the clock is a job, not a problem, however often it comes.
//   - Whole numbers only: logarithms in thousandths (package odds).
//   - Nothing here writes: package lifecycle asks, and tells what came of it.
package problem
