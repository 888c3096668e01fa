// Package reply takes what comes back from the targets of package message: a
// button that is pressed in Slack, a ticket that is moved in Jira, a page that is
// acknowledged in PagerDuty become commands, as if they were given by the API.
//
// # Which file do I open
//
//   - reply.go: Desk, its paths, what becomes of an order, metrics
//   - slack.go: presses; slackdialog.go: what is asked before one is carried out
//   - jira.go: webhooks about the tickets that we made; jiraecho.go: which of them are our own doing
//   - pagerduty.go: webhooks (V3) about the incidents that we triggered
//   - signature.go: who really sent a request, and whether it was sent before
//   - book.go: which ticket is whose, and what we wrote last, of the deliveries
//
// # Non-obvious
//
//   - Each target has its own path, /reply/NAME, and its own secret. Without a
//     secret in the settings there is no path: nobody could tell who speaks.
//   - A command has the target's name as its source. The effect that follows says so
//     (via), and that target need not be told what it told us.
//   - Who pressed in Slack must be known (access.people), for whoever is in a channel
//     can press. Who moved a ticket or acknowledged a page was allowed to by Jira or
//     PagerDuty: somebody unknown is named as that system does, with its name behind.
//   - Our own writes come back as webhooks. In Jira they are known by our account;
//     where that can't be told, by what the deliveries say we wrote about then. In
//     PagerDuty only what a user did counts: an integration's doing is ours.
//   - Webhooks come late, twice and in any order. A ticket is asked how it is now; on
//     the pager, what is older than what was told last changes nothing.
//   - Whatever is not recognised as an echo is held against the incident as it is: what
//     it says already is refused and has no effect, so that a loop can't go round.
//   - A webhook is told 503 only for what another try can mend. A refusal is a 200 with
//     the reason, or the sender would try for hours and then switch the webhook off.
package reply
