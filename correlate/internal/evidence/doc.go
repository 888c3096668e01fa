// Package evidence is what is said about a decision: the kinds of evidence, a
// reason made of them, how it is kept and how it is told. What a kind is worth,
// and when there is some, package scoring knows.
//
// # Which file do I open
//
//   - kinds.go: the table of kinds. A new one takes the next free code and a line
//     there, its points in rules/weights.go and weights.yaml, and the place in
//     package scoring that notices it
//   - reason.go: Item, Reason, and their sentences
//   - encode.go: a reason in some ninety bytes
//
// # Non-obvious
//
//   - A kind's code stands in every snapshot: it is never changed nor used again.
//     kinds_test.go holds the codes that are out there.
//   - Several kinds may have one name: the name is what others read, the code what
//     we mean.
//   - Items lie in memory that the next signal uses again. What is kept is
//     Encoded.
package evidence
