package ingest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// Meta is what is known of a payload besides its bytes.
type Meta struct {
	// ReceivedAt becomes the signals' received_at. Zero, for offline reading,
	// takes it from the payload, or else the time of the event.
	ReceivedAt  schemas.Time
	ContentType string
	// Attributes are the CloudEvents attributes of binary mode, names without
	// "ce_" or "ce-".
	Attributes map[string]string
	// Feed is set for a calendar that is fetched whole from its address.
	Feed *Feed
}

// Feed is what the settings say of a calendar that is fetched.
type Feed struct {
	Name string
	// Tenant and Environment are of events that name none.
	Tenant, Environment string
	// Scopes are those in which windows of it were told before: what has gone
	// from it is gone there, too.
	Scopes [][2]string // tenant and environment
	// Suppress says whether its windows may suppress alerts.
	Suppress Suppression
	// withPeople has windows say, in the annotation "people", whose turn they are.
	withPeople bool
}

// Suppression says which windows of a feed suppress alerts.
type Suppression string

// The suppressions.
const (
	SuppressNone   Suppression = ""       // none: whoever writes into a calendar could hide a fault
	SuppressMarked Suppression = "marked" // those that X-PINKSTAR-SUPPRESS marks
	SuppressAll    Suppression = "all"
)

// Translator turns foreign payloads into signals. It is a function of its
// arguments and of its labels, which Rename changes: no clock, no I/O, safe for
// concurrent use.
type Translator struct {
	naming  atomic.Pointer[schemas.Naming]
	limits  Limits
	senders []*sender
}

// NewTranslator returns a Translator for these labels and limits, and for the
// senders that mappings describe besides those that are built in.
func NewTranslator(naming schemas.Naming, limits Limits, mappings ...Mappings) *Translator {
	list := senders
	for _, m := range mappings {
		list = m.with(list)
	}
	t := &Translator{limits: limits, senders: list}
	t.naming.Store(&naming)
	return t
}

// Rename has t read what labels name by naming from the next payload on. What makes
// the scopes stays.
func (t *Translator) Rename(naming schemas.Naming) {
	n := naming.WithinScope(t.naming.Load())
	t.naming.Store(&n)
}

// Translate reads a payload of the given form into complete signals. The error
// is nil or Refusals; signals returned beside Refusals are good and may be
// used. A payload that says nothing about anything (a ping, a start-up event)
// gives no signal and no error.
func (t *Translator) Translate(source Source, body []byte, meta Meta) ([]schemas.Signal, error) {
	b := t.begin(meta)
	return b.read(source, body)
}

func (t *Translator) begin(meta Meta) *batch {
	return &batch{t: t, naming: t.naming.Load(), meta: meta}
}

// read is Translate; what is to be said besides is in notes and warnings then.
func (b *batch) read(source Source, body []byte) ([]schemas.Signal, error) {
	if err := b.body(source, string(body)); err != nil {
		b.notes, b.warned = nil, nil
		return nil, Refusals{refusal(-1, err)}
	}
	return b.finish()
}

// Try translates a payload as Translate does, and says of elements without a
// signal that are right all the same why there is none, and of others what was
// not understood of them: for whoever points a sender here.
func (t *Translator) Try(source Source, body []byte, meta Meta) (signals []schemas.Signal, notes []string, err error) {
	if source != SourceAny && senderNamed(t.senders, string(source)) == nil {
		return nil, nil, fmt.Errorf("%q is no sender; there are %v", source, t.names())
	}
	b := t.begin(meta)
	signals, err = b.read(source, body)
	return signals, append(b.notes, b.warnings()...), err
}

func (t *Translator) names() []string {
	var out []string
	for _, s := range t.senders {
		out = append(out, string(s.name))
	}
	slices.Sort(out)
	return out
}

// nothingError is no fault of the element: it says nothing that counts, and why.
type nothingError string

func (e nothingError) Error() string { return string(e) }

