// Package importer brings recorded history into an installation that runs: what
// others have kept of the time before it, marked as imported.
//
// # Which file do I open
//
//   - read.go: files to signals; sort.go: in the order of their times, with what
//     the files leave out
//   - run.go: through an engine of its own; mark.go: what becomes of its outcomes
//   - publish.go: to the topics of the outcomes
//
// # Non-obvious
//
//   - History never touches the log of signals. There it would come at the log
//     time of now: every window, lifetime and time to detect would be measured
//     between last year and today, and its alerts could join incidents that are
//     open. It runs through an engine of its own instead, as `pinkstar replay`
//     does, at its own times, and only what comes of it is published.
//   - An incident is published once, when it has closed: nobody sees last year's
//     outage open. What the history leaves open ends with it. Nothing is later
//     than the history's last signal, so that a second import says the same.
//   - Nobody saw these incidents when they happened, and nobody was told: there is
//     no detected_at, no notice and no cost. How often and how long is known.
//   - The same files under the same rules give the same ids and revisions, so a
//     second import changes nothing. An incident's id has the time of its opening
//     in it and never equals a live one's. A signal that the installation has
//     decided on itself keeps that decision: imported ones have revisions below all
//     others.
//   - The engines that run are told of the problems that were found, by their log
//     (schemas.WhatProblems): what came back last year and comes again is an
//     occurrence of a known problem. That is all they learn.
//   - It needs Kafka, and there is no import through the gateway: what is published
//     are incidents and decisions, which no sender may write, and the engine that
//     makes them takes the memory of a year, which no request may. Who can't reach
//     the brokers runs it where they are.
//   - Outcomes are stamped with the time of the import on Kafka: under the
//     history's own the brokers would delete them before they were read.
package importer
