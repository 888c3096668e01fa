// Package web answers questions about incidents and problems over HTTP, for
// programs and as pages for people, and takes operators' commands.
//
// # Which file do I open
//
//   - root.go: New, Config, the routes, readiness
//   - view.go: the live state, a fold of the compacted topics; packed.go keeps the
//     long lists of it small; reader.go feeds it from Kafka
//   - gauges.go: what /metrics say of the live view
//   - history.go: the interface to what the view no longer holds (ClickHouse)
//   - list.go: filters, paging, and how live and history are put together
//   - detail.go: one incident with its members, story, links and why; precedents.go:
//     how often the like came before, what resolved it, error budgets
//   - access.go: who may ask and who may act; signin.go: how a browser signs in
//   - command.go: operators' commands become signals; refuse.go: what the live view
//     speaks against
//   - changes.go: the calendar of what is planned, runs and took place;
//     unannounced.go: which teams announce nothing;
//     announce.go: changes, windows and silences that people announce and end;
//     silences.go: which of them are to be made known elsewhere
//   - actionitems.go: what is to be done after incidents
//   - order.go: commands that come another way (package reply); verdict.go: what the
//     correlator makes of a command
//   - explain.go: the questions why and why not, and who answers them
//   - board.go: the pages' frame and words; boardlist.go, boardincident.go:
//     incidents; boardactions.go: what is to be done afterwards; boardform.go: forms
//     become the API's commands; boardpages.go: the pages about the whole
//     installation; boardlive.go tells pages of changes; board/: templates, style,
//     script
//   - records.go: what those pages ask of history, who is on call, reports
//   - answer.go: JSON answers and RFC 9457 errors
//   - openapi.yaml: the description that is served; a test compares it with the
//     routes
//
// # Non-obvious
//
//   - Live state wins over history: an incident that the view holds is shown
//     as the view has it, and filters are applied again, because ClickHouse
//     lags by a batch.
//   - The view holds what is not closed, and the newest closed ones up to a
//     limit. So its memory follows what is open, and a dead ClickHouse hides
//     only the past. Every answer says in "history" whether the past was asked,
//     answered, or could not be had.
//   - Pages are ordered by (detected_at, id), newest first: neither ever changes
//     for an incident, so a cursor stays right while incidents move under it.
//   - A command is answered 202 when its record is durable, not when it was
//     carried out: the correlator decides, and the command's decision says how.
//   - Who gives a command is who was let in (SetWho), never what the body says:
//     an incident's story must not name somebody who was not there.
//   - A page about a main incident shows things, not signals: an alert that fired,
//     recovered and fired again is one row in its latest state. The API gives the
//     signals of the incident itself.
//   - A page carries the position of what it shows, and is told what came after it;
//     another process, which counts for itself, compares imprints (view.go).
//   - What a page shows of one text is cut (brief, long in board.go), as its lists
//     are: what a sender said may have a megabyte.
//   - The pages work without a script, load nothing from elsewhere (their policy
//     forbids it), and show what is told as text: a test puts markup into every
//     field. Rows never move under the pointer: a page says that there is news.
//   - Nothing is served before the view has read up to where the topics ended
//     when it started: a half-read view would show incidents as open that are
//     long closed.
package web
