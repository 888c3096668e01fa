// Package intake takes in what comes from outside, kind by kind: alerts, tickets,
// changes and maintenance windows, reported impact.
//
// # Which file do I open
//
//   - alert.go: which episode a delivery belongs to: recoveries, refiring, flapping
//   - episode.go: placing a new episode; recoveries of what never fired here
//   - news.go: whether a known signal says something new (see state/told.go)
//   - ticket.go, impact.go: tickets and reported figures
//   - change.go: changes and windows; window.go: what they suppress, and for how
//     long; windowset.go: windows that are no longer in their calendar
//
// # Non-obvious
//
//   - Two clocks: log time (Now) drives windows and timers, event time (StartsAt,
//     EndsAt) is evidence. At is the record's own time.
//   - What a window suppresses is held with the window and placed when it ends.
package intake
