// Package notify brings effects to the world: it reads the topic effects and
// gives each effect to the targets it is for, chats, pagers, ticket systems, so
// that none is lost and none has its effect twice.
//
// # Which file do I open
//
//   - notify.go: the role: consumer group, sessions; config.go: settings
//   - plan.go: which targets an effect is for
//   - hearing.go: who has heard of an incident and who was called for it, and so
//     hears how it goes on
//   - desk.go: one partition: what is known of its deliveries, what comes next
//   - courier.go: one target of a partition: an attempt, a look after a lost
//     answer, and what follows from how it went; lane.go: the messages of one
//     incident to one address, in their order
//   - gate.go: how often a target may be called, and when it takes nothing
//   - schedule.go: the report of a month, which is due at its time
//   - journal.go: the topic deliveries, written by whoever owns the partition
//
// # Non-obvious
//
//   - "sending" is in the journal before the other system is called. Whoever finds
//     it there after a crash knows that nobody knows, and asks the other system
//     before anything is sent again.
//   - The journal is a transactional producer of the partition: the next owner
//     fences the one before, whose note of "sending" then fails, and who therefore
//     does not call. What remains is a process that is stopped between the note and
//     the call for longer than the next owner waits before it asks (the time of one
//     attempt): then only what the target recognises by the key helps.
//   - The group's offset is committed after the deliveries are in the journal. An
//     effect that is read again is known by the ids of its deliveries.
//   - The messages of one incident to one address go in order, and one that fails
//     for good does not hold the next. Another incident's, and another target's,
//     never wait for it.
//   - A target that does not answer is asked with one message at a time until it
//     does; pages go first.
//   - A target by which somebody was called hears who answered and how it ended, though
//     nothing names it: a pager calls on until it is told.
//   - A report that is due is an effect that no engine wrote. Its id follows from its
//     schedule and month, so any number of processes may write it, and a restart writes
//     it again: what is known by that id is not sent twice. It is written for fourteen
//     days only, well within the time for which deliveries are known.
//   - An incident of which nobody was told while it was new is not told of when it is
//     old, unless it reopens: the first start of the role, or a backfill, wakes nobody.
//   - What a target has to know of its earlier messages (the message to edit, the
//     ticket's key) is in their deliveries, so a restart knows it too.
package notify
