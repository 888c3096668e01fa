package kafka

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Damage is what no crash leaves behind: files that were altered, lost or put
// back from an older copy. Repair stops at it, since mending it takes away
// records that were acknowledged.
type Damage struct {
	Dir   string
	Found []string // one sentence each
}

// Error implements error.
func (d *Damage) Error() string {
	const most = 5
	found := d.Found
	more := ""
	if len(found) > most {
		found, more = found[:most], fmt.Sprintf("\n  and %d more", len(d.Found)-most)
	}
	return fmt.Sprintf("the data of the embedded Kafka is damaged, and not by a crash; nothing was changed:\n  %s%s\n"+
		"Either put %s back from a copy, or accept what is missing: `pinkstar repair --accept-damage` sets aside what can't be read and goes on with the rest",
		strings.Join(found, "\n  "), more, d.Dir)
}

// The catalogue: files without which the segments have no names.
const (
	metaFile   = "meta.json"
	topicsFile = "topics.json"
	backupDir  = "backup"  // copies of both
	asideDir   = "damaged" // what AcceptDamage set aside
)

// catalogue is what is known of topics.json.
type catalogue struct {
	Topics []struct {
		Name       string `json:"name"`
		Partitions int    `json:"partitions"`
	} `json:"topics"`
}

// hasData reports whether dir was written to by a broker.
func hasData(dir string) bool {
	for _, name := range []string{metaFile, topicsFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	parts, _ := os.ReadDir(filepath.Join(dir, "partitions"))
	return len(parts) > 0
}

// checkCatalogue says what is wrong with meta.json and topics.json.
func checkCatalogue(dir string) []string {
	found, unknown := readCatalogue(dir)
	for _, name := range unknown {
		found = append(found, fmt.Sprintf("partitions/%s holds records, and %s knows no such partition (an older copy of that file?)", name, topicsFile))
	}
	return found
}

// readCatalogue says what can't be read of meta.json and topics.json, and which
// partitions hold records of no topic that they know.
func readCatalogue(dir string) (found, unknown []string) {
	var meta struct {
		Version int `json:"version"`
	}
	if err := readJSON(filepath.Join(dir, metaFile), &meta); err != nil {
		found = append(found, fmt.Sprintf("%s, without which everything else is taken for nothing, %v", metaFile, err))
	}
	var c catalogue
	parts, _ := os.ReadDir(filepath.Join(dir, "partitions"))
	if err := readJSON(filepath.Join(dir, topicsFile), &c); err != nil {
		if len(parts) > 0 || !errors.Is(err, errGone) {
			found = append(found, fmt.Sprintf("%s, the names and ids of the topics, %v", topicsFile, err))
		}
		return found, nil
	}
	known := map[string]bool{}
	for _, t := range c.Topics {
		for p := range t.Partitions {
			known[partitionDir(t.Name, int32(p))] = true
		}
	}
	for _, e := range parts {
		if e.IsDir() && !known[e.Name()] && holdsRecords(filepath.Join(dir, "partitions", e.Name())) {
			unknown = append(unknown, e.Name())
		}
	}
	return found, unknown
}

// partitionDir is the name of a partition's directory.
func partitionDir(topic string, partition int32) string {
	return url.PathEscape(topic) + "-" + strconv.Itoa(int(partition))
}

func holdsRecords(dir string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "*.dat"))
	for _, f := range files {
		if st, err := os.Stat(f); err == nil && st.Size() > 0 {
			return true
		}
	}
	return false
}

var errGone = errors.New("is gone")

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err == nil {
		err = json.Unmarshal(b, v)
	}
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	return nil
}

