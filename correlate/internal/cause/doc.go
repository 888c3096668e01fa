// Package cause says where an incident may come from: the services it most
// likely started at, and the changes and maintenance windows that may explain
// it. It changes nothing but a cache.
//
// # Which file do I open
//
//   - judge.go: roots and changes, judged together
//   - roots.go: suspected roots, before changes are looked at
//   - rare.go: how much is told of each, by how seldom its alerts fire
//   - chance.go: the odds of one change
//   - starved.go: alerts of a service that nothing reaches
//   - change.go: which changes are near, and who must be told of a maintenance
//
// # Non-obvious
//
//   - How affected services depend on each other is kept from one writing of an
//     incident to the next (state.RootRank), since comparing each with each is most
//     of the work. It follows from the rest and is in no snapshot.
//   - What is kept of a change with an incident is that it is near and when it began.
//     Its probability changes with everything that is told of the incident, and is
//     worked out when that is written.
//   - A Finding replaces the whole list of candidates: the one that was published
//     may still be in an Output.
package cause
