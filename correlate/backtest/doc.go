// Package backtest compares two rule sets, or learnt pairs, over one recorded log: which
// incidents differ and why, how much each compresses, and how well each agrees
// with what operators corrected.
//
// # Which file do I open
//
//   - backtest.go: Compare, the runs
//   - differ.go: incidents that differ
//   - correct.go: operators' corrections as truth, and the figures against them
//   - truth.go: the same for others, who look for better rules
//   - text.go: the words
//
// # Non-obvious
//
//   - Three runs. The first one is as the log tells it, corrections included: it
//     translates the incidents that commands name into signals, since under
//     other rules incidents have other ids. The two that are compared leave the
//     corrections out: a rule set is judged by what it would have done before
//     anybody corrected it, and it cannot get better by being corrected.
//   - Commands that correct are move, link_parent and unlink_parent. The other
//     commands stay in: they are part of what happened.
//   - Incidents are compared as main incidents with all that is below them, by
//     their alerts and tickets; ids do not matter.
//   - Figures are given with N. A handful of corrections says little, and
//     operators correct what they notice: what nobody looked at is in no figure.
package backtest
