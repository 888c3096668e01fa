package clickhouse

import (
	"encoding/json"
	"fmt"
	"unsafe"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// rows are a batch, table by table.
type rows struct {
	signals     signalRows
	decisions   decisionRows
	timeline    []schemas.TimelineEntry
	incidents   latest[schemas.Incident]
	problems    latest[schemas.Problem]
	deadLetters []schemas.DeadLetter
	unreadable  int // of these, refused here
}

// latest keeps the highest revision of each thing, in the order in which they
// first came: earlier revisions of the same batch would only be collapsed.
type latest[T any] struct {
	at   map[string]int
	rows []withBody[T]
}

func (l *latest[T]) add(id string, v T, body string, newer func(have *T) bool) {
	if i, ok := l.at[id]; ok {
		if newer(&l.rows[i].v) {
			l.rows[i] = withBody[T]{v, body}
		}
		return
	}
	if l.at == nil {
		l.at = map[string]int{}
	}
	l.at[id] = len(l.rows)
	l.rows = append(l.rows, withBody[T]{v, body})
}

// decode turns a batch into rows. The rows share the records' memory.
func decode(b *schemas.Batch) *rows {
	r := &rows{}
	for i := range b.Records {
		rec := &b.Records[i]
		if left := len(b.Records) - i; rec.Type == schemas.TypeDecision && r.decisions.n == 0 {
			r.decisions.reserve(left)
			r.signals.reserve(left)
		}
		if err := r.add(rec); err != nil {
			r.refuse(b, rec, err)
		}
	}
	return r
}

func (r *rows) add(rec *schemas.Record) error {
	// The records outlive the rows and nobody writes to them.
	text := unsafe.String(unsafe.SliceData(rec.Value), len(rec.Value))
	switch rec.Type {
	case schemas.TypeDecision:
		return r.addDecision(text)
	case schemas.TypeTimeline:
		var e schemas.TimelineEntry
		if err := json.Unmarshal(rec.Value, &e); err != nil {
			return err
		}
		r.timeline = append(r.timeline, e)
	case schemas.TypeIncident:
		var v schemas.Incident
		if err := json.Unmarshal(rec.Value, &v); err != nil {
			return err
		}
		r.incidents.add(v.ID, v, text, func(have *schemas.Incident) bool { return v.Revision >= have.Revision })
	case schemas.TypeProblem:
		var v schemas.Problem
		if err := json.Unmarshal(rec.Value, &v); err != nil {
			return err
		}
		r.problems.add(v.ID, v, text, func(have *schemas.Problem) bool { return v.Revision >= have.Revision })
	case schemas.TypeDeadLetter:
		var v schemas.DeadLetter
		if err := json.Unmarshal(rec.Value, &v); err != nil {
			return err
		}
		r.deadLetters = append(r.deadLetters, v)
	default:
		if len(rec.Value) == 0 && rec.Type == "" {
			return nil // a tombstone: compaction's business, not history's
		}
		return fmt.Errorf("type %q in header %s is not one that is kept", rec.Type, schemas.HeaderType)
	}
	return nil
}

// refuse makes a dead letter of a record that can't be read.
func (r *rows) refuse(b *schemas.Batch, rec *schemas.Record, err error) {
	const most = 64 << 10
	r.unreadable++
	r.deadLetters = append(r.deadLetters, schemas.DeadLetter{
		SignalID: schemas.RefusedID(b.Topic, b.Partition, rec.Offset).String(),
		Topic:    b.Topic, Partition: b.Partition, Offset: rec.Offset, At: rec.Time,
		Stage: "write", Reason: "the ClickHouse writer could not read it: " + err.Error(),
		Value: rec.Value[:min(len(rec.Value), most)], Size: len(rec.Value),
	})
}

// addDecision reads a decision, and the signal in it, without copying.
func (r *rows) addDecision(text string) error {
	var (
		d                  schemas.Decision
		s                  schemas.Signal
		has                bool
		evidence, runnerUp string
		detail             string
	)
	in := jsonscan.New(text)
	err := in.Object(func(name string) (err error) {
		switch name {
		case "evidence":
			evidence, err = rawOrEmpty(&in)
		case "runner_up":
			runnerUp, err = rawOrEmpty(&in)
		case "signal":
			if has = in.Kind() != jsonscan.Null; has {
				err = schemas.ReadSignal(&in, &s)
			}
		default:
			err = readDecision(&in, &d, name)
		}
		return err
	})
	if err == nil {
		err = in.End()
	}
	if err == nil && d.SignalID == "" {
		err = fmt.Errorf("signal_id: missing")
	}
	if err == nil && has {
		detail, err = detailOf(&s)
	}
	if err != nil {
		return err
	}
	r.decisions.add(&d, evidence, runnerUp)
	if has {
		r.signals.add(&s, detail)
	}
	return nil
}

func rawOrEmpty(in *jsonscan.Reader) (string, error) {
	if in.Kind() == jsonscan.Null {
		return "", in.Skip()
	}
	return in.Raw()
}

func readDecision(in *jsonscan.Reader, d *schemas.Decision, name string) (err error) {
	switch name {
	case "signal_id":
		d.SignalID, err = in.String()
	case "revision":
		d.Revision, err = in.Int()
	case "scope":
		d.Scope, err = in.String()
	case "kind":
		d.Kind, err = text[schemas.Kind](in)
	case "decision":
		d.Verdict, err = text[schemas.Verdict](in)
	case "incident_id":
		d.IncidentID, err = in.String()
	case "reason":
		d.Reason, err = in.String()
	case "at":
		d.At, err = schemas.ReadTime(in)
	case "repeats":
		d.Repeats, err = in.Int()
	case "last_at":
		d.LastAt, err = schemas.ReadTime(in)
	case "score":
		d.Score, err = in.Int()
	case "threshold":
		d.Threshold, err = in.Int()
	default:
		err = readDecisionRest(in, d, name)
	}
	return err
}

func readDecisionRest(in *jsonscan.Reader, d *schemas.Decision, name string) (err error) {
	switch name {
	case "anchor_id":
		d.AnchorID, err = in.String()
	case "window_id":
		d.WindowID, err = in.String()
	case "rules":
		d.Rules, err = in.String()
	case "topology":
		d.Topology, err = in.String()
	case "learnt":
		d.Learnt, err = in.String()
	case "candidates":
		var n int64
		n, err = in.Int()
		d.Candidates = int(n)
	}
	return err
}

func text[T ~string](in *jsonscan.Reader) (T, error) {
	s, err := in.String()
	return T(s), err
}

// detailOf is the JSON of what a signal's kind adds, or "".
func detailOf(s *schemas.Signal) (string, error) {
	var v any
	switch {
	case s.Ticket != nil:
		v = s.Ticket
	case s.Change != nil:
		v = s.Change
	case s.Impact != nil:
		v = s.Impact
	case s.Command != nil:
		v = s.Command
	default:
		return "", nil
	}
	b, err := schemas.Marshal(v)
	return string(b), err
}
