// Package message brings effects to chats, pagers, mailboxes and other systems:
// the targets of the role notify.
//
// # Which file do I open
//
//   - config.go: the settings' notify.targets, and the target made of one
//   - words.go: an effect as people read it; every target takes its words from there
//   - client.go: HTTP with what all targets need: where it may go, and which
//     failures are sure to have had no effect
//   - slackbuttons.go, back.go: what package reply needs, where people answer
//   - slack.go, jira.go, mail.go, msteams.go, pagerduty.go, webhook.go: the targets;
//     mailreport.go: the report of a month as a mail
//
// # Non-obvious
//
//   - What makes a second attempt harmless differs: PagerDuty and webhooks have a
//     key, mail its Message-ID, Slack neither: there a message carries its key as
//     metadata and is looked for in the channel. Jira's search does not know a new
//     ticket for a while, so that one is only made again once the search had time.
//   - A connection that could not be made had no effect. One that broke after the
//     request was written may have had: that is no RetryError.
//   - Secrets are in headers and bodies, never in an error: Go puts a URL into its
//     errors, and a webhook's URL is a secret, so the client takes it out.
package message
