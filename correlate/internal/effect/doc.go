// Package effect finds out what people are to hear of an incident, and whom to
// call: it holds what a main incident is now against what was said of it.
//
// # Which file do I open
//
//   - news.go: whether there is something to say, and how urgent it is;
//     message.go: the message that says it
//   - tree.go: the incident with everything below it; head.go: how it looks at
//     this moment; audience.go: who hears it
//   - escalate.go: who is called, and who next
//   - beside.go: what other systems are asked to do: tickets, changes, mail
//   - window.go: what a window that is over left burning
//   - budget.go: how much may be said
//
// # Non-obvious
//
//   - What is said follows from a comparison of states, not from events. What
//     changed and changed back between two messages is not said, and however much
//     happens in between, it is one message.
//   - Nothing here changes the state: the caller takes the new Talk and schedules.
package effect
