package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rs/zerolog"
)

// RepairReport says what a crash left behind and what was done about it.
type RepairReport struct {
	Clean        bool // the broker was stopped in order: nothing was looked at
	Partitions   int
	Batches      int
	CutBytes     int64 // of batches that were being written
	Indexes      int   // rewritten
	Commits      int   // transactions whose commit had begun, completed
	Aborts       int   // transactions that were open, aborted
	StateEntries int   // written to the log of producer ids
}

// cleanMark is there while the broker is stopped after an orderly end.
const cleanMark = "clean"

// Repair makes the data directory of an embedded broker consistent after its
// process died: no half-written batch, an index entry for every batch, and
// every transaction ended the same way on all its partitions. A directory that
// was closed in order is read and left alone. Running it again, also after it
// died itself, gives the same result. What is not the trace of a crash is a
// *Damage, and nothing was changed.
func Repair(ctx context.Context, dir string, log zerolog.Logger) (RepairReport, error) {
	var rep RepairReport
	if !hasData(dir) {
		rep.Clean = true // new, or stopped before its first write
		return rep, begun(dir, nil)
	}
	_, err := os.Stat(filepath.Join(dir, cleanMark))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return rep, fmt.Errorf("repairing the embedded Kafka's data: %w", err)
	}
	rep.Clean = err == nil
	r := repair{dir: dir, log: log, report: &rep}
	if err := r.read(ctx); err != nil {
		return rep, err
	}
	if err := saveCatalogue(dir); err != nil {
		return rep, err
	}
	if rep.Clean {
		return rep, removeIfThere(filepath.Join(dir, cleanMark))
	}
	for _, step := range []func(context.Context) error{r.cut, r.endTransactions, r.state} {
		if err := step(ctx); err != nil {
			return rep, err
		}
	}
	log.Info().Int("partitions", rep.Partitions).Int("batches", rep.Batches).Int64("cut_bytes", rep.CutBytes).
		Int("indexes", rep.Indexes).Int("commits", rep.Commits).Int("aborts", rep.Aborts).
		Msg("embedded kafka: the last run did not end in order; its files are consistent again")
	return rep, nil
}

type repair struct {
	dir    string
	log    zerolog.Logger
	report *RepairReport
	parts  []*partition
	ended  []ending
}

// txn identifies a transaction. Since KIP-890 each has an epoch of its own;
// with older clients several transactions share one.
type txn struct {
	pid   int64
	epoch int16
}

// ending is how repair ended a transaction.
type ending struct {
	txn
	commit bool
}

// read reads everything and stops at what is not the trace of a crash.
func (r *repair) read(context.Context) error {
	found := checkCatalogue(r.dir)
	var err error
	if r.parts, err = readPartitions(r.dir); err != nil {
		return err
	}
	r.report.Partitions = len(r.parts)
	begin, err := readStarts(r.dir)
	if err != nil {
		return err
	}
	for _, p := range r.parts {
		if what := begin.headless(p); what != "" {
			found = append(found, what)
		}
		p.each(func(*batch) { r.report.Batches++ })
		if d := p.damage(r.report.Clean); d != nil {
			found = append(found, d.why)
		}
	}
	if len(found) > 0 {
		return &Damage{Dir: r.dir, Found: found}
	}
	if begin == nil {
		return begun(r.dir, r.parts)
	}
	return nil
}

func readPartitions(dir string) ([]*partition, error) {
	root := filepath.Join(dir, "partitions")
	entries, err := os.ReadDir(root)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var parts []*partition
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		p, err := readPartition(filepath.Join(root, e.Name()))
		if err != nil {
			return nil, err
		}
		parts = append(parts, p)
	}
	return parts, nil
}

// cut removes half-written batches and makes the indexes fit.
func (r *repair) cut(context.Context) error {
	for _, p := range r.parts {
		for _, s := range p.segments {
			if extra := s.size - s.good(); extra > 0 {
				if err := os.Truncate(s.dat(), s.good()); err != nil {
					return err
				}
				r.report.CutBytes += extra
				s.size = s.good()
			}
			have, err := os.ReadFile(s.idx())
			if err != nil && !os.IsNotExist(err) {
				return err
			}
			if err == nil && s.indexMatches(have) {
				continue
			}
			if err := replaceFile(s.idx(), s.indexBytes()); err != nil {
				return err
			}
			r.report.Indexes++
		}
		if err := p.removeOrphans(); err != nil {
			return err
		}
	}
	return nil
}

