package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Options say how to measure.
type Options struct {
	// Quick takes a minute or two instead of ten.
	Quick bool
	// Turns is how often each comparison is repeated; 0: five, three when quick.
	Turns int
	// Only are ids such as B1; empty: all.
	Only []string
	// Alertmanager is its binary; empty: B1 has no peer.
	Alertmanager string
	// Libchdb is the library of the embedded ClickHouse.
	Libchdb string
	// Say is told what is being done.
	Say func(format string, args ...any)
}

// size is n, or a part of it when quick.
func (o *Options) size(n, quick int) int {
	if o.Quick {
		return quick
	}
	return n
}

// Figure is one measure.
type Figure struct {
	ID   string `json:"id"`
	What string `json:"what"`
	// Value is the median of what Pinkstar took, in Unit.
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
	// Peer is who did the same, and PeerValue what it took.
	Peer      string  `json:"peer,omitempty"`
	PeerValue float64 `json:"peer_value,omitempty"`
	// Ratio is the median of the turns' ratios; Says tells which way.
	Ratio float64 `json:"ratio,omitempty"`
	Says  string  `json:"ratio_says,omitempty"`
	// Turns are those ratios, or the values of each turn where there is no peer.
	Turns []float64 `json:"turns,omitempty"`
	// Aim is what it should be.
	Aim  string `json:"aim"`
	Note string `json:"note,omitempty"`
}

// Result is a whole run.
type Result struct {
	At       time.Time         `json:"at"`
	Quick    bool              `json:"quick"`
	Machine  map[string]string `json:"machine"`
	Versions map[string]string `json:"versions"`
	Figures  []Figure          `json:"figures"`
}

// measures are all of them, in order.
var measures = []struct {
	ids []string
	run func(context.Context, *Options, *Result) error
}{
	{[]string{"B1"}, intake},
	{[]string{"B2"}, correlator},
	{[]string{"B3"}, writer},
	{[]string{"B5"}, openIncidents},
	{[]string{"B8"}, manyRules},
	{[]string{"B4", "B6", "B7", "B9", "B10"}, whole},
}

// Run measures. What fails is told in its place; the others are measured all the
// same.
func Run(ctx context.Context, o Options) (*Result, error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("other processes' processor time is read from /proc, which only Linux has")
	}
	if o.Turns == 0 {
		o.Turns = o.size(5, 3)
	}
	r := &Result{At: time.Now().UTC(), Quick: o.Quick, Machine: machine(), Versions: versions()}
	var errs []error
	for _, m := range measures {
		if len(o.Only) > 0 && !slices.ContainsFunc(m.ids, func(id string) bool { return slices.Contains(o.Only, id) }) {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		if err := m.run(ctx, &o, r); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", strings.Join(m.ids, ", "), err))
		}
	}
	slices.SortStableFunc(r.Figures, func(a, b Figure) int { return number(a.ID) - number(b.ID) })
	return r, errors.Join(append(errs, ctx.Err())...)
}

func number(id string) (n int) {
	_, _ = fmt.Sscanf(id, "B%d", &n)
	return n
}

// add notes a figure: the values of its turns and, when there are any, those of
// its peer in the same turns. more says that a large ratio is one of less work.
func (r *Result) add(f Figure, ours, peers []float64, more bool) {
	f.Value = median(ours)
	f.Turns = ours
	if len(peers) > 0 {
		f.PeerValue = median(peers)
		f.Turns = make([]float64, len(ours))
		for i := range ours {
			f.Turns[i] = ours[i] / peers[i]
			if more {
				f.Turns[i] = peers[i] / ours[i]
			}
		}
		f.Ratio = median(f.Turns)
	}
	r.Figures = append(r.Figures, f)
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}

// percentile of values, from 0 to 1.
func percentile(values []float64, p float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(int(p*float64(len(sorted))), len(sorted)-1)]
}

// Print writes the result as a table.
func (r *Result) Print(w io.Writer) error {
	for _, m := range []map[string]string{r.Machine, r.Versions} {
		for _, k := range sortedKeys(m) {
			if _, err := fmt.Fprintf(w, "%s: %s\n", k, m[k]); err != nil {
				return err
			}
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\n\twhat\tmeasured\tpeer\tratio\taim\n")
	for i := range r.Figures {
		f := &r.Figures[i]
		peer, ratio := "", ""
		if f.Ratio != 0 {
			peer = fmt.Sprintf("%s: %.3g", f.Peer, f.PeerValue)
			ratio = fmt.Sprintf("%.2f %s", f.Ratio, f.Says)
		}
		fmt.Fprintf(t, "%s\t%s\t%.3g %s\t%s\t%s\t%s\n", f.ID, f.What, f.Value, f.Unit, peer, ratio, f.Aim)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i := range r.Figures {
		if f := &r.Figures[i]; f.Note != "" {
			if _, err := fmt.Fprintf(w, "%s: %s\n", f.ID, f.Note); err != nil {
				return err
			}
		}
	}
	return nil
}

// JSON writes the result for comparison over time.
func (r *Result) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// machine says what it ran on, and how busy that was.
func machine() map[string]string {
	m := map[string]string{"cores": fmt.Sprint(runtime.NumCPU()), "platform": runtime.GOOS + "/" + runtime.GOARCH}
	field := func(file, name string) string {
		b, err := os.ReadFile(file)
		if err != nil {
			return "unknown"
		}
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
				return strings.TrimSpace(v)
			}
		}
		return "unknown"
	}
	m["processor"], m["memory"] = field("/proc/cpuinfo", "model name"), field("/proc/meminfo", "MemTotal")
	if b, err := os.ReadFile("/proc/loadavg"); err == nil {
		one, _, _ := strings.Cut(string(b), " ")
		m["load before"] = one
	}
	return m
}

func versions() map[string]string {
	v := map[string]string{"go": runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, d := range info.Deps {
		if slices.Contains([]string{"github.com/twmb/franz-go", "github.com/ClickHouse/clickhouse-go/v2"}, d.Path) {
			v[d.Path] = d.Version
		}
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" || s.Key == "vcs.modified" {
			v[s.Key] = s.Value
		}
	}
	return v
}

// IDs are those of all figures.
func IDs() []string {
	var ids []string
	for _, m := range measures {
		ids = append(ids, m.ids...)
	}
	slices.SortFunc(ids, func(a, b string) int { return number(a) - number(b) })
	return ids
}
