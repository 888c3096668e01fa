// Package deliver carries the out topics to a sink: batches, retries for ever,
// and an offset committed only after its records are durable in the sink.
//
// # Which file do I open
//
//   - deliver.go: the consumer group, assignment and the poll loop
//   - worker.go: one partition: what is skipped, what is batched, when it is
//     written, and how failures are met
//   - position.go: where a partition begins, by the sink's word
//   - queue.go: records that wait for a worker, and the pause that bounds them
//   - pauses.go: between attempts; metrics.go
//
// # Non-obvious
//
//   - A batch that was begun keeps its bounds. The sink notes the range before it
//     writes; the next owner of the partition asks for it and gathers exactly the
//     same records again, so that the sink recognises them.
//   - The sink's word on what was finished beats the group's offset: after a crash
//     between write and commit, or when somebody rewinds the group, what was
//     written is skipped; when the sink was emptied or is older than the group,
//     what it lacks is read again.
//   - A topic that ends before what the sink has of it lost its end, and will use
//     those offsets again. To the sink it is another topic from then on.
//   - A log that ends before what the group read, with a sink that lacks it too, is
//     a loss that nothing mends by itself: it is told as an error and by Failing for
//     as long as the process lives. Afterwards the group stands where the log ends.
//   - Offsets in a batch have gaps: transaction markers, aborted and compacted
//     records. Only first and last count.
//   - A sink that is down stops its own partitions and nothing else: the broker
//     keeps the records, the worker keeps trying, and what waits is bounded, over all
//     partitions, by pausing those of which something waits.
//   - The poll loop never blocks between a poll and AllowRebalance: otherwise a
//     slow sink would cost us our membership of the group.
//   - A missing offset (the broker deleted what we had not read) is a hard stop:
//     silently jumping forward would lose decisions.
package deliver
