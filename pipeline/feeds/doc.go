// Package feeds fetches what others plan: calendars of maintenance, calendars of
// shifts, and Alertmanager's silences; and has Alertmanager know the silences that
// are announced here.
//
// # Which file do I open
//
//   - config.go: the section feeds of the settings
//   - fetch.go: one address, asked again and again: conditions, limits, pauses
//   - calendar.go: a calendar becomes windows, or shifts
//   - alertmanager.go: silences, both ways
//   - feeds.go: Run, what is wrong, metrics
//
// # Non-obvious
//
//   - What a fetch says becomes records of the log, and only what is other than it
//     was: the engine never asks anybody. A feed that is away, or says something that
//     can't be read, leaves everything as it was known, and that is said.
//   - A calendar is read again at each turn though its text is the same: which dates
//     of a repeating event are near depends on the day.
//   - Several instances may fetch the same calendar: windows have the same ids then,
//     and count as redeliveries.
//   - An address of a calendar is a secret: many hold a key. It stands in no log line
//     and no error.
//   - A redirect is not followed, and private addresses are reached only where the
//     feed says so, as for targets of messages.
//   - A silence of ours carries its id in the comment at Alertmanager. So nothing has
//     to be remembered: one that is there is not posted again, whoever posted it and
//     whatever answer was lost, and it is no news when it is read back.
//   - One that somebody ends at Alertmanager ends here, too.
package feeds
