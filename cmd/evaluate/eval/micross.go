package eval

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/schemas"
)

//go:embed testdata/micross testdata/huawei
var realData embed.FS

const sourceMicroSS = "micross"

// MicroSS is a real system under injected faults: metric, trace and log alerts
// of ten service instances, a cache and a coordinator, with no severity, no
// resolve and a lot of background. Its labels say in whose window an alert
// fell, not what caused it.
type MicroSS struct {
	topology []byte
	faults   []sim.Fault
	alerts   map[int][]sim.Labelled // by fault, in order of time
	clone    map[int]bool           // time-shifted copies of other faults
}

// LoadMicroSS reads the embedded files.
func LoadMicroSS() (*MicroSS, error) {
	m := &MicroSS{alerts: map[int][]sim.Labelled{}, clone: map[int]bool{}}
	if err := m.loadTopology(); err != nil {
		return nil, err
	}
	if err := m.loadFaults(); err != nil {
		return nil, err
	}
	return m, m.loadAlerts()
}

func (m *MicroSS) loadFaults() error {
	return lines("testdata/micross/MicroSS.faults.ndjson", func(b []byte) error {
		var f struct {
			Fault     int          `json:"fault"`
			Start     schemas.Time `json:"start_ms"`
			End       schemas.Time `json:"end_ms"`
			Entity    string       `json:"entity"`
			Augmented bool         `json:"augmented"`
		}
		if err := json.Unmarshal(b, &f); err != nil {
			return err
		}
		service := strings.TrimRight(f.Entity, "0123456789")
		m.faults = append(m.faults, sim.Fault{
			ID: fmt.Sprintf("fault-%04d", f.Fault), Kind: "instance", Root: service, Roots: []string{service, f.Entity},
			Start: f.Start, End: f.End,
		})
		m.clone[f.Fault] = f.Augmented
		return nil
	})
}

func (m *MicroSS) loadAlerts() error {
	naming := schemas.DefaultNaming()
	return lines("testdata/micross/MicroSS.alerts.ndjson.gz", func(b []byte) error {
		var a struct {
			ID     int          `json:"id"`
			At     schemas.Time `json:"ts_ms"`
			Kind   string       `json:"kind"`
			Entity string       `json:"entity"`
			Node   string       `json:"node"`
			Peer   string       `json:"peer"`
			Name   string       `json:"name"`
			State  string       `json:"state"`
			Text   string       `json:"text"`
			Fault  int          `json:"fault"`
		}
		if err := json.Unmarshal(b, &a); err != nil {
			return err
		}
		l := sim.Labelled{Fault: fmt.Sprintf("fault-%04d", a.Fault), Root: m.faults[a.Fault].Root}
		l.Signal = schemas.Signal{
			Kind: schemas.KindAlert, Source: sourceMicroSS, Status: schemas.StatusFiring, Name: a.Name,
			StartsAt: a.At, ReceivedAt: a.At, Instance: a.Entity, Host: host(a.Node), Summary: a.Text, Occurrence: fmt.Sprint(a.ID),
			Labels: schemas.LabelsOf(map[string]string{
				"alertname": a.Name, "kind": a.Kind, "instance": a.Entity, "peer": a.Peer, "state": a.State, "node": host(a.Node),
			}),
		}
		if err := naming.Complete(&l.Signal); err != nil {
			return err
		}
		m.alerts[a.Fault] = append(m.alerts[a.Fault], l)
		return nil
	})
}

// host is the machine of an alert; those about a machine itself have "system"
// there and the machine as their entity.
func host(node string) string {
	if node == "system" {
		return ""
	}
	return node
}

// loadTopology turns the published graph into our topology file: instances
// under their service, calls as dependencies.
func (m *MicroSS) loadTopology() error {
	raw, err := realData.ReadFile("testdata/micross/MicroSS.topology.json")
	if err != nil {
		return err
	}
	var t struct {
		Nodes []struct{ ID, Type string }
		Edges []struct{ Source, Target, Label string }
	}
	if err := json.Unmarshal(raw, &t); err != nil {
		return fmt.Errorf("micross topology: %w", err)
	}
	kind := map[string]string{}
	instances, deps, hosts := map[string][]string{}, map[string][]string{}, map[string][]string{}
	for _, n := range t.Nodes {
		kind[n.ID] = n.Type
		if n.Type == "Service_Instance" {
			s := strings.TrimRight(n.ID, "0123456789")
			instances[s] = append(instances[s], n.ID)
		}
	}
	for _, e := range t.Edges {
		if strings.HasSuffix(e.Label, "_flow") && e.Source != e.Target {
			deps[e.Source] = append(deps[e.Source], e.Target)
		}
		if e.Label == "hosted_on" {
			s := e.Source
			if kind[s] == "Service_Instance" {
				s = strings.TrimRight(s, "0123456789")
			}
			hosts[s] = append(hosts[s], e.Target)
		}
	}
	var b bytes.Buffer
	b.WriteString("services:\n")
	for _, n := range sortedKeys(kind) {
		if kind[n] == "Host" || kind[n] == "Service_Instance" {
			continue
		}
		fmt.Fprintf(&b, "  %s:\n    depends_on: [%s]\n    instances: [%s]\n    hosts: [%s]\n", n,
			strings.Join(deps[n], ", "), strings.Join(instances[n], ", "), strings.Join(hosts[n], ", "))
	}
	m.topology = b.Bytes()
	return nil
}

// Native is the timeline as published, clones included.
func (m *MicroSS) Native() *Data {
	d := &Data{Name: "MicroSS native", Topology: m.topology, Faults: m.faults}
	for i := range m.faults {
		d.Signals = append(d.Signals, m.alerts[i]...)
	}
	order(d.Signals)
	return d
}

// Overlay puts the real faults, without the clones, on a new timeline with
// Poisson arrivals, so that they overlap inside the one system.
func (m *MicroSS) Overlay(seed uint64, gap int64) *Data {
	r := rand.New(rand.NewPCG(seed, 0x6d6963726f))
	d := &Data{Name: fmt.Sprintf("MicroSS overlay, mean gap %ds", gap/1000), Topology: m.topology}
	at := m.faults[0].Start
	for i, f := range m.faults {
		if m.clone[i] {
			continue
		}
		shift := at.Sub(f.Start)
		f.Start, f.End = f.Start.Add(shift), f.End.Add(shift)
		d.Faults = append(d.Faults, f)
		for _, l := range m.alerts[i] {
			l.StartsAt, l.ReceivedAt = l.StartsAt.Add(shift), l.ReceivedAt.Add(shift)
			l.ID = schemas.SignalID(&l.Signal).String()
			d.Signals = append(d.Signals, l)
		}
		at = at.Add(int64(r.ExpFloat64() * float64(gap)))
	}
	order(d.Signals)
	return d
}

func order(s []sim.Labelled) {
	slices.SortStableFunc(s, func(a, b sim.Labelled) int { return int(a.ReceivedAt - b.ReceivedAt) })
}

// lines calls f with every line of an embedded file, unpacking .gz.
func lines(name string, f func([]byte) error) error {
	file, err := realData.Open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	var r io.Reader = file
	if strings.HasSuffix(name, ".gz") {
		z, err := gzip.NewReader(file)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		r = z
	}
	sc := bufio.NewScanner(r)
	for n := 1; sc.Scan(); n++ {
		if err := f(sc.Bytes()); err != nil {
			return fmt.Errorf("%s: line %d: %w", name, n, err)
		}
	}
	return sc.Err()
}