// removeOrphans removes indexes whose segment is gone: deleting a segment
// takes two steps, and a new segment could get the old one's name.
func (p *partition) removeOrphans() error {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		base, ok := strings.CutSuffix(e.Name(), ".idx")
		if !ok {
			continue
		}
		if _, err := os.Stat(filepath.Join(p.dir, base+".dat")); os.IsNotExist(err) {
			if err := os.Remove(filepath.Join(p.dir, e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// outcome is what the markers on all partitions say of a transaction.
type outcome struct {
	commits, aborts int
	// times of the markers: one EndTxn writes the same on all partitions.
	times map[int64]bool
}

// endTransactions ends what is open on a partition as it was ended on others:
// the broker writes the markers partition by partition, and a commit that has
// begun may have been read by somebody.
func (r *repair) endTransactions(context.Context) error {
	outcomes := map[txn]*outcome{}
	type openTxn struct {
		txn
		part *partition
	}
	var open []openTxn
	for _, p := range r.parts {
		here := map[int64]txn{}
		p.each(func(b *batch) {
			switch {
			case b.control():
				delete(here, b.pid)
				o := outcomes[txn{b.pid, b.pidEpoch}]
				if o == nil {
					o = &outcome{times: map[int64]bool{}}
					outcomes[txn{b.pid, b.pidEpoch}] = o
				}
				o.times[b.maxTime] = true
				if b.commit {
					o.commits++
				} else {
					o.aborts++
				}
			case b.transactional():
				here[b.pid] = txn{b.pid, b.pidEpoch}
			}
		})
		for _, t := range here {
			open = append(open, openTxn{t, p})
		}
	}
	slices.SortFunc(open, func(a, b openTxn) int {
		return cmp.Or(strings.Compare(a.part.dir, b.part.dir), cmp.Compare(a.pid, b.pid))
	})
	for _, t := range open {
		commit := r.decide(t.txn, outcomes[t.txn])
		if err := t.part.endTxn(t.txn, commit); err != nil {
			return err
		}
		if e := (ending{t.txn, commit}); !slices.Contains(r.ended, e) {
			r.ended = append(r.ended, e)
		}
		if commit {
			r.report.Commits++
		} else {
			r.report.Aborts++
		}
	}
	return nil
}

func (r *repair) decide(t txn, o *outcome) (commit bool) {
	if o == nil || o.commits == 0 {
		return false
	}
	if len(o.times) > 1 || o.aborts > 0 {
		// A client from before KIP-890 ended several transactions under this
		// epoch. Which one the open batches belong to can't be told; that the
		// process died between two markers is far less likely than that the
		// transaction had not ended yet.
		r.log.Warn().Int64("producer_id", t.pid).Int16("epoch", t.epoch).
			Msg("embedded kafka: aborting the open transaction of a client from before KIP-890")
		return false
	}
	return true
}

// endTxn appends a transaction's marker to the partition.
func (p *partition) endTxn(t txn, commit bool) error {
	next, epoch := p.end()
	last := p.segments[len(p.segments)-1]
	for len(last.batches) == 0 { // made, but never written to
		p.segments = p.segments[:len(p.segments)-1]
		last = p.segments[len(p.segments)-1]
	}
	// The marker's time is that of the batch before it: the file's contents
	// must not depend on when the repair ran.
	at := last.batches[len(last.batches)-1].maxTime
	raw := marker(next, epoch, t.pid, t.epoch, commit, at)
	b, ok := readBatch(raw)
	if !ok {
		return fmt.Errorf("the marker for producer %d is not readable: a bug", t.pid)
	}
	b.pos = last.good()
	if err := appendFile(last.dat(), raw); err != nil {
		return err
	}
	last.batches = append(last.batches, b)
	last.size += b.size
	return replaceFile(last.idx(), last.indexBytes())
}

func appendFile(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return closeAfter(f, err)
}

func closeAfter(f *os.File, err error) error {
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// replaceFile writes a file whole or not at all.
func replaceFile(path string, b []byte) error {
	tmp := path + ".tmp"
	if err := os.WriteFile(tmp, b, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
