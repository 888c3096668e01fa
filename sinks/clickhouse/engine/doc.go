// Package engine gives Pinkstar a real ClickHouse with nothing installed: it
// fetches the engine as a library (once, with the machine's own npm client)
// and runs it as a child process with ClickHouse's own native and HTTP
// listeners.
//
// # Which file do I open
//
//   - release.go: which engine, for which platform, with which checksums
//   - fetch.go, unpack.go: getting it into the user's cache directory
//   - start.go: starting, supervising and stopping the engine
//   - process.go: one child process
//   - guard.go: what stands before the native listener, and why it must
//   - config.go: the child's configuration and users
//   - child.go: what the child does instead of being pinkstar
//
// # Non-obvious
//
//   - The child is our own executable, started again with an environment
//     variable set. Every main and every TestMain that may start an engine
//     calls MaybeChild first; without it the program would start itself.
//   - The child reads its stdin for ever: closing our end stops it, and so does
//     our death, however it comes. It ignores SIGINT, SIGTERM and SIGHUP and has
//     its own process group, so that Ctrl-C stops us first and it afterwards.
//   - The child holds a lock on the data directory through a descriptor
//     inherited from us. The lock lives as long as either of the two, so a
//     restart after kill -9 waits until the old engine has really gone.
//   - The engine exits with status 0 on errors too: any exit that Stop did not
//     ask for is an error here, and the child is started again.
//   - On its own, the library's native listener can be killed by a wrong
//     password or by resetting an idle connection; so clients, ours too, go
//     through the guard, which costs a splice.
//   - The inner session that opens the listeners runs as the user "default",
//     which must stay without a password. It may open the listeners and wait,
//     and nothing else; data belongs to a user of our own.
//   - Close client pools before Stop, or it takes 5 s.
package engine
