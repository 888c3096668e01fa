// Package past reads a recorded log, into memory or one record at a time, from
// where it is kept: a file of the form that `pinkstar replay` takes, the signals
// topic, or ClickHouse.
//
// # Which file do I open
//
//   - past.go: what is read and its bound; file.go, topic.go, sql.go: from where
//
// # Non-obvious
//
//   - The topic is the log itself, in its order, with redeliveries, ticks and
//     activations. A file has the order of its lines.
//   - ClickHouse holds each signal once and no activations: it gives the signals
//     in the order in which they were decided. Two that were decided in the same
//     millisecond may come in another order than they had, and redeliveries
//     are not there.
//   - Whatever is read from its middle lacks what was open before: the first
//     hours of a period are to be read with care.
package past
