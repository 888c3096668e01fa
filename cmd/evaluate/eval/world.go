package eval

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/schemas"
)

// ReadWorld reads a world from a folder: events.ndjson (or .gz) as `pinkstar
// replay` takes it from Alertmanager, topology.yaml, and the truth in
// truth.ndjson and faults.ndjson. Recordings of real systems whose terms do not
// let them be in this repository are kept in that form.
func ReadWorld(dir string) (*Data, error) {
	d := &Data{Name: filepath.Base(dir)}
	var err error
	if d.Topology, err = os.ReadFile(filepath.Join(dir, "topology.yaml")); err != nil {
		return nil, err
	}
	truth, err := readTruth(dir)
	if err != nil {
		return nil, err
	}
	if err := d.readEvents(dir, truth); err != nil {
		return nil, err
	}
	return d, d.readFaults(dir)
}

// place is where an alert stands in events.ndjson: its line, from 1, and its
// index in the notification there.
type place struct{ line, index int }

// told is what truth.ndjson says of an alert.
type told struct {
	Line  int    `json:"line"`
	Index int    `json:"index"`
	Fault string `json:"fault"`
	Root  string `json:"root_service"`
	First bool   `json:"first"` // its placement is judged
}

func readTruth(dir string) (map[place]told, error) {
	truth := map[place]told{}
	return truth, eachLine(filepath.Join(dir, "truth.ndjson"), func(_ int, b []byte) error {
		var t told
		if err := json.Unmarshal(b, &t); err != nil {
			return err
		}
		truth[place{t.Line, t.Index}] = t
		return nil
	})
}

// notification is as much of Alertmanager's webhook as the engine is told of.
type notification struct {
	ReceivedAt schemas.Time `json:"received_at"`
	Payload    struct {
		Alerts []struct {
			Status      string            `json:"status"`
			Labels      map[string]string `json:"labels"`
			Annotations map[string]string `json:"annotations"`
			StartsAt    schemas.Time      `json:"startsAt"`
			EndsAt      schemas.Time      `json:"endsAt"`
			Fingerprint string            `json:"fingerprint"`
		} `json:"alerts"`
	} `json:"payload"`
}

func (d *Data) readEvents(dir string, truth map[place]told) error {
	naming := schemas.DefaultNaming()
	return eachLine(filepath.Join(dir, "events.ndjson"), func(line int, b []byte) error {
		var n notification
		if err := json.Unmarshal(b, &n); err != nil {
			return err
		}
		for i, a := range n.Payload.Alerts {
			t := truth[place{line, i}]
			l := sim.Labelled{Fault: t.Fault, Root: t.Root, Later: !t.First}
			if l.Fault == "" {
				l.Noise = "noise-" + strconv.Itoa(line) + "-" + strconv.Itoa(i)
			}
			l.Signal = schemas.Signal{
				Kind: schemas.KindAlert, Source: "alertmanager", Status: schemas.Status(a.Status), Fingerprint: a.Fingerprint,
				Labels: schemas.LabelsOf(a.Labels), Annotations: schemas.LabelsOf(a.Annotations), Summary: a.Annotations["summary"],
				StartsAt: a.StartsAt, ReceivedAt: n.ReceivedAt,
			}
			if l.Status == schemas.StatusResolved {
				l.EndsAt = a.EndsAt
			}
			if err := naming.Complete(&l.Signal); err != nil {
				return err
			}
			d.Signals = append(d.Signals, l)
		}
		return nil
	})
}

func (d *Data) readFaults(dir string) error {
	return eachLine(filepath.Join(dir, "faults.ndjson"), func(_ int, b []byte) error {
		var f struct {
			ID      string       `json:"id"`
			Root    string       `json:"root_service"`
			Aliases []string     `json:"root_aliases"`
			Start   schemas.Time `json:"start"`
			End     schemas.Time `json:"end"`
		}
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
		d.Faults = append(d.Faults, sim.Fault{ID: f.ID, Root: f.Root, Roots: append([]string{f.Root}, f.Aliases...), Start: f.Start, End: f.End})
		return nil
	})
}

// eachLine calls f with every line of a file, or of the same file with .gz.
func eachLine(path string, f func(line int, b []byte) error) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = unpacked(path + ".gz")
	}
	if err != nil {
		return err
	}
	line := 0
	for b := range bytes.Lines(raw) {
		line++
		if b = bytes.TrimSpace(b); len(b) == 0 {
			continue
		}
		if err := f(line, b); err != nil {
			return fmt.Errorf("%s: line %d: %w", path, line, err)
		}
	}
	return nil
}

func unpacked(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return io.ReadAll(z)
}
