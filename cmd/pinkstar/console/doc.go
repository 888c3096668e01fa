// Package console is Pinkstar at a terminal: a client of the API, and what
// incidents, problems and the calendar look like as text.
//
// # Which file do I open
//
//   - client.go: asking and ordering over HTTP, and what is said when it is refused
//   - order.go: a command, until it was carried out or refused
//   - incident.go, problem.go, calendar.go, actionitem.go: lists and single ones as text
//   - text.go: tables, ages, moments
//
// # Non-obvious
//
//   - What comes from alerts and tickets is printed without control characters:
//     they could move a terminal's cursor or set its title.
//   - A token goes to the address that was given and nowhere else: redirects are
//     not followed.
//   - The API answers a command when it is durable. Whether it could be carried out
//     shows in the incident, or in the command's decision.
package console
