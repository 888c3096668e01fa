// Package codec writes and reads the primitive values of a snapshot: numbers,
// texts, ids, lists. What a state consists of is not known here.
//
// # Which file do I open
//
//   - codec.go: Encoder and Decoder
//
// # Non-obvious
//
//   - The first error sticks; what is read after it is zero. Callers check Err
//     once, at the end, and before a loop whose length was read.
//   - A string that repeats is written once and then as a number (Str), so both
//     sides must call Str and Text for the same values in the same order.
//   - A damaged length must not ask for all the memory there is: lists are
//     bounded, and texts grow with what is really there.
package codec
