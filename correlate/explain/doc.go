// Package explain answers why, why not, and what if.
//
//   - Why: the path in the link forest from the signal that opened an incident
//     to a member, link by link, each with its evidence, the versions it was
//     made under, and how far behind the runner-up was.
//   - Why not: what was the best evidence between two signals or incidents that
//     are not together, and what it lacked.
//   - What if: which members an incident would gain or lose under another
//     setting.
//
// # Which file do I open
//
//   - explanation.go: what an explanation holds; Incident and Signal build one
//   - forest.go: paths and trees of links
//   - whynot.go, whatif.go: these need the log, not only what was decided; run.go:
//     a run of a log as the source of explanations
//   - text.go: the words
//
// # Non-obvious
//
//   - Why is never recomputed: it is what the engine wrote when it decided, so
//     it is right whatever rules hold today.
//   - A link goes from a signal to its anchor, an earlier member of the same
//     incident. A signal that an operator moved has no anchor any more: its path
//     begins with the operator's order.
//   - Why not is recomputed: the engine runs over the log again and weighs the
//     pair at the moments when it could have been put together.
//   - Points are thousandths of a natural log-odds; people read them divided by
//     a thousand.
package explain
