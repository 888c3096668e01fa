// Package rules reads what an operator writes: the rule set (grouping rules,
// and every weight, window and limit of the engine) and the service topology;
// and what `pinkstar learn` writes, pairs of alerts that often come together.
// All are strict YAML: an unknown key is an error that names file, line and
// what to do. Everything has a default, so an empty file works.
//
// # Which file do I open
//
//   - set.go: the types of a rule set
//   - defaults.go: the value of everything that is left out; released.yaml: the
//     same for texts out of a log, frozen
//   - parse.go: YAML to a checked Set; errors with file and line
//   - print.go: a Set with every default written out
//   - strict/: YAML with all its mistakes at once, each with its place; the
//     configuration is read with it too
//   - weights.go, weightstext.go: the points of evidence; setting.go: one setting
//     changed by its name
//   - naming.go: labels of the settings become part of the rules
//   - index.go: which rules match a signal, cheaply among 10,000; need.go: what a
//     label's value must be like for matchers to hold
//   - topology.go: services, what they depend on, and their instances
//   - learnt.go: pairs of alerts that often come together
//   - messages.go: what people hear, and when; rota.go: who is on call; ready.go: what
//     keeps them from being called
//   - impact.go: what is checked of prices, hours and figures
//   - duration.go: 90s, 5m, 7d
//
// # Non-obvious
//
//   - FromLog takes what earlier versions took: what they silently ignored, such as
//     a second document, is an error only where a person hands it in.
//   - The version of a rule set is made from the effective set: every value that
//     holds, whether the file, a default or a fitted weight says it. A comment
//     changes no version, another default does. A topology's version is that of
//     its text. Learnt pairs alone can be absent: no text has no version.
//   - Text travels in the log (schemas.Activation) and in snapshots. That of a
//     Set leaves nothing out, so that no binary puts anything of its own in.
//     What earlier releases wrote there left the defaults out, which are
//     therefore frozen (Released).
//   - The package reads no file and no clock: the correlator activates rule
//     sets out of the log.
package rules
