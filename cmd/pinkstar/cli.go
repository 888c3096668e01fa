package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/config"
)

// action is what a command does.
type action func(context.Context, world) error

// cli is the command line: every command's flags bound to what it will do.
type cli struct {
	app     *kingpin.Application
	actions map[string]action
}

const about = `Correlates alerts, tickets and changes into incidents and problems.

It stands between Alertmanager (and other senders), Kafka and ClickHouse, and starts alone with Kafka and ClickHouse embedded:

  pinkstar demo      a story on a whole installation, in a minute
  pinkstar run       the service
  pinkstar replay    a recorded log through the engine, offline`

func newCLI(w world) *cli {
	c := &cli{app: kingpin.New("pinkstar", about), actions: map[string]action{}}
	c.app.UsageWriter(w.out)
	c.app.ErrorWriter(w.err)
	c.app.HelpFlag.Short('h')
	c.addDemo()
	c.addRun()
	c.addReplay()
	c.addSend()
	c.addTopics()
	c.addMigrate()
	c.addClock()
	c.addEngine()
	c.addConfig()
	c.addRules()
	c.addExplain()
	c.addBacktest()
	c.addLearn()
	c.addVersion()
	return c
}

func dispatch(ctx context.Context, args []string, w world) error {
	c := newCLI(w)
	command, err := c.app.Parse(args)
	if err != nil {
		return usageError{fmt.Errorf("%w; `pinkstar --help` lists commands and flags", err)}
	}
	return c.actions[command](ctx, w)
}

// on says what a command does.
func (c *cli) on(clause *kingpin.CmdClause, do action) { c.actions[clause.FullCommand()] = do }

// settings is where a command's configuration comes from.
type settings struct {
	file  *string
	flags map[string]*string
}

// withSettings adds --config and the flags of the groups to a command.
func withSettings(clause *kingpin.CmdClause, groups ...config.Group) *settings {
	s := &settings{flags: map[string]*string{}}
	s.file = clause.Flag("config", "configuration file, YAML ($PINKSTAR_CONFIG)").PlaceHolder("FILE").String()
	groups = append(groups, config.ForAll)
	for _, set := range config.Settings {
		if set.Flag == "" || !slices.Contains(groups, set.Group) {
			continue
		}
		s.flags[set.Flag] = clause.Flag(set.Flag, fmt.Sprintf("%s ($%s)", set.Help, set.Env)).PlaceHolder(strings.ToUpper(set.Flag)).String()
	}
	return s
}

// load reads the configuration.
func (s *settings) load(w world) (*config.Config, error) {
	in := config.Inputs{File: *s.file, Env: w.getenv, Flags: map[string]string{}}
	if in.File == "" {
		in.File = w.getenv("PINKSTAR_CONFIG")
	}
	for name, v := range s.flags {
		in.Flags[name] = *v
	}
	cfg, err := config.Load(in)
	if err != nil {
		return nil, usageError{err}
	}
	return cfg, nil
}

// asUsage marks an error of the caller's making.
func asUsage(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return err
	}
	return usageError{err}
}
