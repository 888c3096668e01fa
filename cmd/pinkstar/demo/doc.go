// Package demo tells the story of the Pink Star on a whole installation: the
// events of a disaster that nobody handled, sent through the real gateway and
// the real topics, and what becomes of them when somebody does.
//
// # Which file do I open
//
//   - demo.go: Run, and the parts of the evening in order
//   - history.go: the year before, generated; year.go: taking it in, and the
//     problem that it shows
//   - story.go: the attack, beat by beat
//   - payload.go: Alertmanager's and Jira's payloads, as they post them
//   - topology.yaml, rules.yaml: what the station's people would have written
//   - look.go: what is read back after a beat, checked and shown
//   - proof.go: the questions of the day after, and their SQL
//   - outside.go: Slack, Jira, PagerDuty and mail, as far as the station uses them;
//     told.go: what they received
//   - papers.go: the report and the post-mortem at the end
//   - clock.go: the clock that the pipeline goes by meanwhile
//   - reach.go, deliver.go: HTTP, Kafka and SQL, as anybody outside would
//   - pipeline.go: what the demo needs to be given; print.go, text.go: the page
//
// # Non-obvious
//
//   - Nothing is claimed that was not read back. A line with ▸ comes from the API
//     or from ClickHouse; what should be there and does not appear ends the demo
//     with an error and an exit code.
//   - The pipeline runs on the demo's Clock. It stands still while the year is
//     taken in: otherwise a tick, stamped with the present, would move log time
//     past everything that is still to come. Then it runs through the story and
//     joins the machine's clock at the end, so that afterwards an alert of your
//     own is of the present, too.
//   - The year goes onto one topic under one key. In several partitions it would
//     arrive in another order, and a log in another order is another log.
//   - A record's delivery time-out must not be the client's: franz-go counts it
//     from the record's timestamp, and these lie in the past.
//   - The story depends on the engine's default weights as everybody's alerts do.
//     engine_test.go plays it without the machinery, on every day of the week,
//     and says first when a change of weights takes the story apart.
package demo
