package schemas

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unsafe"

	"pinkstar/schemas/jsonscan"
)

// sharedStrings are what signals have in common: names of labels, services,
// severities. Most of a signal's strings are there already.
var sharedStrings = sync.Pool{New: func() any { return new(jsonscan.Shared) }}

// DecodeSignal reads one signal from JSON into s, replacing what it held. The
// error names the field and the byte. Unknown fields are ignored: version 1
// grows by adding. Nothing in s keeps b alive.
func DecodeSignal(b []byte, s *Signal) error {
	// The reader copies every string it returns and is gone when this function
	// ends, so the text may be b's own memory.
	m, ok := sharedStrings.Get().(*jsonscan.Shared)
	if !ok { // it holds nothing else
		m = new(jsonscan.Shared)
	}
	defer sharedStrings.Put(m)
	r := jsonscan.NewSharing(unsafe.String(unsafe.SliceData(b), len(b)), m)
	if err := ReadSignal(&r, s); err != nil {
		return err
	}
	return r.End()
}

// ReadSignal reads a signal from r into s, replacing what it held.
func ReadSignal(r *jsonscan.Reader, s *Signal) error {
	*s = Signal{}
	return r.Object(func(name string) (err error) {
		switch name {
		case "id":
			s.ID, err = r.String()
		case "kind":
			s.Kind, err = word[Kind](r)
		case "source":
			s.Source, err = r.String()
		case "fingerprint":
			s.Fingerprint, err = r.String()
		case "status":
			s.Status, err = word[Status](r)
		case "occurrence":
			s.Occurrence, err = r.String()
		case "tenant":
			s.Tenant, err = r.String()
		case "environment":
			s.Environment, err = r.String()
		case "scope":
			s.Scope, err = r.String()
		case "name":
			s.Name, err = r.String()
		case "severity":
			s.Severity, err = word[Severity](r)
		case "service":
			s.Service, err = r.String()
		case "instance":
			s.Instance, err = r.String()
		case "host":
			s.Host, err = r.String()
		case "team":
			s.Team, err = r.String()
		default:
			err = readMore(r, s, name)
		}
		return err
	})
}

func readMore(r *jsonscan.Reader, s *Signal, name string) (err error) {
	switch name {
	case "starts_at":
		s.StartsAt, err = ReadTime(r)
	case "ends_at":
		s.EndsAt, err = ReadTime(r)
	case "received_at":
		s.ReceivedAt, err = ReadTime(r)
	case "summary":
		s.Summary, err = r.String()
	case "description":
		s.Description, err = r.String()
	case "labels":
		s.Labels, err = ReadLabels(r)
	case "annotations":
		s.Annotations, err = ReadLabels(r)
	case "url":
		s.URL, err = r.String()
	case "runbook":
		s.Runbook, err = r.String()
	case "group_key":
		s.GroupKey, err = r.String()
	case "truncated":
		var n int64
		n, err = r.Int()
		s.Truncated = int(n)
	case "flags":
		s.Flags, err = ReadStrings(r)
	case "imported":
		s.Imported, err = r.Bool()
	case "ticket":
		s.Ticket, err = readPart(r, readTicket)
	case "change":
		s.Change, err = readPart(r, readChange)
	case "impact":
		s.Impact, err = readPart(r, readImpact)
	case "command":
		s.Command, err = readPart(r, readCommand)
	case "activation":
		s.Activation, err = readPart(r, readActivation)
	}
	return err
}

// readPart reads an object into a new T; null gives nil.
func readPart[T any](r *jsonscan.Reader, field func(*jsonscan.Reader, *T, string) error) (*T, error) {
	if r.Kind() == jsonscan.Null {
		return nil, r.Skip()
	}
	v := new(T)
	err := r.Object(func(name string) error { return field(r, v, name) })
	return v, err
}

func readTicket(r *jsonscan.Reader, t *Ticket, name string) (err error) {
	switch name {
	case "key":
		t.Key, err = r.String()
	case "project":
		t.Project, err = r.String()
	case "type":
		t.Type, err = r.String()
	case "state":
		t.State, err = r.String()
	case "assignee":
		t.Assignee, err = r.String()
	case "reporter":
		t.Reporter, err = r.String()
	case "priority":
		t.Priority, err = r.String()
	case "links":
		t.Links, err = ReadStrings(r)
	}
	return err
}

func readChange(r *jsonscan.Reader, c *Change, name string) (err error) {
	switch name {
	case "services":
		c.Services, err = ReadStrings(r)
	case "type":
		c.Type, err = r.String()
	case "version":
		c.Version, err = r.String()
	case "by":
		c.By, err = r.String()
	case "contact":
		c.Contact, err = r.String()
	case "suppress":
		c.Suppress, err = r.Bool()
	case "matchers":
		c.Matchers, err = ReadStrings(r)
	case "sets":
		c.Sets, err = ReadStrings(r)
	case "complete":
		c.Complete, err = ReadStrings(r)
	case "members":
		c.Members, err = ReadStrings(r)
	}
	return err
}

