// Package jsonscan reads JSON from the front to the back, once, and says where
// it went wrong: "alerts[3].startsAt: want a string, found a number at byte 812".
//
// It exists because a sender of a refused payload must be told which field and
// which byte, which encoding/json does not tell from inside a custom reader,
// and because decoding is on the path of every signal. It knows nothing of
// Pinkstar's types.
//
// A Reader is used by recursive descent: Object and Array call a function for
// each member; the function reads the value, or leaves it, in which case it is
// skipped.
//
// # Non-obvious
//
//   - Everything is checked, skipped values too: what encoding/json calls
//     invalid is invalid here. The one difference is MaxDepth, which is low.
//   - Names match exactly, not by case folding, and a repeated name is given to
//     the function each time: the last one wins.
//   - null is taken for every type and reads as its zero value.
//   - New shares memory: strings it returns are parts of the whole text and keep
//     it alive. NewCopying returns copies: take it when what is read outlives the
//     text by far. NewSharing returns copies too, one for all of the same short
//     string: take it for many texts that are alike.
//   - Broken UTF-8 becomes U+FFFD byte by byte, as in encoding/json.
package jsonscan
