// Package mcp lets assistants ask what is open and why, over the Model Context
// Protocol. Its tools ask the API, as the person whose credentials they come with:
// so roles, limits and answers are the API's.
//
// # Which file do I open
//
//   - server.go: New, the tools that ask
//   - brief.go: what an assistant is told of an incident
//   - command.go: the one tool that gives commands, where that is switched on
//   - http.go: /mcp, where each request asks the API in the same process
//
// # Non-obvious
//
//   - Only questions are answered unless told otherwise: a text in an alert can try
//     to talk an assistant into something. What tools return is said to be data.
//   - /mcp keeps no sessions: each request is served as whoever sent it, and a
//     session's id that leaked opens nothing.
//   - An assistant's room is small: lists are cut, and say so.
package mcp
