// Package access says who may reach the HTTP server, and what each may do.
//
// # Which file do I open
//
//   - config.go: the section `access` and what must hold of it
//   - webconfig.go: who comes in by the web configuration file
//   - guard.go: who a request comes from
//   - signin.go, session.go: people with browsers sign in and stay so; oidc.go: at a
//     provider; proxy.go: one in front of us says who it is
//   - listen.go: is an address beyond loopback, and what must hold there
//   - browser.go: what a browser can be made to send: foreign hosts, cross-site
//     requests
//
// # Non-obvious
//
//   - Without any token, on loopback, whoever reaches the port is "local" and may
//     do everything: who can connect there can read the data directory as well.
//     With the first token that ends, on loopback too.
//   - What a request sends counts before a session: a wrong token is not made good
//     by a cookie. A session holds a mark of its token, and ends with it; one by OIDC
//     holds groups, not a role, and counts until the provider is to be asked again.
//   - Cookies are signed, each for one purpose, and hold no secret. Nothing is kept
//     of sessions but those that were left before their time.
//   - A name in a request's body is never believed. "by" is the token's name.
//   - A user of the web configuration file (exporter-toolkit's basic auth) is known
//     by name, but may only read until `access.tokens` names a role for it: the same
//     file lets senders in.
//   - Who sends signals is the gateway's business (pipeline/ingest, `gateway.sources`):
//     a sender's token opens no API, and an operator's token no webhook.
package access
