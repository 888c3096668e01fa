// Package access says who may reach the HTTP server, and what each may do.
//
// # Which file do I open
//
//   - config.go: the section `access` and what must hold of it
//   - webconfig.go: who comes in by the web configuration file
//   - guard.go: who a request comes from
//   - listen.go: is an address beyond loopback, and what must hold there
//   - browser.go: what a browser can be made to send: foreign hosts, cross-site
//     requests
//
// # Non-obvious
//
//   - Without any token, on loopback, whoever reaches the port is "local" and may
//     do everything: who can connect there can read the data directory as well.
//     With the first token that ends, on loopback too.
//   - A name in a request's body is never believed. "by" is the token's name.
//   - A user of the web configuration file (exporter-toolkit's basic auth) is known
//     by name, but may only read until `access.tokens` names a role for it: the same
//     file lets senders in.
//   - Who sends signals is the gateway's business (pipeline/ingest, `gateway.sources`):
//     a sender's token opens no API, and an operator's token no webhook.
package access
