// Package coverage tells what a configuration makes of the alerts that there are:
// which label named what, which alerts are about nothing that could be told, and
// which nobody has a procedure for.
//
// # Which file do I open
//
//   - tally.go: what is counted; verdict.go: what of it has to be looked at
//   - text.go: the table
//
// # Non-obvious
//
//   - An alert is counted once, however often it was told: with the same source and
//     fingerprint in one scope it is the same alert.
//   - The service is the one that the engine would take, so a label may be there and
//     not be believed (labels.weak_service).
//   - What a rule suppresses needs neither subject nor procedure.
package coverage
