// Package identity finds out what a signal is about: its service, instance, host
// and namespace, and what its text and labels name besides.
//
// # Which file do I open
//
//   - subject.go: what a signal is about; the service in a pod's name
//   - named.go: host, instance and team by labels that the rules give a meaning later
//   - mention.go: what a text names: services, tickets, incidents, alerts
//
// # Non-obvious
//
//   - Entities are made for what is named (state.Entity with make); Release drops
//     those that no incident came to refer to.
//   - A machine is not a pod: only a label for pods may mean the pod of a
//     StatefulSet, since node-7 and ip-10-0-3-17 are called alike and share
//     nothing.
//   - In the text of an alert only whole names count, in a ticket's also what
//     people call a family of services.
package identity
