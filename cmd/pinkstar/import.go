package main

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/app"
	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/importer"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// importArgs is what was asked.
type importArgs struct {
	files   []string
	until   string
	limit   int
	skip    bool
	dry     bool
	started time.Time
}

func (c *cli) addImport() {
	clause := c.app.Command("import", "Bring recorded history into an installation: its incidents and problems at their own times, marked as imported, apart from what is live. A second import changes nothing.")
	a := &importArgs{}
	clause.Arg("file", "lines of signals or payloads, as `pinkstar replay` takes them; plain, gzip or zstd; - for standard input").Required().StringsVar(&a.files)
	clause.Flag("until", "leave out what was received later: a time, or how long before now, such as 30d").StringVar(&a.until)
	clause.Flag("limit", "how many signals to hold in memory at most, about 2 KB each").Default("2000000").IntVar(&a.limit)
	clause.Flag("skip-bad", "import what can be read and report the rest").BoolVar(&a.skip)
	clause.Flag("dry-run", "only say what would come of it").BoolVar(&a.dry)
	s := withSettings(clause, config.ForKafka, config.ForEngine)
	s.flags["data"] = clause.Flag("data", "directory of a running pinkstar whose embedded Kafka is meant ($PINKSTAR_DATA)").String()
	c.on(clause, func(ctx context.Context, w world) error { return a.run(ctx, w, s) })
}

func (a *importArgs) run(ctx context.Context, w world, s *settings) error {
	cfg, err := s.load(w)
	if err != nil {
		return err
	}
	set, topo, learnt, faults := app.Texts(cfg)
	if err := faults.Err(); err != nil {
		return usageError{err}
	}
	if !a.dry {
		if err := useRunning(cfg); err != nil {
			return err
		}
	}
	a.started = time.Now()
	h, err := a.read(ctx, w, cfg)
	if err != nil {
		return err
	}
	sum, err := a.correlate(ctx, w, cfg, h, importer.Setup{Rules: set, Topology: topo, Learnt: learnt})
	if err != nil {
		return err
	}
	if a.dry {
		fmt.Fprintf(w.out, "would import: ")
	}
	if sum.Ended > 0 {
		fmt.Fprintf(w.err, "pinkstar: alerts that never recovered in it: %d; they end when they were last heard of\n", sum.Ended)
	}
	fmt.Fprintf(w.out, "%d signals from %s to %s: %d incidents and %d problems, imported under rules %s\n", sum.Signals, sum.From, sum.To, sum.Incidents, sum.Problems, set.Version)
	return nil
}

// read reads all files before anything is published: a line that is wrong stops
// the import with nothing done.
func (a *importArgs) read(ctx context.Context, w world, cfg *config.Config) (*importer.History, error) {
	opts := importer.ReadOptions{Naming: cfg.Labels, Limits: cfg.Gateway.Limits, Mappings: cfg.Gateway.Mappings, Now: schemas.TimeOf(a.started), Max: a.limit}
	var err error
	if opts.Until, err = sinceOf(a.until, a.started); err != nil {
		return nil, usageError{fmt.Errorf("--until: %w", err)}
	}
	h := importer.NewHistory(opts)
	for _, name := range a.files {
		in, done, err := openInput(name, w)
		if err != nil {
			return nil, err
		}
		err = h.Read(ctx, name, in)
		done()
		if err != nil {
			return nil, err
		}
	}
	for _, b := range h.Bad {
		fmt.Fprintf(w.err, "pinkstar: %s\n", b)
	}
	if h.More > 0 {
		fmt.Fprintf(w.err, "pinkstar: and %d more\n", h.More)
	}
	if h.Later > 0 {
		fmt.Fprintf(w.err, "pinkstar: %d signals were received after --until and left out\n", h.Later)
	}
	if len(h.Bad) > 0 && !a.skip {
		return nil, fmt.Errorf("nothing was imported: the lines above can't be read (--skip-bad imports the rest)")
	}
	if h.Signals() == 0 {
		return nil, fmt.Errorf("nothing was imported: nothing in it could be read")
	}
	return h, h.Sort()
}

func (a *importArgs) correlate(ctx context.Context, w world, cfg *config.Config, h *importer.History, setup importer.Setup) (importer.Summary, error) {
	show := newProgress(w.err)
	defer show.end()
	setup.Progress = func(done, _ int) { show.line(done, done) }
	if a.dry {
		return h.Run(ctx, setup)
	}
	deps := kafka.Deps{Log: app.NewLogger(cfg.Log, w.err).Level(zerolog.ErrorLevel)}
	p, err := importer.NewPublisher(cfg.Kafka.Config, deps, a.started)
	if err != nil {
		return importer.Summary{}, err
	}
	defer p.Close()
	if err := tellOverlap(ctx, w, p, deps, h); err != nil {
		return importer.Summary{}, err
	}
	if err := p.ReadProblems(ctx, deps); err != nil {
		return importer.Summary{}, err
	}
	setup.Tell = func(known []schemas.KnownProblem) error { return p.Tell(ctx, known) }
	setup.Emit = func(e schemas.Emission) error { return p.Put(ctx, e) }
	sum, err := h.Run(ctx, setup)
	if err != nil {
		return sum, err
	}
	return sum, p.Flush(ctx)
}

// tellOverlap says what the installation's own log has of the history's time.
func tellOverlap(ctx context.Context, w world, p *importer.Publisher, deps kafka.Deps, h *importer.History) error {
	o, err := p.Overlap(ctx, deps, h)
	if err != nil {
		return err
	}
	if o.Records > 0 {
		from, to := h.Span()
		fmt.Fprintf(w.err, "pinkstar: this installation's own log has %d records between %s and %s: what is in both is imported beside what it has; --until leaves the later part of the files out\n", o.Records, from, to)
	}
	if o.Known > 0 {
		fmt.Fprintf(w.err, "pinkstar: %d of these signals were known already: this installation decided on them when they came, and that stays in force\n", o.Known)
	}
	return nil
}
