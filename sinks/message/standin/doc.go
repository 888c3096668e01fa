// Package standin has Slack, Jira, PagerDuty and a mail server as their
// documentation describes them, small enough to be started in this process: the
// demo shows what they received, and tests have people press and move things there.
//
// # Which file do I open
//
//   - slack.go, jira.go, pagerduty.go, mail.go: one each
//   - hooks.go: what they tell us: webhooks that wait, are signed, and are sent
//     again until they are taken
//
// # Non-obvious
//
//   - They keep state and know nothing of Pinkstar: what a second attempt does there
//     is what it does at the real ones. How they misbehave is tested beside the
//     targets (sinks/message).
//   - Webhooks are sent only when Post is called. Whoever tests a crash or an order of
//     events chooses when.
package standin