// batch collects what one payload holds.
type batch struct {
	t      *Translator
	naming *schemas.Naming
	meta   Meta
	found  []found
	notes  []string
	warned map[string]bool // see unknownFields
	text   string          // the text being read
	prefix string          // path of the value being read within the whole payload
	nested int             // envelopes within envelopes
}

// found is one element of the payload: a signal, or why there is none.
type found struct {
	signal  schemas.Signal
	err     error
	wrapped schemas.Time // when it came in, as the envelope around it says
	text    string       // the text it stands in
	end     int          // where in it; 0: not known
	place
}

// raw is the element as it was sent, or what there is from its place on.
func (f *found) raw() string {
	start := min(max(f.offset, 0), len(f.text))
	if f.end > start {
		return strings.TrimSpace(f.text[start:f.end]) // the reader stands behind the space
	}
	return f.text[start:]
}

// place is where in the payload an element stands.
type place struct {
	prefix, list string // the value it is in, and the list there
	index        int    // in the list; -1: in none
	offset       int
}

func (p place) path() string {
	s := p.prefix
	if p.list != "" {
		if s != "" {
			s += "."
		}
		s += p.list
	}
	if p.index >= 0 {
		s += "[" + strconv.Itoa(p.index) + "]"
	}
	return s
}

// body translates a whole text.
func (b *batch) body(source Source, text string) error {
	if source == SourceAny {
		return b.recogniseText(text)
	}
	snd := senderNamed(b.t.senders, string(source))
	switch {
	case snd == nil:
		return fmt.Errorf("source: %q is not a form of payload that can be read", source)
	case source == SourceCloudEvents && b.meta.Attributes != nil:
		return b.cloudEventBinary(text)
	case snd.text != nil && (snd.read == nil || snd.isText(text, "")):
		return snd.text(b, text)
	}
	return b.values(snd, text)
}

// values translates one JSON value after the other until the text ends. snd is
// who sent them; nil: each is recognised.
func (b *batch) values(snd *sender, text string) error {
	defer func(outer string) { b.text = outer }(b.text)
	b.text = text
	r := jsonscan.New(text)
	r.SetMaxDepth(b.t.limits.Depth)
	if !r.More() {
		return errors.New("the body is empty")
	}
	for i := 0; r.More(); i++ {
		outer := b.prefix
		if i > 0 {
			b.prefix = outer + "[" + strconv.Itoa(i) + "]"
		}
		if err := b.value(snd, &r); err != nil {
			return err
		}
		b.prefix = outer
	}
	return nil
}

// value translates one JSON value, or each element of an array.
func (b *batch) value(snd *sender, r *jsonscan.Reader) error {
	if r.Kind() != jsonscan.Array {
		return b.object(snd, r)
	}
	outer := b.prefix
	defer func() { b.prefix = outer }()
	return r.Array(func(i int) error {
		m := r.Mark()
		b.prefix = outer + "[" + strconv.Itoa(i) + "]"
		before := len(b.found)
		err := b.object(snd, r)
		if err == nil || errors.Is(err, ErrLimit) {
			return err
		}
		// The other elements must not suffer, unless this is no JSON at all.
		r.Rewind(m)
		if syntax := r.Skip(); syntax != nil {
			return syntax
		}
		b.found = append(b.found[:before], found{
			err: err, text: b.text, end: r.Mark().Offset(), place: place{prefix: b.prefix, index: -1, offset: m.Offset()},
		})
		return nil
	})
}

func (b *batch) object(snd *sender, r *jsonscan.Reader) error {
	if snd == nil {
		var err error
		if snd, err = recognise(b.t.senders, r); err != nil {
			return err
		}
	}
	if snd.read == nil {
		return fmt.Errorf("a %s is a text of its own, no JSON", snd.name)
	}
	return snd.read(b, r)
}

