package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/past"
	"pinkstar/cmd/pinkstar/replay"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

func (c *cli) addReplay() {
	clause := c.app.Command("replay", "Run a recorded log through the engine, offline, and print what comes out as NDJSON.")
	file := clause.Arg("file", "lines of signals, wrapped payloads, or records of the signals topic (kcat -J); plain, gzip or zstd; - for standard input").String()
	topic := clause.Flag("topic", "instead of a file, the signals topic as it is now").Bool()
	emit := clause.Flag("emit", "what to print, with commas: "+strings.Join(replay.Emits, ", ")).Default(schemas.Incidents.Name).String()
	s := withSettings(clause, config.ForEngine, config.ForKafka, config.ForSQL)
	c.on(clause, func(ctx context.Context, w world) error { return replayLog(ctx, w, s, *file, *topic, *emit) })
}

func replayLog(ctx context.Context, w world, s *settings, file string, topic bool, emit string) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	what := splitList(emit)
	for _, e := range what {
		if !slices.Contains(replay.Emits, e) {
			return usageError{fmt.Errorf("--emit: %q is not one of %s", e, strings.Join(replay.Emits, ", "))}
		}
	}
	set, topo, err := app.LoadRules(cfg)
	if err != nil {
		return usageError{err}
	}
	learnt, err := app.LoadLearnt(cfg)
	if err != nil {
		return usageError{err}
	}
	for _, warning := range topo.Warnings {
		fmt.Fprintf(w.err, "pinkstar: topology: %s\n", warning)
	}
	in, done, err := replayInput(ctx, w, cfg, file, topic, *s.flags["data"] != "")
	if err != nil {
		return err
	}
	defer done()
	show := newProgress(w.err)
	sum, err := replay.Run(ctx, in, w.out, replay.Options{
		Rules: set, Topology: topo, Learnt: learnt, Naming: cfg.Labels, Limits: cfg.Gateway.Limits, Mappings: cfg.Gateway.Mappings, Emit: what, Progress: show.line,
	})
	show.end()
	if err != nil {
		return err
	}
	if sum.Refused > 0 {
		fmt.Fprintf(w.err, "pinkstar: %d of %d positions could not be read; --emit decision says which and why\n", sum.Refused, sum.Refused+sum.Signals)
	}
	if sum.Refused > 0 && sum.Records > 0 {
		return fmt.Errorf("this is a copy of the signals topic, and %s; what was printed lacks what they said:\n  %s", refusals(&sum), strings.Join(sum.Reasons, "\n  "))
	}
	if sum.Refused > 0 && sum.Signals == 0 {
		return fmt.Errorf("%s: nothing in it could be read; want one signal or wrapped payload on each line, UTF-8", file)
	}
	return nil
}

// refusals says how much of a copy of the log was lost.
func refusals(sum *replay.Summary) string {
	more := ""
	if sum.Refused > len(sum.Reasons) {
		more = ", of which the first are"
	}
	return fmt.Sprintf("%d of its %d records could not be read%s", sum.Refused, sum.Refused+sum.Signals, more)
}

func replayInput(ctx context.Context, w world, cfg *config.Config, file string, topic, data bool) (io.Reader, func(), error) {
	if !topic {
		if file == "" && data {
			return nil, nil, usageError{errors.New("--data: nothing of it is read without --topic; give --topic, or a FILE (- for standard input)")}
		}
		return openInput(file, w)
	}
	if file != "" {
		return nil, nil, usageError{fmt.Errorf("--topic: a file is given as well: keep one of the two")}
	}
	if err := useRunning(cfg); err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	r, out := io.Pipe()
	go func() {
		out.CloseWithError(past.Dump(ctx, cfg.Kafka.Config, kafka.Deps{Log: app.NewLogger(cfg.Log, w.err).Level(zerolog.ErrorLevel)}, out))
	}()
	return r, cancel, nil
}

// openInput opens a file, or standard input for "-", which kingpin hands on as
// an empty word.
func openInput(file string, w world) (io.Reader, func(), error) {
	if file == "" || file == "-" {
		return w.in, func() {}, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, nil, err
	}
	return f, func() { _ = f.Close() }, nil // read only
}

func splitList(s string) []string {
	var out []string
	for w := range strings.SplitSeq(s, ",") {
		if w = strings.TrimSpace(w); w != "" {
			out = append(out, w)
		}
	}
	return out
}

// progress redraws one line on a terminal, once a replay has taken a while.
type progress struct {
	w       *os.File
	on      bool
	shown   bool
	started time.Time
	last    time.Time
}

func newProgress(w *os.File) *progress {
	return &progress{w: w, on: isatty.IsTerminal(w.Fd()), started: time.Now()}
}

func (p *progress) line(lines, signals int) {
	now := time.Now()
	if !p.on || now.Sub(p.started) < 2*time.Second || now.Sub(p.last) < 200*time.Millisecond {
		return
	}
	p.last, p.shown = now, true
	fmt.Fprintf(p.w, "\r%d lines, %d signals, %.0f signals/s ", lines, signals, float64(signals)/now.Sub(p.started).Seconds())
}

func (p *progress) end() {
	if p.shown {
		fmt.Fprint(p.w, "\r\033[K")
	}
}
