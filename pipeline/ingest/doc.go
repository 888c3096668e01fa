// Package ingest lets signals in: pure translators from every known sender's
// payload to schemas.Signal, and the gateway, the HTTP handlers around them.
//
// # Which file do I open
//
//   - sender.go: the list of senders, what each must say of itself, and how one
//     is recognised; each stands in a file called as it is
//   - translate.go: Translator, and how a payload's elements are kept apart so
//     that one bad alert does not lose the others
//   - tree.go: reading of senders that are rare and of which little is used
//   - mapping.go: senders that the configuration describes
//   - recognise.go: a record of a topic, whose headers may say what it is
//   - feed.go: calendars that are fetched, and shifts
//   - repeats.go, window.go, zone.go, vtimezone.go and completeset.go: parts of
//     calendar.go
//   - limits.go: what one payload may ask of us
//   - effect.go: what a sender may do, whichever way its signals come
//   - budget.go: the bytes of all requests together
//   - gateway.go: paths, order of the checks, answers; config.go, auth.go,
//     body.go, answer.go, metrics.go: its parts
//
// # Senders
//
// Name, path of the webhook and the topic its records belong on (any of the
// input topics will do: records are recognised):
//
//	alertmanager  /webhook/alertmanager  alerts   receivers: webhook_configs: url, send_resolved: true
//	azure         /webhook/azure         alerts   action group: webhook, common alert schema enabled
//	calendar      -                      changes  an iCalendar text; over HTTP to /signals as text/calendar
//	cdevents      -                      changes  without an envelope; within one to /webhook/cloudevents
//	cloudevents   /webhook/cloudevents   changes  1.0: structured, binary, batched
//	cloudwatch    /webhook/cloudwatch    alerts   alarm action: SNS topic, HTTPS subscription; EventBridge API destination
//	datadog       /webhook/datadog       alerts   Integrations: Webhooks, payload of deploy/senders/datadog.json
//	dynatrace     /webhook/dynatrace     alerts   Problem notifications: custom integration, also for closed problems
//	github        /webhook/github        changes  repository or organisation: webhook, application/json, event deployment_status
//	gitlab        /webhook/gitlab        changes  project or group: webhook, deployment events, secret token (token: {header: X-Gitlab-Token})
//	googlecloud   /webhook/googlecloud   alerts   Alerting: notification channel of type webhook (basic authentication)
//	grafana       /webhook/grafana       alerts   Alerting: contact point of type webhook
//	icinga        /webhook/icinga        alerts   Icinga 2: API event stream, or a notification command as for Nagios
//	jira          /webhook/jira          tickets  System: WebHooks, issue and comment events
//	nagios        /webhook/nagios        alerts   notification command of deploy/senders/nagios.cfg
//	newrelic      /webhook/newrelic      alerts   workflow: webhook with the default template
//	opsgenie      /webhook/opsgenie      alerts   integration: Webhook
//	pagerduty     /webhook/pagerduty     tickets  Integrations: Generic Webhooks (v3); or Events v2
//	recorder      -                      alerts   Alertmanager's event_recorder: kafka_outputs
//	sentry        /webhook/sentry        alerts   internal integration as alert action; signed
//	servicenow    /webhook/servicenow    alerts   em_event records
//	signals       /signals               alerts   our own: an object, an array or NDJSON
//	silences      -                      changes  Alertmanager's GET /api/v2/silences
//	splunk        /webhook/splunk        alerts   alert action: webhook
//	wrapped       -                      -        {"source", "received_at", "payload"}: replay files
//	zabbix        /webhook/zabbix        alerts   media type of deploy/senders/zabbix.js
//
// A new sender is a file with its sender value and its reader, one line in
// senders, one above, and a fixture in testdata/payloads named after it (its
// golden by -update). What it looks like must exclude every other sender:
// recognition does not depend on the order, and the tests try every fixture.
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
//   - One bad alert in a group is refused alone, over HTTP too: Alertmanager does
//     not send a group again after a 4xx. The answer is 202 with what was refused,
//     which is in the dead letter by then; 400 says that nothing was taken.
//   - A text that is no JSON is refused whole, wherever the error stands.
//   - Limits drop or cut what does not make an identity, with a flag: the latest
//     state of an alert is never lost to a limit.
//   - Rights are to effects, judged on what was read, not on paths: every way to the
//     same effect (an envelope, our own format, another path) needs the same right.
//     Commands have none. Once one path asks for credentials, no path is open.
//   - A maintenance signal without a "change" says nothing of suppressing, and would
//     prolong a window that does: from who may not suppress it says that it does not.
//   - Memory is paid for before it is taken, by what a text may become: elements,
//     maps, signals, dead letters. A place among those that are worked on is taken
//     when the body is there, so slow bodies hold none.
//   - A Content-Type is required, and none that a form of another site can send, except
//     where a sender insists (SNS): there the server's check of the origin must do.
//   - Overload and brokers out of reach are 503, never 429: Alertmanager drops
//     what gets 429.
//   - Windows of a calendar are always "planned" and keep their ids however often
//     the calendar is read; the newest text counts, whatever its SEQUENCE. What is
//     no longer in it says nothing, so completeset.go adds a signal of what is left
//     of each series and of a published calendar (METHOD:PUBLISH with a name), and
//     the engine takes the rest as gone. Two published calendars with the same maker
//     and name in one scope are taken for one.
//   - A silence is a window that suppresses what it matches, by the labels as they
//     were sent. It keeps all its matchers or is refused. One that names no
//     environment holds in each of labels.environments, and is told in each. The
//     labels of another window narrow what it suppresses (narrow.go).
//   - A time is never taken for UTC in silence: an unknown zone is refused, and one
//     that is not named anywhere is flagged zone_missing.
//   - A number is seconds, milliseconds, micro- or nanoseconds by its size.
//   - What is no fault and gives no signal (a test button, a note of a person, an
//     alert that is pending) is a nothingError: answered 202 with a note.
//   - No address that a sender names is ever opened.
//   - PagerDuty's routing key is a secret and is never read.
package ingest
