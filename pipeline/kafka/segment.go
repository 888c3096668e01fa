package kafka

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A partition of the embedded broker is a directory partitions/TOPIC-N with,
// for each segment, BASE.dat (record batches as on the wire, one after the
// other) and BASE.idx (15 bytes for each batch). This file reads and writes
// them; what it knows is checked by TestLayoutIsKfakes.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	indexEntrySize = 15
	indexVersion   = 1
	batchHead      = 61 // up to the records

	attrTransactional = 0x10
	attrControl       = 0x20
)

// batch is what repair needs of a record batch.
type batch struct {
	base      int64
	last      int64 // offset of its last record
	pos, size int64
	epoch     int32 // of the partition's leader, when it was written
	attrs     int16
	maxTime   int64
	pid       int64
	pidEpoch  int16
	commit    bool // of a control batch
}

func (b *batch) control() bool { return b.attrs&attrControl != 0 }
func (b *batch) transactional() bool {
	return b.attrs&attrTransactional != 0 && !b.control()
}

// segment is one .dat file.
type segment struct {
	dir     string
	base    int64
	size    int64 // of the file
	batches []batch
	whole   bool  // the first batch that can't be read is there to its end
	behind  int64 // where a whole batch follows it, 0 for nowhere
}

func (s *segment) dat() string { return filepath.Join(s.dir, strconv.FormatInt(s.base, 10)+".dat") }
func (s *segment) idx() string { return filepath.Join(s.dir, strconv.FormatInt(s.base, 10)+".idx") }

// good returns the length of the part that holds whole batches.
func (s *segment) good() int64 {
	if n := len(s.batches); n > 0 {
		return s.batches[n-1].pos + s.batches[n-1].size
	}
	return 0
}

// readSegment reads the batches of a segment up to the first that is not
// whole.
func readSegment(dir string, base int64) (*segment, error) {
	s := &segment{dir: dir, base: base}
	raw, err := os.ReadFile(s.dat())
	if err != nil {
		return nil, err
	}
	s.size = int64(len(raw))
	for pos := 0; ; {
		b, ok := readBatch(raw[pos:])
		if !ok {
			s.lookBehind(raw)
			return s, nil
		}
		b.pos = int64(pos)
		s.batches = append(s.batches, b)
		pos += int(b.size)
	}
}

func readBatch(raw []byte) (b batch, ok bool) {
	if len(raw) < batchHead {
		return b, false
	}
	length := int64(int32(binary.BigEndian.Uint32(raw[8:])))
	b.size = 12 + length
	if length < batchHead-12 || b.size > int64(len(raw)) || raw[16] != magic {
		return b, false
	}
	raw = raw[:b.size]
	if crc32.Checksum(raw[21:], castagnoli) != binary.BigEndian.Uint32(raw[17:]) {
		return b, false
	}
	b.base = int64(binary.BigEndian.Uint64(raw))
	b.epoch = int32(binary.BigEndian.Uint32(raw[12:]))
	b.attrs = int16(binary.BigEndian.Uint16(raw[21:]))
	b.last = b.base + int64(int32(binary.BigEndian.Uint32(raw[23:])))
	b.maxTime = int64(binary.BigEndian.Uint64(raw[35:]))
	b.pid = int64(binary.BigEndian.Uint64(raw[43:]))
	b.pidEpoch = int16(binary.BigEndian.Uint16(raw[51:]))
	if b.control() {
		var rec kmsg.Record
		if err := rec.ReadFrom(raw[batchHead:]); err == nil && len(rec.Key) >= 4 {
			b.commit = binary.BigEndian.Uint16(rec.Key[2:]) == 1
		}
	}
	return b, true
}

// indexBytes returns what the segment's .idx should hold. The latest time so
// far is recomputed by the broker when it loads, so it only has to be there.
func (s *segment) indexBytes() []byte {
	out := make([]byte, 0, len(s.batches)*indexEntrySize)
	for i := range s.batches {
		b := &s.batches[i]
		var e [indexEntrySize]byte
		e[0] = indexVersion
		binary.LittleEndian.PutUint32(e[2:], uint32(b.epoch))
		binary.LittleEndian.PutUint64(e[6:], uint64(b.maxTime))
		if b.transactional() {
			e[14] = 1
		}
		e[1] = byte(crc32.Checksum(e[2:], castagnoli))
		out = append(out, e[:]...)
	}
	return out
}

// indexMatches compares an .idx with the batches, leaving out the times.
func (s *segment) indexMatches(have []byte) bool {
	want := s.indexBytes()
	if len(have) != len(want) {
		return false
	}
	for i := 0; i < len(have); i += indexEntrySize {
		h, w := have[i:i+indexEntrySize], want[i:i+indexEntrySize]
		if h[0] != w[0] || string(h[2:6]) != string(w[2:6]) || h[14] != w[14] ||
			h[1] != byte(crc32.Checksum(h[2:], castagnoli)) {
			return false
		}
	}
	return true
}

// marker returns the control batch that ends a transaction at offset.
func marker(offset int64, epoch int32, pid int64, pidEpoch int16, commit bool, at int64) []byte {
	key := kmsg.ControlRecordKey{Type: kmsg.ControlRecordKeyTypeAbort}
	if commit {
		key.Type = kmsg.ControlRecordKeyTypeCommit
	}
	end := kmsg.EndTxnMarker{}
	rec := kmsg.Record{Key: key.AppendTo(nil), Value: end.AppendTo(nil)}
	rec.Length = int32(len(rec.AppendTo(nil)) - 1) // its own length takes one byte
	b := kmsg.RecordBatch{
		FirstOffset: offset, PartitionLeaderEpoch: epoch, Magic: 2,
		Attributes:     attrControl | attrTransactional,
		FirstTimestamp: at, MaxTimestamp: at,
		ProducerID: pid, ProducerEpoch: pidEpoch, FirstSequence: -1,
		NumRecords: 1, Records: rec.AppendTo(nil),
	}
	raw := b.AppendTo(nil)
	b.Length = int32(len(raw) - 12)
	raw = b.AppendTo(nil)
	b.CRC = int32(crc32.Checksum(raw[21:], castagnoli))
	return b.AppendTo(nil)
}

// partition is the segments of one partition, oldest first.
type partition struct {
	dir      string
	segments []*segment
}

func (p *partition) name() string { return filepath.Base(p.dir) }

// readPartition reads a partition.
func readPartition(dir string) (*partition, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var bases []int64
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".dat"); ok {
			if base, err := strconv.ParseInt(name, 10, 64); err == nil {
				bases = append(bases, base)
			}
		}
	}
	slices.Sort(bases)
	p := &partition{dir: dir}
	for _, base := range bases {
		s, err := readSegment(dir, base)
		if err != nil {
			return nil, err
		}
		p.segments = append(p.segments, s)
	}
	return p, nil
}

// each calls fn for every batch in order.
func (p *partition) each(fn func(*batch)) {
	for _, s := range p.segments {
		for i := range s.batches {
			fn(&s.batches[i])
		}
	}
}

// end returns the next offset and the leader epoch of the last batch.
func (p *partition) end() (next int64, epoch int32) {
	p.each(func(b *batch) { next, epoch = b.last+1, b.epoch })
	return next, epoch
}

// removeIfThere removes a file that may not exist.
func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
