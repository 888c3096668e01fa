// Package phrase puts sentences for people together: counts with their nouns,
// spans of time, ids.
//
// # Which file do I open
//
//   - phrase.go: Builder, and the small texts that need no builder
//
// # Non-obvious
//
//   - A decision has a dozen texts. A Builder makes them one after the other in
//     memory that is used again, each ended by End, and Pieces hands them out as
//     parts of one string: they must be taken in the order they were made in.
package phrase
