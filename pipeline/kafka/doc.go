// Package kafka is Pinkstar's way to the log: how a client is configured, how
// topics are planned and created, how signals are produced, and the broker that
// runs inside the process when none is configured.
//
// # Which file do I open
//
//   - config.go: what can be configured, and topic names
//   - client.go: NewClient, the options every reader shares, logs and metrics;
//     sasl.go, tls.go: who we say we are
//   - record.go, outcome.go: how our types become records (CloudEvents binary mode)
//   - producer.go: Producer, which the gateway and the API use
//   - topics.go, plan.go: which topics there are; the difference to what a
//     cluster has, readable, and how to make it so
//   - embedded.go: the broker inside the process
//   - guard.go: what may reach it
//   - repair.go, segment.go, statelog.go: what makes its data directory
//     consistent after a crash; damage.go, starts.go: what is not the trace of a crash
//   - retain.go, squeeze.go: retention and compaction that the embedded broker
//     cannot do
//   - read.go: what a partition holds, read from end to end; unblock.go:
//     transactions that a dead process left open
//
// # Non-obvious
//
//   - The embedded broker is franz-go's kfake. It keeps what it acknowledged
//     when the process dies, not when the machine loses power, and as it is it
//     tears transactions when it dies inside EndTxn. Repair mends that before
//     each start; it knows kfake's file layout, so kfake's version is pinned in
//     go.mod and TestLayoutIsKfakes fails when the layout moves.
//   - Repair only mends what a crash leaves: the beginning of a batch at the end
//     of a partition. Anything else (Damage) is an operator's decision, since it
//     takes acknowledged records away. A directory that was closed in order is
//     read for that as well.
//   - Every reader uses ReaderOpts. kfake leaks aborted records into
//     read_committed when a fetch is cut by the request's own limit rather than
//     a partition's; and it counts the batch that no longer fits, so
//     FetchMaxBytes must leave room for one more batch for each partition.
//   - Nothing is ever compacted on the embedded broker: its compaction ignores
//     open transactions and deletes before it writes. Topics that are compacted
//     on Kafka are plain logs there, and their writers delete what is obsolete.
//   - A partition of kfake whose last segment was deleted starts again at
//     offset 0 after a crash. So nothing may delete records up to the very end
//     of a partition; Retain always leaves the last one.
//   - Topics are only made by CreateTopics: those that a metadata request
//     creates are not in kfake's topics.json, and would be lost with their data.
//   - The partition of a record with a key is murmur2(key) mod n, as Java's,
//     franz-go's and kafka-go's Murmur2Balancer have it. Only `state`, ticks and
//     activations go to a partition by number.
package kafka
