// Package doctor looks at everything that an installation stands on, and says
// what is wrong with it and what to do: the configuration, Kafka, ClickHouse, and
// the process that runs on the data directory. It changes nothing.
//
// # Which file do I open
//
//   - doctor.go: findings, and the order of the examinations
//   - brokers.go: brokers, topics, what we may do with them, lag, clocks
//   - sql.go: ClickHouse's schema, rights, clock and disks
//   - process.go: what is embedded, and the process at work
//
// # Non-obvious
//
//   - One thing that fails must not hide another: each examination has its own time
//     limit, and only what depends on what failed is left out.
//   - Kafka has no request for the brokers' clock. What is compared is the newest
//     record of each topic, whose time is its producer's.
//   - Brokers that do not authorize do not say what we may do either.
package doctor
