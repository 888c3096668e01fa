// Package config reads the one YAML file, the environment and the flags into
// one Config, checks it, and prints it back with the secrets left out.
//
// # Which file do I open
//
//   - config.go: the sections and their defaults; reports.go: those of reports by mail
//   - load.go: file, environment and flags, in this order, each over the one before
//   - settings.go: the flags and environment variables there are
//   - check.go: what must hold, and the sentence for each case; surroundings.go:
//     files and secrets that must be there
//   - print.go: `config print`
//   - text.go: rules and topology, inline or from a file; learnt pairs from a file
//
// # Non-obvious
//
//   - Everything that is wrong is told at once, each with file, line and column,
//     or the flag or variable it came from (package strict finds the places). What
//     could not be read is not judged.
//   - Check looks at nothing but the values: `pinkstar replay` runs where the
//     secrets of the gateway are not. `config check` and `run` ask for
//     Surroundings as well.
//   - A new setting needs no code to be refused when negative, and a new *_file to
//     be relative to the file and looked for: both are found by reflection.
//   - An unknown key is fatal and named with its line: a typing error in a limit
//     must not run as the default.
//   - The file is decoded over the defaults: a key that is absent keeps its
//     default, a list that is there replaces the default list.
//   - Paths in the file are relative to the file, paths in flags and environment
//     to the working directory. So are the files of the gateway's secrets.
//   - The texts of rules and topology are carried as they were written (inline:
//     as the YAML library prints them back, without comments): the correlator puts
//     the text itself on the log, and its hash is the version.
//   - "" for brokers or the DSN means embedded, each on its own.
package config
