// Package ingest lets signals in: pure translators from every known sender's
// payload to schemas.Signal, and the gateway, the HTTP handlers around them.
//
// # Which file do I open
//
//   - translate.go: Translator, and how a payload's elements are kept apart so
//     that one bad alert does not lose the others
//   - recognise.go: what is this record? Also the wrapped form of replay files
//   - alertmanager.go, grafana.go, recorder.go (Alertmanager's event recorder),
//     silence.go, jira.go, servicenow.go, pagerduty.go, cloudevents.go,
//     cdevents.go, calendar.go, repeats.go and window.go (iCalendar): one sender each
//   - limits.go: what one payload may ask of us
//   - gateway.go: paths, order of the checks, answers; config.go, auth.go,
//     body.go, secret.go, answer.go, metrics.go: its parts
//
// # Non-obvious
//
//   - A translator never reads a clock: received_at is given. With none (offline)
//     it comes from the payload, then from the event's own time. The wrapped form
//     may name an earlier time than the given one, so that history can be taken in;
//     a later one does not count, or a sender could push log time ahead.
//   - The webhook and the event recorder must give the same alert the same id, so
//     both have the source "alertmanager", and the recorder's decimal fingerprint
//     is written as the 16 hexadecimal digits of the webhook. A missing
//     fingerprint is computed as Prometheus does.
//   - On topics and in replays one bad alert in a group is refused alone; over HTTP
//     the whole request is, because a sender that is told 400 must be able to
//     believe that nothing of it was taken.
//   - A text that is no JSON is refused whole, wherever the error stands.
//   - Limits drop or cut what does not make an identity, with a flag: the latest
//     state of an alert is never lost to a limit.
//   - Overload and brokers out of reach are 503, never 429: Alertmanager drops
//     what gets 429.
//   - Windows of a calendar are always "planned" and keep their ids however often
//     the calendar is read. A silence is a window that suppresses what it matches.
//   - PagerDuty's routing key is a secret and is never read.
package ingest
