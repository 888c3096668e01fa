// Package scoring weighs: a signal against the incidents it may belong to, and
// two incidents against each other. It changes nothing; it returns a Placement or
// a Scored, and package lifecycle applies it.
//
// # Which file do I open
//
//   - weigher.go: Weigher; query.go: what of a signal is weighed
//   - choose.go: the candidates and the choice; objection.go: limits and orders
//     that forbid a choice
//   - relation.go: how a signal and an incident are related; mention.go, learnt.go:
//     by what is named, by what was learnt
//   - score.go: what that is worth at the moment; pace.go: whether it has calmed down
//   - refire.go: an alert that fires again, and the incident it was part of; waves
//   - relatives.go: whether two incidents are one happening; machines.go: by the
//     machine that one is about
//   - weighing.go: the same without consequences, for explanations
//   - policy.go: a choice from outside, for fitting the weights
//
// # Non-obvious
//
//   - One signal is weighed at a time. Query, Reason and the items of a Placement
//     lie in the weigher's memory and are overwritten by the next one: nothing
//     that is kept may point there.
//   - Times and an incident's state only support. Without a relation there is no
//     score, whatever supports it.
//   - Points are thousandths of a natural log-odds against opening an incident.
//   - A score is integers throughout, so that it is the same on every platform.
package scoring