func readImpact(r *jsonscan.Reader, i *Impact, name string) (err error) {
	switch name {
	case "incident_id":
		i.IncidentID, err = r.String()
	case "lost_revenue":
		i.LostRevenue, err = r.Float()
	case "cost":
		i.Cost, err = r.Float()
	case "currency":
		i.Currency, err = r.String()
	case "users":
		i.Users, err = r.Int()
	case "note":
		i.Note, err = r.String()
	case "figure":
		i.Figure, err = r.String()
	case "value":
		i.Value, err = r.Float()
	}
	return err
}

func readCommand(r *jsonscan.Reader, c *Command, name string) (err error) {
	switch name {
	case "action":
		c.Action, err = word[Action](r)
	case "by":
		c.By, err = r.String()
	case "incident_id":
		c.IncidentID, err = r.String()
	case "parent_id":
		c.ParentID, err = r.String()
	case "signal_id":
		c.SignalID, err = r.String()
	case "problem_id":
		c.ProblemID, err = r.String()
	case "to":
		c.To, err = r.String()
	case "note":
		c.Note, err = r.String()
	case "step":
		c.Step, err = r.Int()
	case "action_id":
		c.ActionID, err = r.String()
	case "due_at":
		c.DueAt, err = ReadTime(r)
	}
	return err
}

func readActivation(r *jsonscan.Reader, a *Activation, name string) (err error) {
	switch name {
	case "what":
		a.What, err = r.String()
	case "name":
		a.Name, err = r.String()
	case "version":
		a.Version, err = r.String()
	case "text":
		a.Text, err = r.String()
	}
	return err
}

func word[T ~string](r *jsonscan.Reader) (T, error) {
	s, err := r.String()
	return T(s), err
}

// ReadTime reads what Time.UnmarshalJSON takes.
func ReadTime(r *jsonscan.Reader) (Time, error) {
	switch r.Kind() {
	case jsonscan.String:
		s, err := r.String()
		if err != nil || s == "" {
			return 0, err
		}
		if allDigits(s) && len(s) >= len("1700000000") {
			return parseEpoch(s)
		}
		return ParseTime(s)
	case jsonscan.Number:
		s, err := r.Raw()
		if err != nil {
			return 0, err
		}
		return parseEpoch(s)
	case jsonscan.Null:
		return 0, r.Skip()
	}
	return 0, errors.New("want a time: an RFC 3339 string, or a number of seconds or milliseconds since 1970")
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// ReadStrings reads an array of strings.
func ReadStrings(r *jsonscan.Reader) ([]string, error) {
	if r.Kind() == jsonscan.Null {
		return nil, r.Skip()
	}
	vs := []string{}
	err := r.Array(func(int) error {
		s, err := r.String()
		vs = append(vs, s)
		return err
	})
	return vs, err
}

// ReadLabels reads an object of strings, numbers and booleans.
func ReadLabels(r *jsonscan.Reader) (Labels, error) {
	if r.Kind() == jsonscan.Null {
		return nil, r.Skip()
	}
	ls := make(Labels, 0, 8)
	err := r.Object(func(name string) error {
		if k := r.Kind(); k == jsonscan.Object || k == jsonscan.Array {
			return errors.New("a label must be a string")
		}
		v, err := r.Text()
		ls = append(ls, Label{r.Own(name), v})
		return err
	})
	if err != nil {
		return nil, err
	}
	return ls.normal(), nil
}

// normal sorts ls, keeps the last of each name and drops empty values.
func (ls Labels) normal() Labels {
	cmp := func(a, b Label) int { return strings.Compare(a.Name, b.Name) }
	if !slices.IsSortedFunc(ls, cmp) {
		slices.SortStableFunc(ls, cmp)
	}
	kept := ls[:0]
	for i, l := range ls {
		if l.Value != "" && (i+1 == len(ls) || ls[i+1].Name != l.Name) {
			kept = append(kept, l)
		}
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// Bounds of a number of seconds and of milliseconds. As milliseconds, what is
// under 100 billion would be before March 1973: no monitoring is that old, and
// many a program counts in seconds. As seconds it reaches to the year 5138.
const (
	maxSeconds = 100_000_000_000
	minSeconds = 100_000_000  // March 1973; a smaller number is no time at all
	goZero     = -62135596800 // the seconds of Go's zero time: not known
)

// parseEpoch reads a number of milliseconds, seconds (with a fraction),
// microseconds or nanoseconds since 1970: which one shows in its size.
func parseEpoch(s string) (Time, error) {
	bad := func() (Time, error) {
		return 0, errors.New(s + " is neither an RFC 3339 time nor a number of seconds or milliseconds since 1970")
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.ContainsAny(fraction, "eE") {
		f, err := strconv.ParseFloat(s, 64) // 1.7951688e+09
		if err != nil || f != f || f > 9e18 || f < -9e18 {
			return bad()
		}
		n, fraction = int64(f), ""
	}
	switch {
	case n == 0, n == goZero, n == goZero*1000:
		return 0, nil
	case n < minSeconds:
		return bad()
	case n < maxSeconds:
		ms, err := strconv.ParseInt((fraction + "000")[:3], 10, 64)
		if err != nil {
			return bad()
		}
		return Time(n*1000 + ms), nil
	case n <= maxTime:
		return Time(n), nil
	case n >= 1e17:
		return Time(n / 1_000_000), nil
	case n >= 1e15:
		return Time(n / 1000), nil
	}
	return bad()
}
