// Package topology knows the declared services: their names, who calls whom,
// what runs where, and which alerts have often come together. It knows nothing
// of signals and incidents.
//
// # Which file do I open
//
//   - graph.go: Graph; names.go: what a name means, machines
//   - neighbourhood.go: what is near a service
//   - pairs.go: learnt pairs of alerts
//
// # Non-obvious
//
//   - A service is a number here, its place in Nodes. Numbers change with every
//     activation; nothing that outlives one may hold them but entities, which are
//     made anew then.
//   - A hub (correlation.hub_degree) is reached and not passed: what everybody
//     calls says nothing about strangers.
//   - Neighbourhoods and lookups of names are caches: they follow from the source
//     and are in no snapshot.
package topology
