// Package money rounds, adds and writes amounts.
//
// # Which file do I open
//
//   - money.go: all of it
//
// # Non-obvious
//
//   - Rounding goes through conversions that keep a compiler from fusing two
//     operations, so that every platform gets the same bytes.
package money
