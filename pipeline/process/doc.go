// Package process holds the two stream processors: the normaliser, which turns
// any payload on the input topics into signals, and the correlator, which turns
// signals into decisions, incidents and problems. Both consume, transform and
// produce in transactions: exactly once.
//
// # Which file do I open
//
//   - runner.go: keeps a session going, and begins a new one when it breaks
//   - session.go: one client's life: poll, hand on, end the transaction, survive
//     rebalances and errors; both processors are stages of it
//   - watch.go: what is stuck without an error: who blocks whom, and whether this
//     process is ready; holder.go: whether whose transaction it is lives
//   - pace.go: when a transaction ends; cut.go: when it takes too long; beat.go: when
//     its end can't come; parting.go: the last one of a stop
//   - correlator.go: the stage that runs an engine for each partition
//   - part.go: one partition: records into the engine, outcomes out of it
//   - restore.go, snapshot.go, progress.go: how a partition's engine is brought
//     back, and what is kept for it
//   - work.go: whose decisions they were, and whether a replay says the same
//   - mark.go, accept.go: whether a position belongs to the log that is there, and
//     what to go on from when it does not; inputs.go for what is normalised;
//     published.go, again.go: the same for
//     what was published
//   - control.go: ticks and activations, which enter by the log like all else;
//     lead.go: log time that leads the clock; putclock.go: the way out
//   - normaliser.go: the stage that reads foreign payloads
//   - refuse.go: the dead letter; shrink.go: how large what
//     comes in and goes out may be
//   - floor.go: from where on the log is still needed; gauge.go: what engines hold
//   - shadow.go: other rules over the same signals; engine.go: what is asked of an engine
//
// # Non-obvious
//
//   - The engine's state is a function of the partition's log. It is rebuilt
//     from the latest snapshot by reading the log again up to where the last
//     committed transaction stopped, with the outcomes thrown away: they were
//     committed with it.
//   - That holds only for the code that decided. So progress says which behaviour
//     was at work since when, with a sum of what was said; a replay that says
//     something else, and a state that can't be read after another behaviour was
//     at work, are hard stops. A stop in peace writes the state down, and leaves
//     nothing to read again.
//   - Where that is, is written into each transaction as a record on `state`
//     (progress). It wins over the group's offset: the embedded broker can lose
//     the latter of a transaction whose records it committed.
//   - Restoring first waits until no transaction is open on the partition's
//     state: a predecessor that hangs may still be ended either way, and its
//     progress must not be overlooked.
//   - A rebalance never happens inside a transaction: polls block it until the
//     transaction has ended. A transaction that fails all the same leaves the
//     engines ahead of the log, so all of them are thrown away and restored.
//   - A transaction that takes too long ends early, between two records. Its
//     offsets then are not what the client polled: they are rewritten to the
//     first record that was not taken, which is also what progress says, and the
//     client goes back there. Nothing may be polled between a cut and that end.
//   - Fencing. Two instances never share a transactional id (each has its own:
//     stable for an instance on Kafka, so that its open transaction is aborted
//     at once when it comes back; fresh for each start on the embedded broker).
//     What keeps a stalled instance from committing after it lost its
//     partitions is KIP-447: the offsets of a transaction carry the group's
//     generation, and an old one is refused, which aborts the transaction.
//   - A transaction that a dead process left open is ended by whoever takes its
//     partitions (restore.go), or by the watcher after a session's time
//     (watch.go): by taking over its transactional id. The brokers' own time-out
//     comes late, and they look for it only every ten seconds. Dead is who is no
//     member of its group; how long a transaction is open says nothing, since one
//     record may take longer than a session, and a loaded machine longer still.
//     What a coordinator does not know must be seen so twice: between two
//     questions a transaction may end and the next begin. A process ends its
//     own before it joins its group again: the client would do so only when it
//     first produces, and until then wait for what it had left open itself.
//   - The embedded broker gives a transaction a minute (runner.go): it dies with this
//     process, and on a loaded machine a snapshot alone may take longer than
//     others may be kept waiting.
//   - There is no reset of offsets. A position that the log no longer has is a
//     hard stop with instructions: going on would count signals twice or lose
//     them. A fleet's very first start begins at the start of the log.
//   - A position is kept with its topic's id and a hash of the record before it.
//     A log that is shorter than the state, or another one, must never be gone on
//     from: new records would have offsets that count as processed, and the
//     restore would swallow them. It is a hard stop; accepting it goes back to a
//     snapshot whose place is in the log.
//   - Progress also says which record was published last to each partition of the
//     out topics. It is written when those are acknowledged, so it is never
//     behind. A topic that lacks them is a hard stop too: whoever read it would
//     pass over what comes under the same offsets. Accepting it decides and
//     publishes again from a snapshot that is older than the loss, and fills the
//     lost offsets with aborted records.
//   - How far a record moves log time is decided by package logtime. What waits
//     for a witness is in no snapshot, so none is taken meanwhile.
//   - A record whose ce_id the engine knows is a redelivery and is not parsed, unless it may be
//     news (correlate.Engine.Repeat).
//   - An activation carries the configured rules, topology or learnt pairs; the
//     owner appends it when their version is not the one in force. For learnt
//     pairs no version is one too: a file that is taken out of the configuration
//     is taken out of force.
//   - Ticks and activations come from the owner of a partition, through the
//     log. A late tick from a former owner only moves log time, never further
//     than its clock.
package process
