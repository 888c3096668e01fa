// Package impact estimates what an incident costs: lost revenue and the time of
// people.
//
// # Which file do I open
//
//   - impact.go: what an incident costs; figures.go: what business figures say of it
//
// # Non-obvious
//
//   - A main incident holds the revenue of its children, each service once, so
//     figures of main incidents can be added up.
//   - Figures that were reported replace the model's where they are above 0.
package impact