// element reads one signal with read. A failure is kept beside the others,
// unless the text is no JSON: then nothing in it can be trusted.
func (b *batch) element(r *jsonscan.Reader, list string, index int, read func(*schemas.Signal) error) error {
	m := r.Mark()
	p := place{prefix: b.prefix, list: list, index: index, offset: m.Offset()}
	f, err := b.next(p)
	if err != nil {
		return err
	}
	if err := read(&f.signal); err != nil {
		r.Rewind(m)
		if nothing, ok := errors.AsType[nothingError](err); ok {
			b.found = b.found[:len(b.found)-1]
			b.note(nothing)
			return r.Skip()
		}
		if syntax := r.Skip(); syntax != nil {
			return syntax
		}
		f.err = err
	}
	f.end = r.Mark().Offset()
	return nil
}

// note keeps what is to be said of an element that gives no signal.
func (b *batch) note(nothing nothingError) {
	if !slices.Contains(b.notes, string(nothing)) {
		b.notes = append(b.notes, string(nothing))
	}
}

// next makes room for one more element.
func (b *batch) next(p place) (*found, error) {
	if len(b.found) >= b.t.limits.Signals {
		return nil, fmt.Errorf("more than %d signals in one payload: %w", b.t.limits.Signals, ErrLimit)
	}
	b.found = append(b.found, found{place: p, text: b.text})
	return &b.found[len(b.found)-1], nil
}

// add keeps a signal that was put together outside element.
func (b *batch) add(p place, s schemas.Signal) error {
	f, err := b.next(p)
	if err == nil {
		f.signal = s
	}
	return err
}

// refuse keeps the reason why an element gives no signal.
func (b *batch) refuse(p place, why error) error {
	f, err := b.next(p)
	if err == nil {
		f.err = why
	}
	return err
}

// here is the place of the value that r stands before.
func (b *batch) here(r *jsonscan.Reader) place {
	return place{prefix: b.prefix, index: -1, offset: r.Mark().Offset()}
}

// finish completes every signal and separates the good from the refused.
func (b *batch) finish() ([]schemas.Signal, error) {
	if err := b.everywhere(); err != nil {
		return nil, err
	}
	signals := make([]schemas.Signal, 0, len(b.found))
	var refused Refusals
	for i := range b.found {
		f := &b.found[i]
		if f.err == nil {
			f.err = b.complete(&f.signal, f.wrapped)
		}
		if f.err == nil {
			signals = append(signals, f.signal)
			continue
		}
		why := refusal(i, f.located())
		why.Raw = f.raw()
		refused = append(refused, why)
	}
	if refused != nil {
		return signals, refused
	}
	return signals, nil
}

func (f *found) located() error {
	if p := f.path(); p != "" {
		return jsonscan.Within(f.err, p, f.offset)
	}
	if _, ok := errors.AsType[*jsonscan.Error](f.err); ok {
		return f.err
	}
	return &jsonscan.Error{Offset: f.offset, Err: f.err}
}

// earlier is when something came in by an envelope's word, at the latest now.
func earlier(now, wrapped schemas.Time) schemas.Time {
	if wrapped != 0 && (now == 0 || wrapped < now) {
		return wrapped
	}
	return now
}

// complete settles when the signal came in and fills in the rest. What an
// envelope says of that counts unless it lies ahead of us: history can be taken
// in with its own times, and no sender can push log time into the future.
func (b *batch) complete(s *schemas.Signal, wrapped schemas.Time) error {
	at := earlier(b.meta.ReceivedAt, wrapped)
	if at != 0 {
		s.ReceivedAt = at
	} else if s.ReceivedAt == 0 {
		if s.ReceivedAt = s.StartsAt; s.Status == schemas.StatusResolved && s.EndsAt != 0 {
			s.ReceivedAt = s.EndsAt
		}
	}
	b.t.limits.shorten(s)
	if err := b.naming.Complete(s); err != nil {
		return err
	}
	narrow(b.naming, s)
	return b.t.limits.apply(s)
}
