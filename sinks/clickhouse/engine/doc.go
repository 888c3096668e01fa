// Package engine gives Pinkstar a real ClickHouse with nothing installed: it
// fetches the engine as a library (once, with the machine's own npm client)
// and runs it as a child process with ClickHouse's own native and HTTP
// listeners.
//
// # Which file do I open
//
//   - release.go: which engine, for which platform, with which checksums
//   - fetch.go, unpack.go: getting it into the user's cache directory
//   - start.go: options, starting and stopping the engine
//   - supervise.go: keeping it running: deaths, hangs, outages
//   - process.go: one child process
//   - lock.go: who has the data directory
//   - guard.go, guard_http.go: what stands before the listeners, and why it must
//   - config.go: the child's configuration and users; what those may do is in
//     package rights
//   - child.go, nowhere.go: what the child does instead of being pinkstar
//   - confine_linux.go: what the kernel refuses it
//
// # Non-obvious
//
//   - The child is our own executable, started again with an environment
//     variable set, and with no other but TZ. Every main and every TestMain that
//     may start an engine calls MaybeChild first; without it the program would
//     start itself.
//   - The child reads its stdin for ever: closing our end stops it, and so does
//     our death, however it comes. It ignores SIGINT, SIGTERM and SIGHUP and has
//     its own process group, so that Ctrl-C stops us first and it afterwards.
//   - The child holds a lock on the data directory through a descriptor
//     inherited from us. The lock lives as long as either of the two, so a
//     restart after kill -9 waits until the old engine has really gone, and kills
//     one that hangs.
//   - The engine exits with status 0 on errors too: any exit that Stop did not
//     ask for is an outage, and so are three questions without an answer. It is
//     started again for ever: SQL that is away must not end the intake.
//   - On its own, the library's native listener can be killed by a wrong
//     password or by resetting an idle connection; so clients, ours too, go
//     through the guard, which costs a splice. Who finds the listener behind it
//     can still do that; the engine comes back.
//   - The inner session that opens the listeners runs as the user "default",
//     who can't have a password: the engine leaves no way to give one. It has
//     room for one session (max_sessions_for_user), which is taken before the
//     listeners open, so nobody who connects can be that user.
//   - The engine is clickhouse-local inside, whose SQL function file() takes any
//     path and needs no grant. It fails where there is no working directory, so
//     the child has none while it serves. Landlock is the
//     second line: no files beyond the data directory and the system's libraries,
//     no programs, no connections. With Options.Binary there is neither: there,
//     whoever has a password reads what this process's user reads.
//   - The owner's and the writer's passwords are new with every start and only
//     in memory; the reader's is the caller's business.
//   - Close client pools before Stop, or it takes 5 s.
package engine
