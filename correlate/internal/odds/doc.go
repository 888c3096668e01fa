// Package odds does what probabilities need in whole numbers: logarithms and
// exponentials in thousandths of a nat, probabilities in thousandths. The engine
// decides with them, and floating-point arithmetic may differ from one processor
// to the next.
package odds
