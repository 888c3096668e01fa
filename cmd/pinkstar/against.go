package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/cmd/pinkstar/coverage"
	"pinkstar/cmd/pinkstar/ndjson"
	"pinkstar/cmd/pinkstar/past"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// trial is a configuration tried on alerts.
type trial struct {
	file, as, since, scope   string
	given                    bool // a file; kingpin makes "" of "-"
	history, signals, asJSON bool
}

func withTrial(clause *kingpin.CmdClause) *trial {
	t := &trial{}
	clause.Flag("against", "try the configuration on the alerts in this file, - for standard input: a payload as its sender sends it (Alertmanager's webhook, its GET /api/v2/alerts, any other sender), or JSON lines (signals, recorded payloads, an export of a topic), packed with gzip or zstd too. Prints which labels name what, which alerts nothing is known of, and which have no procedure").PlaceHolder("FILE").IsSetByUser(&t.given).StringVar(&t.file)
	clause.Flag("as", "whose payload that is, as in gateway.sources; otherwise it is recognised").PlaceHolder("SENDER").StringVar(&t.as)
	clause.Flag("signals", "with --against: print the signals that are made of it, one a line, instead").BoolVar(&t.signals)
	clause.Flag("against-history", "try it on the recorded past: --clickhouse's signals, or else those of the topic").BoolVar(&t.history)
	clause.Flag("since", "with --against-history: leave out what is older: a time, or how long before now, such as 30d").StringVar(&t.since)
	clause.Flag("scope", "with --against-history: only this correlation scope").StringVar(&t.scope)
	clause.Flag("json", "with either: as JSON").BoolVar(&t.asJSON)
	return t
}

func (t *trial) wanted() bool { return t.given || t.history }

func (t *trial) run(ctx context.Context, w world, cfg *config.Config, set *rules.Set, topo *rules.Topology) error {
	if t.given && t.history {
		return usageError{errors.New("--against and --against-history: give one of them")}
	}
	t.file = cmp.Or(t.file, "-")
	tally := coverage.New(set, topo, cfg.Labels)
	var err error
	switch {
	case t.history:
		err = t.ofHistory(ctx, w, cfg, tally)
	case t.signals:
		return t.ofFile(ctx, w, cfg, func(s *schemas.Signal) error {
			_, err := fmt.Fprintf(w.out, "%s\n", schemas.AppendSignal(nil, s))
			return err
		})
	default:
		err = t.ofFile(ctx, w, cfg, func(s *schemas.Signal) error {
			tally.Add(s)
			return nil
		})
	}
	report := tally.Report()
	if err != nil && report.Deliveries == 0 {
		return err
	}
	return errors.Join(err, t.tell(w, report)) // what could be read is told all the same
}

// tell prints what was found.
func (t *trial) tell(w world, report *coverage.Report) error {
	var err error
	if t.asJSON {
		err = writeJSON(w.out, report)
	} else {
		err = report.Write(w.out)
	}
	if err == nil && report.Found() {
		return errFound
	}
	return err
}

func (t *trial) ofHistory(ctx context.Context, w world, cfg *config.Config, tally *coverage.Tally) error {
	since, err := sinceOf(t.since, time.Now())
	if err != nil {
		return usageError{fmt.Errorf("--since: %w", err)}
	}
	each := func(s *schemas.Signal, _ schemas.Time) { tally.Add(s) }
	_, err = readLog(ctx, w, cfg, "", past.Options{Since: since, Scope: t.scope, Each: each})
	return err
}

// ofFile hands every signal of the file to each. What could not be read is said; it is
// an error when nothing could, or in what is one payload.
func (t *trial) ofFile(ctx context.Context, w world, cfg *config.Config, each func(*schemas.Signal) error) error {
	in, done, err := openInput(t.file, w)
	if err != nil {
		return err
	}
	defer done()
	plain, unpacked, err := ndjson.Decompressed(in)
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	defer unpacked()
	most := cfg.Gateway.Limits.DecompressedBytes
	head, err := io.ReadAll(io.LimitReader(plain, most+1))
	if err != nil {
		return fmt.Errorf("%s: %w", t.file, err)
	}
	translator := ingest.NewTranslator(cfg.Labels, cfg.Gateway.Limits, cfg.Gateway.Mappings)
	if t.as != "" || int64(len(head)) <= most && !inLines(head) {
		if int64(len(head)) > most {
			return fmt.Errorf("%s is over %d bytes (gateway.limits.decompressed_bytes)", t.file, most)
		}
		if t.as == "" && !readable(head) {
			return fmt.Errorf("%s is neither JSON nor a calendar; alerts are wanted as they are sent, such as `curl ALERTMANAGER/api/v2/alerts`, and no rules that make them (--as SENDER for other forms)", t.file)
		}
		return t.ofPayload(w, translator, head, each)
	}
	return t.ofLines(ctx, w, translator, io.MultiReader(bytes.NewReader(head), plain), int(most), each)
}

// readable reports whether text is of a form that is recognised.
func readable(text []byte) bool {
	text = bytes.TrimPrefix(bytes.TrimSpace(text), []byte("\xef\xbb\xbf"))
	return len(text) > 0 && (text[0] == '{' || text[0] == '[' || bytes.HasPrefix(text, []byte("BEGIN:")))
}

// inLines reports whether text is JSON line by line, and not one payload: that is no
// JSON as a whole, or is a record of ours.
func inLines(text []byte) bool {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false // a calendar, or nothing readable
	}
	if json.Valid(text) {
		own, err := ndjson.OwnRecord(text)
		return own != nil || err != nil
	}
	first, _, several := bytes.Cut(text, []byte("\n"))
	return several && json.Valid(first)
}

func (t *trial) ofPayload(w world, translator *ingest.Translator, body []byte, each func(*schemas.Signal) error) error {
	signals, notes, wrong := translator.Try(ingest.Source(t.as), body, ingest.Meta{ReceivedAt: schemas.TimeOf(time.Now())})
	for i := range signals {
		if err := each(&signals[i]); err != nil {
			return err
		}
	}
	for _, n := range notes {
		fmt.Fprintf(w.err, "pinkstar: %s\n", n)
	}
	if wrong != nil {
		return fmt.Errorf("%s: %w", t.file, wrong)
	}
	return nil
}

func (t *trial) ofLines(ctx context.Context, w world, translator *ingest.Translator, in io.Reader, most int, each func(*schemas.Signal) error) error {
	read, wrong := 0, error(nil)
	o := past.Options{Each: func(s *schemas.Signal, _ schemas.Time) {
		read++
		if wrong == nil {
			wrong = each(s)
		}
	}}
	p, err := past.FromFile(ctx, in, translator, most, o)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", t.file, err)
	case wrong != nil:
		return wrong
	case read == 0 && p.Refused > 0:
		return fmt.Errorf("%s: nothing in it could be read: %s", t.file, p.Reason)
	}
	warnPast(w, p)
	return nil
}
