// Package replay runs a recorded log through the engine, offline: no Kafka, no
// clock, no file but the input. Two runs print the same bytes.
//
// # Which file do I open
//
//   - replay.go: lines into engines; ndjson/own.go: lines that are our own records
//   - outcome.go: what the engine said last about each signal, incident, problem
//   - print.go: the lines that come out: incidents, decisions, and whatever else
//     the engine says, by the names of schemas.Outcomes
//
// # Non-obvious
//
//   - A line that is a record of the signals topic, by its value or as kcat -J
//     prints it, is taken as it is: ticks and activations too, each partition by
//     an engine of its own. Rules, topology and learnt pairs given on the command
//     line hold until the log activates others, as a start with them does.
//   - Log time follows the records by the rule of package logtime. Other lines
//     are one partition, whose log time is the running maximum of received_at: a
//     file has no owner that could be a witness. Nothing moves it at the end: incidents and decisions are
//     printed as they stand when the last line has been read, so an incident
//     whose resolve delay is not over is still open.
//   - Every position of the input gets one decision line, redeliveries too: they
//     carry the signal id and incident of the first delivery. A line that cannot
//     be read gets decision "refused" under its line number and stops nothing.
//   - parent_id of a decision is the outermost incident, incident_id itself when
//     there is none above; parent_id of an incident is "" for a main one.
//   - An incident's lists of members and timeline are not printed: the decisions
//     and --emit timeline say the same, and keeping them for every incident until
//     the end would cost more than the engine does.
package replay
