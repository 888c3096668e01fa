package replay

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"

	"pinkstar/schemas"
)

// decisionLine is a decision at one position of the input.
type decisionLine struct {
	Type       string             `json:"type"`
	Line       int32              `json:"line"`
	Index      int32              `json:"index"`
	SignalID   string             `json:"signal_id"`
	Verdict    schemas.Verdict    `json:"decision"`
	IncidentID string             `json:"incident_id"`
	ParentID   string             `json:"parent_id"`
	Reason     string             `json:"reason"`
	Kind       schemas.Kind       `json:"kind,omitempty"`
	Scope      string             `json:"scope,omitempty"`
	At         schemas.Time       `json:"at"`
	Repeats    int64              `json:"repeats"`
	Score      int64              `json:"score,omitempty"`
	Threshold  int64              `json:"threshold,omitempty"`
	Evidence   []schemas.Evidence `json:"evidence,omitempty"`
	AnchorID   string             `json:"anchor_id,omitempty"`
	RunnerUp   *schemas.RunnerUp  `json:"runner_up,omitempty"`
	WindowID   string             `json:"window_id,omitempty"`
	Rules      string             `json:"rules,omitempty"`
	Topology   string             `json:"topology,omitempty"`
}

// print writes what is to be printed, one line of JSON each.
func (o *outcomes) print(w io.Writer, opts *Options) error {
	b := bufio.NewWriterSize(w, 256<<10)
	for _, k := range o.kept {
		switch {
		case !opts.emits(k.name):
		case k.Kept == schemas.Kept(o.decisions):
			if err := o.printDecisions(b); err != nil {
				return err
			}
		default:
			printKept(b, k)
		}
	}
	return b.Flush()
}

// printKept writes outcomes under their type. Incidents and problems have it
// among their own fields; others may have a field of that name, as the timeline
// does, and stand below it.
func printKept(b *bufio.Writer, k keptAs) {
	name := strconv.Quote(k.name)
	flat := k.name == schemas.Incidents.Name || k.name == schemas.Problems.Name
	var line []byte
	k.Each(func(e schemas.Emission) {
		line = append(append(line[:0], `{"type":`...), name...)
		line = append(line, ',')
		at := len(line)
		if flat {
			line = e.Append(line)
			line = slices.Delete(line, at, at+1) // its own brace
		} else {
			line = append(append(line, name...), ':')
			line = append(e.Append(line), '}')
		}
		_, _ = b.Write(append(line, '\n')) // Flush tells
	})
}

func (o *outcomes) printDecisions(b *bufio.Writer) error {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	first := make(map[schemas.ID]position, o.decisions.Len())
	// What waited for a witness of its time was taken after later lines.
	slices.SortStableFunc(o.positions, func(a, b position) int { return cmp.Or(cmp.Compare(a.line, b.line), cmp.Compare(a.index, b.index)) })
	for _, p := range o.positions {
		d := o.decisions.Get(p.id.String())
		if d == nil {
			return fmt.Errorf("line %d, index %d: the engine made no decision about signal %s", p.line, p.index, p.id)
		}
		line := decisionLine{
			Type: "decision", Line: p.line, Index: p.index, SignalID: d.SignalID, Verdict: d.Verdict, IncidentID: d.IncidentID,
			ParentID: o.outermost(d.IncidentID), Reason: d.Reason, Kind: d.Kind, Scope: d.Scope, At: d.At, Repeats: d.Repeats,
			Score: d.Score, Threshold: d.Threshold, Evidence: d.Evidence, AnchorID: d.AnchorID, RunnerUp: d.RunnerUp,
			WindowID: d.WindowID, Rules: d.Rules, Topology: d.Topology,
		}
		if f, again := first[p.id]; again {
			line.Verdict = schemas.VerdictDuplicate
			line.Reason = fmt.Sprintf("the same signal as line %d, index %d", f.line, f.index)
			line.Score, line.Threshold, line.Evidence, line.RunnerUp, line.AnchorID = 0, 0, nil, nil, ""
		} else {
			first[p.id] = p
		}
		if err := enc.Encode(line); err != nil {
			return err
		}
	}
	return nil
}
