// Package operator carries out what people order: acknowledge, resolve, link,
// move, separate, declare.
//
// # Which file do I open
//
//   - command.go: the orders on one incident; word.go: severity, steps and answers
//     that are a person's word; correct.go: keeping apart
//   - move.go: a signal into another incident; problem.go: declared problems;
//     actionitem.go: what is to be done afterwards
//
// # Non-obvious
//
//   - An order that can't be carried out is refused with the reason and changes
//     nothing.
//   - What an order says about similar signals later is a correction
//     (state.Corrections), which scoring honours.
package operator
