package kafka

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io/fs"
	"math"
	"os"
	"path/filepath"
)

// The embedded broker keeps producer ids and groups' offsets in logs of framed
// JSON entries: length, CRC and version, little-endian, then the entry. It
// ignores a torn tail when it loads, and then appends behind it, so that what
// it writes from there on is never read again. Repair cuts the tail.

const (
	entryHead    = 10 // length 4, CRC 4, version 2
	entryVersion = 1
)

// entries returns the whole entries and how many bytes they take.
func entries(raw []byte) (out [][]byte, good int) {
	for good+entryHead <= len(raw) {
		n := int(binary.LittleEndian.Uint32(raw[good:]))
		if n < 2 || n > len(raw)-good-8 {
			break
		}
		body := raw[good+8 : good+8+n]
		if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(raw[good+4:]) {
			break
		}
		out = append(out, body[2:])
		good += 8 + n
	}
	return out, good
}

func appendEntry(b []byte, v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return b, err
	}
	body := binary.LittleEndian.AppendUint16(nil, entryVersion)
	body = append(body, data...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(body, castagnoli))
	return append(b, body...), nil
}

// pidEntry is an entry of pids.log.
type pidEntry struct {
	Type    string `json:"type"` // init, endtx, timeout
	PID     int64  `json:"pid"`
	Epoch   int16  `json:"epoch"`
	TxID    string `json:"txid,omitempty"`
	Timeout int32  `json:"timeout,omitempty"`
	Commit  *bool  `json:"commit,omitempty"`
}

// state cuts torn tails, and tells the log of producer ids how transactions
// ended, so that a producer elsewhere that is still alive is fenced rather than
// going on in the middle of a transaction whose beginning is gone.
func (r *repair) state(context.Context) error {
	// The windows of sequence numbers are only saved when the broker is
	// stopped in order: what is there is older than the log. Sessions of
	// clients died with the process.
	for _, name := range []string{"seq_windows.json", "session_state.json"} {
		if err := removeIfThere(filepath.Join(r.dir, name)); err != nil {
			return err
		}
	}
	if _, err := r.cutLog("groups.log"); err != nil {
		return err
	}
	raw, err := r.cutLog("pids.log")
	if err != nil {
		return err
	}
	var add []byte
	for _, e := range pidEndings(raw, r.ended) {
		if add, err = appendEntry(add, e); err != nil {
			return err
		}
		r.report.StateEntries++
	}
	if len(add) == 0 {
		return nil
	}
	return appendFile(filepath.Join(r.dir, "pids.log"), add)
}

// pidEndings returns the entries that bring the producers up to date.
func pidEndings(raw [][]byte, ended []ending) []pidEntry {
	known := map[int64]*pidEntry{}
	for _, b := range raw {
		var e pidEntry
		if json.Unmarshal(b, &e) != nil {
			continue // as the broker does
		}
		if k := known[e.PID]; e.Type == "init" {
			known[e.PID] = &e
		} else if k != nil {
			k.Epoch = e.Epoch
		}
	}
	var out []pidEntry
	for _, t := range ended {
		k := known[t.pid]
		if k == nil || k.Epoch != t.epoch || k.Epoch == math.MaxInt16 {
			continue // forgotten, or it has moved on
		}
		commit := t.commit
		k.Type, k.Epoch, k.Commit = "init", t.epoch+1, &commit
		out = append(out, *k)
	}
	return out
}

func (r *repair) cutLog(name string) ([][]byte, error) {
	path := filepath.Join(r.dir, name)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	es, good := entries(raw)
	if good < len(raw) {
		r.report.CutBytes += int64(len(raw) - good)
		return es, os.Truncate(path, int64(good))
	}
	return es, nil
}
