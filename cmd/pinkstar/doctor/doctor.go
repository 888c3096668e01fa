package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
)

// Level is how bad a finding is.
type Level string

// The levels, from good to bad.
const (
	Good    Level = "ok"
	Unknown Level = "unknown" // it could not be asked
	Warning Level = "warning" // works, and will not for ever
	Failure Level = "failure" // does not work, or loses something
)

// Finding is one thing that was looked at.
type Finding struct {
	About string `json:"about"` // config, kafka, topics, rights, lag, clock, clickhouse, process
	Level Level  `json:"level"`
	What  string `json:"what"`
	Fix   string `json:"fix,omitempty"` // what to do; empty where all is well
}

// Findings are in the order in which things were looked at.
type Findings []Finding

// Bad reports whether anything needs somebody.
func (fs Findings) Bad() bool {
	for _, f := range fs {
		if f.Level == Warning || f.Level == Failure {
			return true
		}
	}
	return false
}

// Print writes a line for each, and the fix below what is wrong.
func (fs Findings) Print(w io.Writer) error {
	var b strings.Builder
	for _, f := range fs {
		fmt.Fprintf(&b, "%-8s %-11s %s\n", f.Level, f.About, f.What)
		if f.Fix != "" {
			fmt.Fprintf(&b, "%21s-> %s\n", "", f.Fix)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// limit is how long one examination may take.
const limit = 20 * time.Second

// doctor collects findings.
type doctor struct {
	cfg *config.Config
	log zerolog.Logger
	now func() time.Time
	fs  Findings
}

func (d *doctor) say(about string, level Level, fix, format string, args ...any) {
	d.fs = append(d.fs, Finding{About: about, Level: level, What: fmt.Sprintf(format, args...), Fix: fix})
}

func (d *doctor) good(about, format string, args ...any) { d.say(about, Good, "", format, args...) }

func (d *doctor) within(ctx context.Context, examine func(context.Context)) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	examine(ctx)
}

// Examine looks at everything. faults are what was wrong with the settings when
// they were read.
func Examine(ctx context.Context, cfg *config.Config, faults error, log zerolog.Logger) Findings {
	d := &doctor{cfg: cfg, log: log, now: time.Now}
	if !d.settings(faults) {
		return d.fs
	}
	where := d.process(ctx)
	if brokers := d.brokersToAsk(where); brokers != nil {
		d.within(ctx, func(ctx context.Context) { d.kafka(ctx, *brokers) })
	}
	if cfg.Has(config.RoleWrite) || cfg.Has(config.RoleWeb) {
		d.within(ctx, func(ctx context.Context) { d.clickhouse(ctx, where) })
	}
	return d.fs
}

// settings says what is wrong with the configuration and what it names. With
// faults in the file itself there is nothing to go on with.
func (d *doctor) settings(faults error) bool {
	const fix = "correct it; `pinkstar config check` reads it again"
	for _, err := range lines(faults) {
		d.say("config", Failure, fix, "%s", err)
	}
	if faults != nil {
		return false
	}
	missing := d.cfg.Surroundings()
	_, topo, _, wrong := app.Texts(d.cfg)
	for _, err := range lines(append(missing, wrong...).Err()) {
		d.say("config", Failure, fix, "%s", err)
	}
	if topo != nil {
		for _, w := range topo.Warnings {
			d.say("config", Warning, "correct the topology file", "topology: %s", w)
		}
	}
	if len(d.fs) == 0 {
		d.good("config", "settings, rules, topology and what they name can be read")
	}
	return true
}

// lines takes an error apart into what its text says line by line.
func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(strings.TrimSpace(err.Error()), "\n")
}

// cause is an error without what franz-go and clickhouse-go put around it when
// time ran out.
func cause(ctx context.Context, err error) string {
	if ctx.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("no answer within %s", limit)
	}
	return err.Error()
}
