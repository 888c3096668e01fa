package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules/strict"
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
  pinkstar replay    a recorded log through the engine, offline

Exit codes: 0 done, and for checks: all is well; 1 something failed; 2 the command line or the configuration is wrong; 3 a check found something; 4 what was ordered does not go with how things stand; 130 interrupted twice.`

func newCLI(w world) *cli {
	c := &cli{app: kingpin.New("pinkstar", about), actions: map[string]action{}}
	c.app.UsageWriter(w.out)
	c.app.ErrorWriter(w.err)
	c.app.HelpFlag.Short('h')
	c.app.Version("pinkstar " + versionText())
	c.addDemo()
	c.addRun()
	c.addReplay()
	c.addSend()
	c.addImport()
	c.addSQL()
	c.addTopics()
	c.addMigrate()
	c.addClock()
	c.addRepair()
	c.addEngine()
	c.addDoctor()
	c.addBench()
	c.addConfig()
	c.addRules()
	c.addIncident()
	c.addProblem()
	c.addAction()
	c.addMaintenance()
	c.addSilence()
	c.addOncall()
	c.addExplain()
	c.addMCP()
	c.addBacktest()
	c.addReport()
	c.addPostmortem()
	c.addLearn()
	c.addNotify()
	c.addCompletion()
	c.addVersion()
	return c
}

// ended is what a flag such as --help panics with once it has done its work, where
// kingpin would end the process.
type ended struct{}

func dispatch(ctx context.Context, args []string, w world) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(ended); !ok {
				panic(r)
			}
			err = nil
		}
	}()
	c := newCLI(w)
	c.app.Terminate(func(int) { panic(ended{}) })
	command, err := c.app.Parse(args)
	if err != nil {
		return usageError{fmt.Errorf("%w%s", err, c.hint(args, err))}
	}
	return c.actions[command](ctx, w)
}

// mistyped finds the word in kingpin's complaint.
var mistyped = regexp.MustCompile(`expected command but got "(.+)"|unknown long flag '--(?:no-)?([^=]+)'`)

// hint says what to do about an error in the command line.
func (c *cli) hint(args []string, err error) string {
	model := c.app.Model()
	commands, flags := model.Commands, model.Flags
	help := "pinkstar"
	for _, a := range args { // as far as the commands are right
		i := slices.IndexFunc(commands, func(m *kingpin.CmdModel) bool { return m.Name == a })
		if i < 0 {
			continue
		}
		help += " " + a
		flags = append(slices.Clone(flags), commands[i].Flags...)
		commands = commands[i].Commands
	}
	help = fmt.Sprintf("; `%s --help` lists commands and flags", help)
	m := mistyped.FindStringSubmatch(err.Error())
	if m == nil {
		return help
	}
	var known []string
	if word := m[2]; word != "" {
		for _, f := range flags {
			if !f.Hidden {
				known = append(known, f.Name)
			}
		}
		if near, ok := strict.Nearest(word, known); ok {
			return "; did you mean --" + near + "?"
		}
		return help
	}
	for _, k := range commands {
		known = append(known, k.Name)
	}
	if near, ok := strict.Nearest(m[1], known); ok {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; there are " + strings.Join(known, ", ")
}

// on says what a command does.
func (c *cli) on(clause *kingpin.CmdClause, do action) { c.actions[clause.FullCommand()] = do }

// settings is where a command's configuration comes from.
type settings struct {
	file  *string
	flags map[string]*string
	// switches are the flags without a value.
	switches map[string]*bool
}

// withSettings adds --config and the flags of the groups to a command.
func withSettings(clause *kingpin.CmdClause, groups ...config.Group) *settings {
	s := &settings{flags: map[string]*string{}, switches: map[string]*bool{}}
	s.file = clause.Flag("config", "configuration file, YAML ($PINKSTAR_CONFIG)").PlaceHolder("FILE").String()
	groups = append(groups, config.ForAll)
	for _, set := range config.Settings {
		if set.Flag == "" || !slices.Contains(groups, set.Group) {
			continue
		}
		if strings.HasPrefix(set.Flag, "insecure-") { // said, or not
			on := clause.Flag(set.Flag, fmt.Sprintf("%s ($%s)", set.Help, set.Env)).Bool()
			s.switches[set.Flag] = on
			continue
		}
		s.flags[set.Flag] = clause.Flag(set.Flag, fmt.Sprintf("%s ($%s)", set.Help, set.Env)).PlaceHolder(strings.ToUpper(set.Flag)).String()
	}
	return s
}

func (s *settings) inputs(w world) config.Inputs {
	in := config.Inputs{File: *s.file, Env: w.getenv, Flags: map[string]string{}}
	if in.File == "" {
		in.File = w.getenv("PINKSTAR_CONFIG")
	}
	for name, v := range s.flags {
		in.Flags[name] = *v
	}
	for name, on := range s.switches {
		if *on {
			in.Flags[name] = "true"
		}
	}
	return in
}

// load reads the configuration.
func (s *settings) load(w world) (*config.Config, error) {
	cfg, err := config.Load(s.inputs(w))
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
