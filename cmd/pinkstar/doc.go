// Command pinkstar correlates alerts, tickets and changes into incidents and
// problems. It is the only place that wires the parts together, reads the
// configuration and handles signals.
//
// # Which file do I open
//
//   - main.go: exit codes and interruption; cli.go: the commands, their flags, and
//     what somebody who mistyped one meant
//   - people.go: what commands for people share; incident.go, problem.go, maintenance.go, actionitem.go:
//     one group each; console/: the client of the API, and how it looks;
//     completion.go: for shells
//   - oncall.go: who is on call; explain.go, backtest.go, rules.go: asking about decisions and rules;
//     past/ reads the log they ask; against.go: the configuration on real alerts, which
//     coverage/ counts
//   - report.go: the report of a month, the post-mortem of an incident
//   - learn.go: counting over a past which alerts come together; suggest.go: rules that
//     operators' corrections have in common
//   - run.go, replay.go, send.go, import.go, admin.go, migrate.go, clock.go, sql.go,
//     notify.go, mcp.go, repair.go, check.go, doctor.go, bench.go: one group of commands each
//   - config/: file, environment, flags; access/: who gets in, and what they may do
//   - app/: a running process: what is embedded, roles, HTTP server
//   - replay/: a log through the engine, offline; ndjson/: files of JSON lines
//   - doctor/: what an installation stands on, and what is wrong with it; bench/: what
//     it costs on this machine
//   - send/: the producing team's client; importer/: history, beside what is live
//   - demo/: the story
//
// # Exit codes
//
//	0    done, and for checks: all is well
//	1    something failed; the last line on stderr says what
//	2    the command line or the configuration is wrong
//	3    a check found something: topics differ, a rules test failed
//	4    what was ordered does not go with how things stand (409 of the API)
//	130  interrupted twice
//
// # Non-obvious
//
//   - The embedded ClickHouse is this same executable, started again as a child:
//     engine.MaybeChild comes before everything else in main and in TestMain.
//   - The first SIGINT or SIGTERM stops in order, the second at once. Stopping at
//     once loses nothing that was acknowledged; the next start takes longer.
package main
