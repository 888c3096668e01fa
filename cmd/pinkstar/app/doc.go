// Package app puts a process together: what is embedded, the roles, the HTTP
// server, readiness, and the order in which all of it starts and stops.
//
// # Which file do I open
//
//   - app.go: Start, Wait, Stop
//   - schema.go: the embedded ClickHouse's schema: brought up to date, mended, filled again from the log
//   - embedded.go: the embedded Kafka and ClickHouse, topics and migrations
//   - roles.go: one constructor for each role
//   - engines.go: correlate's engine as pipeline/process wants it; reload.go: other
//     rules while it runs
//   - history.go: sinks/clickhouse's queries as sinks/web wants them; duties.go, reports.go:
//     who is on call, and reports, likewise; letters.go: reports that go by mail
//   - feeds.go: what is fetched, and by which roles
//   - server.go: the HTTP server: routes, limits, TLS
//   - door.go: what every request passes first: hosts, cross-site requests
//   - connections.go: who makes room when there are too many connections
//   - health.go: /-/healthy and /-/ready
//   - memory.go: what the process takes stays near what it holds
//   - stack.go: what is stopped, and in which order
//   - retain.go: what of the embedded Kafka is still needed, and by whom
//   - shadow.go: the second rule set; explain.go: the API's questions why
//   - migrate.go, repair.go, clock.go: the commands of the same names; steadyClock
//   - build.go: what the binary was built from
//   - log.go: the logger, and those of libraries
//   - datadir.go: the data directory: lock, password, endpoints.json
//
// # Non-obvious
//
//   - Start goes downstream first (writer, web, correlator, normaliser, HTTP
//     last), so that nothing is taken in before there is somebody to work on it.
//     Stop is the reverse: the door closes first.
//   - A role that ends while nobody stopped it ends the process with a sentence:
//     a process that lives with a dead role looks healthy and is not. The writer
//     is not dead while ClickHouse is away: it retries for ever.
//   - With brokers or a ClickHouse of your own, topics and tables are yours to
//     create (`topics apply`, `migrate`); Start refuses when they are missing.
//     What is embedded is ours, and Start applies both.
//   - ClickHouse of your own that is away at the start stops nothing: the
//     migrations are checked by the writer's first attempt that reaches it.
//   - A connection waits for a request only when its answer is out (ConnState), not
//     when its handler has returned: one that is let go then would lose the answer.
//   - A refused body is read all the same, within bounds: a connection closed with
//     unread bytes is reset, and the sender never sees why.
//   - endpoints.json is there exactly while the process is ready to be used. A
//     kill leaves it behind; the pid in it tells a stale one.
package app
