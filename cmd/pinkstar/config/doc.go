// Package config reads the one YAML file, the environment and the flags into
// one Config, checks it, and prints it back with the secrets left out.
//
// # Which file do I open
//
//   - config.go: the sections and their defaults
//   - load.go: file, environment and flags, in this order, each over the one before
//   - settings.go: the flags and environment variables there are
//   - check.go: what must hold, and the sentence for each case
//   - print.go: `config print`
//   - text.go: rules and topology, inline or from a file; learnt pairs from a file
//
// # Non-obvious
//
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
