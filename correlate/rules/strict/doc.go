// Package strict reads YAML over a value that holds the defaults, and says
// everything that is wrong with it, each with its line and column.
//
// # Which file do I open
//
//   - strict.go: Document, Fault, and reading
//   - walk.go: the search for faults, once the library has found the first one
//   - nearest.go: what a mistyped word may have meant
//
// # Non-obvious
//
//   - The YAML library decides whether a text is good. Only when it refuses one
//     does the walk look for the other faults, so that both never differ about
//     what is taken.
//   - What is good in a bad text is read all the same: the caller can go on
//     checking and tell all faults at once.
package strict
