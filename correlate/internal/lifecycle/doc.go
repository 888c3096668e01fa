// Package lifecycle opens, grows, links, resolves and closes incidents, and
// writes what came of it. It is the one place where the findings of the other
// rooms change the state.
//
// # Which file do I open
//
//   - lifecycle.go: Lifecycle
//   - decision.go: decisions and how they are written; flush.go: counts that were
//     held back, signals that expire
//   - incident.go: opening, members, severity, the timeline; touch.go: what an
//     incident affects; procedure.go: who does what
//   - group.go: what rules group; link.go: parents and children
//   - resolve.go: recovering, resolving, reopening, closing, leaving
//   - explain.go: candidate causes and notices; recurrence.go: problems; sight.go:
//     what an incident shows of its cause
//   - leave.go: what an incident no longer affects once a member has gone
//   - remap.go: another topology for what is known
//   - emit.go: incidents as written; revise.go: losses of those that are over;
//     speak.go: when people hear of one; aftermath.go: what windows left burning;
//     answer.go: who takes charge
//
// # Non-obvious
//
//   - Begin says where a step's output goes, and only this package appends to it.
//   - EmitNow has an incident written at the end of the input, once, however often
//     it is asked for; EmitSoon within the flush interval.
//   - Counts are written by timers, never per delivery: a storm of redeliveries
//     costs one look-up each.
//   - An incident's tree may be deep; ParentID is always the outermost one. It is
//     written soon after anything below it changes, and at once when that is worse
//     than all there was.
//   - A record's lists are bounded: it is written again with every change.
package lifecycle
