// Package business keeps business figures, such as the bookings of a service in a
// minute, and says what was to be expected of them: the seasonal counterfactual of
// lost revenue.
//
// # Which file do I open
//
//   - series.go: the figures of one service, in slots of five minutes
//   - expected.go: what a slot was to bring
//   - ledger.go: the series of a scope, and the claims that incidents have on them
//   - assess.go: what incidents lost, its interval, and what came back
//   - calibrate.go: how often such intervals held the truth at undisturbed times
//   - snapshot.go: a ledger in a snapshot
//
// # How the expected is found
//
// A slot is expected to bring what the same slot of the local week brought in the
// weeks before, each multiplied with the growth since: the figures of the seven days
// before today, over those of the same slots that many weeks earlier. The best and
// the worst of five weeks or more are left out, hour by hour. Slots in which an
// incident disturbed the series, or which nobody told, count for neither.
//
// # How the interval is found
//
// By placebos: the sum of what was missed at other times, by the same estimator,
// over windows as long as the incident's and at about its hour of the day, in which
// nothing was disturbed. Errors of single minutes are never added up, since they go
// together (compare EnbPI, Xu and Xie 2021; split conformal ranks).
//
// # Non-obvious
//
//   - What a slot was expected to bring depends on the slot alone, not on the
//     incident, so that the shares of overlapping incidents add up to the loss.
//   - Losses have a sign. What is within noise adds up to nothing over many
//     incidents; cut off at 0 it would add up to a loss that nobody had.
//   - A figure that is told late changes what is past: the ledger keeps incidents
//     for a while after they left the engine, so that their losses can be revised.
package business