// saveCatalogue copies meta.json and topics.json, from which they can be put
// back.
func saveCatalogue(dir string) error {
	if len(checkCatalogue(dir)) > 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(dir, backupDir), 0o700); err != nil {
		return err
	}
	for _, name := range []string{metaFile, topicsFile} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = replaceFile(filepath.Join(dir, backupDir, name), b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// damaged is a place in a partition from which on its records can't be read.
type damaged struct {
	segment int // index
	pos     int64
	why     string
}

// damage returns where p is damaged, nil when it is whole or ends as a crash
// leaves it: in the beginning of a batch. clean says that it was closed in
// order, so that not even that may be.
func (p *partition) damage(clean bool) *damaged {
	next := int64(-1)
	for i, s := range p.segments {
		at := func(pos int64, format string, args ...any) *damaged {
			return &damaged{i, pos, fmt.Sprintf("%s/%d.dat ", filepath.Base(p.dir), s.base) + fmt.Sprintf(format, args...)}
		}
		for j := range s.batches {
			b := &s.batches[j]
			if j == 0 && b.base != s.base {
				return at(0, "begins with offset %d", b.base)
			}
			if next >= 0 && b.base != next {
				return at(b.pos, "lacks the offsets from %d to %d", next, b.base-1)
			}
			next = b.last + 1
		}
		if s.good() == s.size {
			continue
		}
		switch {
		case i < len(p.segments)-1:
			return at(s.good(), "is damaged at byte %d of %d, and later segments follow", s.good(), s.size)
		case clean:
			return at(s.good(), "is damaged at byte %d of %d, although it was closed in order", s.good(), s.size)
		case s.behind > 0:
			return at(s.good(), "is damaged at byte %d of %d, and whole batches follow from byte %d on", s.good(), s.size, s.behind)
		case s.whole:
			return at(s.good(), "is damaged at byte %d of %d: a batch is there to its end and was altered", s.good(), s.size)
		}
	}
	return nil
}

// lookBehind notes what follows the first place that can't be read.
func (s *segment) lookBehind(raw []byte) {
	rest := raw[s.good():]
	if len(rest) < batchHead {
		return
	}
	n := int64(int32(binary.BigEndian.Uint32(rest[8:])))
	s.whole = n >= batchHead-12 && 12+n <= int64(len(rest)) && rest[16] == magic
	after := s.base - 1
	if k := len(s.batches); k > 0 {
		after = s.batches[k-1].last
	}
	for i := 1; i+batchHead <= len(rest); i++ {
		if rest[i+16] != magic {
			continue
		}
		if b, ok := readBatch(rest[i:]); ok && b.base > after {
			s.behind = s.good() + int64(i)
			return
		}
	}
}

// magic is the version of record batches, in their byte 16.
const magic = 2

// AcceptDamage makes a damaged directory one that Repair takes. What can't be
// read is set aside in the folder "damaged"; meta.json and topics.json come from
// their copies. It returns what it did. No broker may be running on dir.
func AcceptDamage(dir string) (done []string, err error) {
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = lock.Close() }()
	tell := func(format string, args ...any) { done = append(done, fmt.Sprintf(format, args...)) }
	if err := acceptCatalogue(dir, tell); err != nil {
		return done, err
	}
	_, err = os.Stat(filepath.Join(dir, cleanMark))
	clean := err == nil
	parts, err := readPartitions(dir)
	if err != nil {
		return done, err
	}
	if err := acceptHeadless(dir, parts, tell); err != nil {
		return done, err
	}
	for _, p := range parts {
		if d := p.damage(clean); d != nil {
			if err := p.setAside(dir, d); err != nil {
				return done, err
			}
			tell("%s: what is from there on was set aside in %s", d.why, asideDir)
		}
	}
	if len(done) > 0 { // the indexes no longer fit
		return done, removeIfThere(filepath.Join(dir, cleanMark))
	}
	return done, nil
}

func acceptCatalogue(dir string, tell func(string, ...any)) error {
	for _, name := range []string{metaFile, topicsFile} {
		var v any
		path := filepath.Join(dir, name)
		if readJSON(path, &v) == nil {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, backupDir, name))
		if err != nil {
			return fmt.Errorf("%s can't be read, and its copy in %s can't either: put it back from a copy of your own: %w", name, backupDir, err)
		}
		if err := replaceFile(path, b); err != nil {
			return err
		}
		tell("%s was put back from its copy in %s", name, backupDir)
	}
	var c catalogue
	if err := readJSON(filepath.Join(dir, topicsFile), &c); err != nil {
		return err
	}
	if len(checkCatalogue(dir)) == 0 {
		return nil
	}
	// Partitions that topics.json does not know: perhaps its copy does.
	if b, err := os.ReadFile(filepath.Join(dir, backupDir, topicsFile)); err == nil {
		old, rerr := os.ReadFile(filepath.Join(dir, topicsFile))
		if rerr != nil {
			return rerr
		}
		if err := replaceFile(filepath.Join(dir, topicsFile), b); err != nil {
			return err
		}
		if len(checkCatalogue(dir)) == 0 {
			tell("%s was older than its copy in %s, which was put back", topicsFile, backupDir)
			return nil
		}
		if err := replaceFile(filepath.Join(dir, topicsFile), old); err != nil {
			return err
		}
	}
	return setAsideUnknown(dir, tell)
}

// setAsideUnknown moves partitions that no topic has.
func setAsideUnknown(dir string, tell func(string, ...any)) error {
	found, unknown := readCatalogue(dir)
	if len(found) > 0 {
		return errors.New(strings.Join(found, "; "))
	}
	for _, name := range unknown {
		if err := moveAside(dir, filepath.Join("partitions", name), name); err != nil {
			return err
		}
		tell("partitions/%s, of no topic that is known, was set aside in %s", name, asideDir)
	}
	return nil
}

func moveAside(dir, path, as string) error {
	if err := os.MkdirAll(filepath.Join(dir, asideDir), 0o700); err != nil {
		return err
	}
	to := filepath.Join(dir, asideDir, as)
	for n := 1; ; n++ { // an earlier time's is kept
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			break
		}
		to = filepath.Join(dir, asideDir, as+"."+strconv.Itoa(n))
	}
	return os.Rename(filepath.Join(dir, path), to)
}

// setAside moves the segments behind a damage, and a copy of the damaged one,
// which is cut there.
func (p *partition) setAside(dir string, d *damaged) error {
	name := filepath.Base(p.dir)
	for i := len(p.segments) - 1; i > d.segment; i-- {
		s := p.segments[i]
		file := filepath.Base(s.dat())
		if err := moveAside(dir, filepath.Join("partitions", name, file), name+"-"+file); err != nil {
			return err
		}
	}
	s := p.segments[d.segment]
	raw, err := os.ReadFile(s.dat())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, asideDir), 0o700); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, asideDir, fmt.Sprintf("%s-%d.dat-from-byte-%d", name, s.base, d.pos)), raw[d.pos:], 0o600); err != nil {
		return err
	}
	if err := os.Truncate(s.dat(), d.pos); err != nil {
		return err
	}
	return removeIfThere(s.idx())
}
