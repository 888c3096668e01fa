package replay

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"pinkstar/schemas"
)

type incidentLine struct {
	Type string `json:"type"`
	*schemas.Incident
}

type problemLine struct {
	Type string `json:"type"`
	*schemas.Problem
}

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

func (o *outcomes) print(w io.Writer, opts *Options) error {
	b := bufio.NewWriterSize(w, 256<<10)
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if opts.emits(EmitIncident) {
		for _, id := range o.incidentOrder {
			inc := o.incidents[id]
			if inc.Services == nil {
				inc.Services = []string{}
			}
			if inc.Roots == nil {
				inc.Roots = []schemas.SuspectedRoot{}
			}
			if err := enc.Encode(incidentLine{"incident", inc}); err != nil {
				return err
			}
		}
	}
	if err := o.printDecisions(enc); err != nil {
		return err
	}
	for _, id := range o.problemOrder {
		if err := enc.Encode(problemLine{"problem", o.problems[id]}); err != nil {
			return err
		}
	}
	return b.Flush()
}

func (o *outcomes) printDecisions(enc *json.Encoder) error {
	first := make(map[schemas.ID]position, len(o.decisions))
	for _, p := range o.positions {
		d := o.decisions[p.id]
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
