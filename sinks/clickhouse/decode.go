package clickhouse

import (
	"fmt"
	"unsafe"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// gathering takes the records of one type of outcome.
type gathering interface {
	// add takes a record's value; text is the same.
	add(value []byte, text string) error
	// inserts returns what is to be written, without empty blocks.
	inserts() []insert
}

// withBody is a decoded value and the JSON it came from.
type withBody[T any] struct {
	v    *T
	body string
}

// plainRows gathers outcomes of one type. Of each thing only the newest revision
// of the batch is written: earlier ones would only be collapsed.
type plainRows[T any] struct {
	outcome *schemas.Outcome[T]
	tables  []*table[withBody[T]]
	newest  *schemas.Newest[withBody[T]]
}

// into has an outcome's newest state of each batch written into tables.
func into[T any](o *schemas.Outcome[T], ts ...*table[withBody[T]]) func(int) gathering {
	return func(int) gathering { return newPlainRows(o, ts...) }
}

func newPlainRows[T any](o *schemas.Outcome[T], ts ...*table[withBody[T]]) *plainRows[T] {
	r := &plainRows[T]{outcome: o, tables: ts}
	var revision func(*withBody[T]) int64
	if o.Revision != nil {
		revision = func(w *withBody[T]) int64 { return o.Revision(w.v) }
	}
	r.newest = schemas.NewestBy(func(w *withBody[T]) string { return o.ID(w.v) }, revision)
	return r
}

func (r *plainRows[T]) add(value []byte, text string) error {
	v, err := r.outcome.Decode(value)
	if err == nil {
		r.newest.Put(&withBody[T]{v, text})
	}
	return err
}

func (r *plainRows[T]) inserts() []insert {
	out := make([]insert, len(r.tables))
	for i, t := range r.tables {
		b := t.block(r.newest.Len())
		for row := range r.newest.All() {
			b.put(row)
		}
		out[i] = b.insert()
	}
	return out
}

// rows are a batch, by type of outcome.
type rows struct {
	gathered   map[string]gathering
	unreadable int
}

// decode turns a batch into rows. The rows share the records' memory.
func decode(b *schemas.Batch) *rows {
	r := &rows{gathered: map[string]gathering{}}
	for i := range b.Records {
		rec := &b.Records[i]
		if err := r.add(rec, len(b.Records)-i); err != nil {
			r.refuse(b, rec, err)
		}
	}
	return r
}

// add takes a record; left is how many may follow, it included.
func (r *rows) add(rec *schemas.Record, left int) error {
	// The records outlive the rows and nobody writes to them.
	text := unsafe.String(unsafe.SliceData(rec.Value), len(rec.Value))
	g, ok := r.gathered[rec.Type]
	if !ok {
		begin := kept[rec.Type]
		switch {
		case begin != nil:
			g = begin(left)
			r.gathered[rec.Type] = g
		case len(rec.Value) == 0 && rec.Type == "":
			return nil // a tombstone: compaction's business, not history's
		default:
			return fmt.Errorf("type %q in header %s is not one that is kept", rec.Type, schemas.HeaderType)
		}
	}
	return g.add(rec.Value, text)
}

// inserts returns what is to be written of the batch: of a shadow's only what is
// kept of one.
func (r *rows) inserts(shadow bool) []insert {
	var out []insert
	for _, g := range r.gathered {
		for _, in := range g.inserts() {
			if shadow {
				in.table = in.shadow
			}
			if in.n > 0 && in.table != "" {
				out = append(out, in)
			}
		}
	}
	return out
}

// refuse makes a dead letter of a record that can't be read.
func (r *rows) refuse(b *schemas.Batch, rec *schemas.Record, err error) {
	const most = 64 << 10
	r.unreadable++
	g, ok := r.gathered[schemas.TypeDeadLetter].(*plainRows[schemas.DeadLetter])
	if !ok {
		g = newPlainRows(schemas.DeadLetters, deadLettersTable)
		r.gathered[schemas.TypeDeadLetter] = g
	}
	g.newest.Put(&deadLetterRow{v: &schemas.DeadLetter{
		SignalID: schemas.RefusedID(b.Topic, b.Partition, rec.Offset).String(),
		Topic:    b.Topic, Partition: b.Partition, Offset: rec.Offset, At: rec.Time,
		Stage: "write", Reason: "the ClickHouse writer could not read it: " + err.Error(),
		Value: rec.Value[:min(len(rec.Value), most)], Size: len(rec.Value),
	}})
}

// decisionRows gathers decisions and the signals in them: nearly all that comes,
// so they are read without reflection and without copying.
type decisionRows struct {
	decisions *block[decisionRow]
	signals   *block[signalRow]
	again     *block[decisionRow] // what was decided on before, and forgotten; see current_decisions
	d         decisionRow         // used again for each record
	s         signalRow
}

func newDecisionRows(room int) *decisionRows {
	return &decisionRows{decisions: decisionsTable.block(room), signals: signalsTable.block(room), again: againTable.block(0)}
}

func (r *decisionRows) inserts() []insert {
	return []insert{r.signals.insert(), r.decisions.insert(), r.again.insert()}
}

// add reads a decision, and the signal in it.
func (r *decisionRows) add(_ []byte, text string) error {
	r.d, r.s = decisionRow{}, signalRow{}
	has := false
	in := jsonscan.New(text)
	err := in.Object(func(name string) (err error) {
		switch name {
		case "evidence":
			r.d.evidence, err = rawOrEmpty(&in)
		case "runner_up":
			r.d.runnerUp, err = rawOrEmpty(&in)
		case "signal":
			if has = in.Kind() != jsonscan.Null; has {
				err = schemas.ReadSignal(&in, &r.s.Signal)
			}
		default:
			err = readDecision(&in, &r.d.Decision, name)
		}
		return err
	})
	if err == nil {
		err = in.End()
	}
	if err == nil && r.d.SignalID == "" {
		err = fmt.Errorf("signal_id: missing")
	}
	if err == nil && has {
		r.s.detail, err = detailOf(&r.s.Signal)
	}
	if err != nil {
		return err
	}
	r.decisions.put(&r.d)
	if has {
		r.signals.put(&r.s)
	}
	// The first decision on a signal has revision 1 and carries it. Another
	// revision that carries it was made anew, at another time; so may have been
	// what an import says.
	if r.d.Revision < 0 || has && r.d.Revision != 1 {
		r.again.put(&r.d)
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
		d.Kind, err = word[schemas.Kind](in)
	case "decision":
		d.Verdict, err = word[schemas.Verdict](in)
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
	case "behaviour":
		d.Behaviour, err = in.Int()
	case "candidates":
		var n int64
		n, err = in.Int()
		d.Candidates = int(n)
	}
	return err
}

func word[T ~string](in *jsonscan.Reader) (T, error) {
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
