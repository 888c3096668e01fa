package schemas

import (
	"encoding/base64"
	"strconv"
)

// What leaves, as JSON: the bytes that Marshal gives, field by field, without
// reflection. A new alert is written once as a decision and over and over as a
// member of its incident, so this is where an all-new stream spends its time.

// AppendDecision appends d as JSON: the bytes that Marshal gives.
func AppendDecision(b []byte, d *Decision) []byte {
	o := object{b: b}
	o.open()
	o.str("signal_id", d.SignalID)
	o.int("revision", d.Revision)
	o.str("scope", d.Scope)
	o.str("kind", string(d.Kind))
	o.str("decision", string(d.Verdict))
	o.str("incident_id", d.IncidentID)
	o.str("reason", d.Reason)
	o.time("at", d.At)
	o.int("repeats", d.Repeats)
	o.time("last_at", d.LastAt)
	o.optInt("score", d.Score)
	o.optInt("threshold", d.Threshold)
	if len(d.Evidence) > 0 {
		o.evidence("evidence", d.Evidence)
	}
	o.optStr("anchor_id", d.AnchorID)
	if r := d.RunnerUp; r != nil {
		o.name("runner_up")
		o.open()
		o.str("incident_id", r.IncidentID)
		o.int("score", r.Score)
		o.str("reason", r.Reason)
		o.close()
	}
	o.optStr("window_id", d.WindowID)
	o.optStr("rules", d.Rules)
	o.optStr("topology", d.Topology)
	o.optStr("learnt", d.Learnt)
	o.optInt("behaviour", d.Behaviour)
	o.optInt("candidates", int64(d.Candidates))
	if d.Signal != nil {
		o.name("signal")
		o.b = AppendSignal(o.b, d.Signal)
	}
	o.close()
	return o.b
}

// AppendTimelineEntry appends e as JSON: the bytes that Marshal gives.
func AppendTimelineEntry(b []byte, e *TimelineEntry) []byte {
	o := object{b: b}
	o.open()
	o.str("incident_id", e.IncidentID)
	o.int("seq", e.Seq)
	o.str("scope", e.Scope)
	o.time("at", e.At)
	o.time("event_at", e.EventAt)
	o.str("type", e.Type)
	o.str("text", e.Text)
	o.optStr("signal_id", e.SignalID)
	o.optStr("by", e.By)
	o.close()
	return o.b
}

// AppendProblem appends p as JSON: the bytes that Marshal gives.
func AppendProblem(b []byte, p *Problem) []byte {
	o := object{b: b}
	o.open()
	o.str("id", p.ID)
	o.int("revision", p.Revision)
	o.str("scope", p.Scope)
	o.str("signature", p.Signature)
	o.str("title", p.Title)
	o.str("status", string(p.Status))
	o.optStr("owner", p.Owner)
	o.optStr("service", p.Service)
	o.optStr("machine", p.Machine)
	o.strs("incident_ids", p.IncidentIDs)
	o.int("count", p.Count)
	o.time("first_seen_at", p.FirstSeenAt)
	o.time("last_seen_at", p.LastSeenAt)
	o.time("flagged_at", p.FlaggedAt)
	o.time("solved_at", p.SolvedAt)
	o.optStr("solved_by", p.SolvedBy)
	o.time("returned_at", p.ReturnedAt)
	o.optStr("declared_by", p.DeclaredBy)
	o.evidence("evidence", p.Evidence)
	o.impactRange("cost", &p.Cost)
	o.float("minutes", p.Minutes)
	o.time("updated_at", p.UpdatedAt)
	o.optStr("rules", p.Rules)
	o.optTrue("imported", p.Imported)
	o.close()
	return o.b
}

func (o *object) int(name string, n int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, n, 10)
}

func (o *object) float(name string, f float64) {
	o.name(name)
	o.b = appendFloat(o.b, f)
}

// list appends n things with each, or null for a slice that is nil.
func (o *object) list(name string, isNil bool, n int, each func(i int)) {
	o.name(name)
	if isNil {
		o.b = append(o.b, "null"...)
		return
	}
	o.b = append(o.b, '[')
	for i := range n {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		each(i)
	}
	o.b = append(o.b, ']')
}

func (o *object) strs(name string, vs []string) {
	o.list(name, vs == nil, len(vs), func(i int) { o.b = AppendString(o.b, vs[i]) })
}

func (o *object) evidence(name string, evs []Evidence) {
	o.list(name, evs == nil, len(evs), func(i int) {
		ev := &evs[i]
		o.open()
		o.str("kind", ev.Kind)
		o.int("points", ev.Points)
		o.str("detail", ev.Detail)
		o.close()
	})
}

func (o *object) impactRange(name string, r *ImpactRange) {
	o.name(name)
	o.open()
	o.optStr("currency", r.Currency)
	o.estimate("lost_revenue", &r.LostRevenue)
	o.estimate("cost", &r.Cost)
	o.float("minutes", r.Minutes)
	o.optTrue("measured", r.Measured)
	o.optStr("formula", r.Formula)
	o.optStr("basis", r.Basis)
	if r.CaughtUp != nil {
		o.estimate("caught_up", r.CaughtUp)
	}
	o.optFloat("direct_cost", r.DirectCost)
	o.optInt("users", r.Users)
	if f := r.Figures; f != nil {
		o.name("figures")
		o.figures(f)
	}
	o.close()
}

func (o *object) figures(f *FigureBasis) {
	o.open()
	o.float("expected", f.Expected)
	o.float("actual", f.Actual)
	o.int("known", f.Known)
	o.int("placebos", f.Placebos)
	o.int("held", f.Held)
	o.int("tried", f.Tried)
	o.optTrue("shared", f.Shared)
	o.optTrue("final", f.Final)
	o.close()
}

func (o *object) estimate(name string, r *Range) {
	o.name(name)
	o.open()
	o.float("low", r.Low)
	o.float("likely", r.Likely)
	o.float("high", r.High)
	o.close()
}

// AppendDeadLetter appends d as JSON: the bytes that Marshal gives.
func AppendDeadLetter(b []byte, d *DeadLetter) []byte {
	o := object{b: b}
	o.open()
	o.str("signal_id", d.SignalID)
	o.str("topic", d.Topic)
	o.int("partition", int64(d.Partition))
	o.int("offset", d.Offset)
	o.time("at", d.At)
	o.str("stage", d.Stage)
	o.str("reason", d.Reason)
	o.name("value")
	if d.Value == nil {
		o.b = append(o.b, "null"...)
	} else {
		o.b = append(base64.StdEncoding.AppendEncode(append(o.b, '"'), d.Value), '"')
	}
	o.int("size", int64(d.Size))
	o.close()
	return o.b
}
