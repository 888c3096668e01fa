package ingest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode/utf8"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Limits bounds what one payload may ask of us.
type Limits struct {
	BodyBytes         int64 `yaml:"body_bytes"`         // as sent
	DecompressedBytes int64 `yaml:"decompressed_bytes"` // after gzip or zstd
	InFlightBytes     int64 `yaml:"in_flight_bytes"`    // of all requests at once: bodies, decompressed, and read into signals
	Values            int   `yaml:"values"`             // members and elements in one payload
	Depth             int   `yaml:"depth"`              // of nested JSON
	Signals           int   `yaml:"signals"`            // in one payload
	Labels            int   `yaml:"labels"`             // on one signal; more are dropped, and flagged
	LabelBytes        int   `yaml:"label_bytes"`        // names and values of one signal's labels, or of a list; likewise
	TextBytes         int   `yaml:"text_bytes"`         // a description or annotation; longer ones are cut, and flagged
	NameBytes         int   `yaml:"name_bytes"`         // a name, service, host, ...; longer ones are cut, and flagged
	IdentityBytes     int   `yaml:"identity_bytes"`     // source, fingerprint, occurrence: replaced by a hash when longer; scope: refused
	MatcherBytes      int   `yaml:"matcher_bytes"`      // a window's matchers: refused when longer, for without some it would suppress more
	MatcherSteps      int   `yaml:"matcher_steps"`      // what a window's regular expressions may do for one byte of a label: refused when more, for every alert is held against them
	CalendarDays      int   `yaml:"calendar_days"`      // how far ahead repeating windows are written out
	CalendarWindows   int   `yaml:"calendar_windows"`   // written out of one repeating window
}

// DefaultLimits returns the limits in force when the configuration is silent.
func DefaultLimits() Limits {
	return Limits{
		BodyBytes:         16 << 20, // 10,000 alerts of 1.6 KB: a storm comes in one notification
		DecompressedBytes: 16 << 20,
		InFlightBytes:     448 << 20,
		Values:            1_000_000,
		Depth:             32,
		Signals:           10_000,
		Labels:            64,
		LabelBytes:        16 << 10,
		TextBytes:         8 << 10,
		NameBytes:         256,
		IdentityBytes:     512,
		MatcherBytes:      64 << 10,
		MatcherSteps:      10_000,
		CalendarDays:      35,
		CalendarWindows:   200,
	}
}

// Validate reports the limits that make no sense.
func (l *Limits) Validate() error {
	var errs []error
	for _, f := range []struct {
		name string
		n    int64
	}{
		{"body_bytes", l.BodyBytes}, {"decompressed_bytes", l.DecompressedBytes},
		{"in_flight_bytes", l.InFlightBytes}, {"values", int64(l.Values)}, {"depth", int64(l.Depth)},
		{"signals", int64(l.Signals)}, {"labels", int64(l.Labels)}, {"label_bytes", int64(l.LabelBytes)},
		{"text_bytes", int64(l.TextBytes)}, {"name_bytes", int64(l.NameBytes)}, {"identity_bytes", int64(l.IdentityBytes)},
		{"matcher_bytes", int64(l.MatcherBytes)}, {"matcher_steps", int64(l.MatcherSteps)}, {"calendar_days", int64(l.CalendarDays)}, {"calendar_windows", int64(l.CalendarWindows)},
	} {
		if f.n <= 0 {
			errs = append(errs, fmt.Errorf("limits.%s: %d; it must be over zero", f.name, f.n))
		}
	}
	if l.DecompressedBytes < l.BodyBytes {
		errs = append(errs, errors.New("limits.decompressed_bytes: smaller than limits.body_bytes"))
	}
	if least := 2 * l.largest(); l.InFlightBytes < least && len(errs) == 0 {
		errs = append(errs, fmt.Errorf("limits.in_flight_bytes: %d; with the limits of one request it must be %d at least", l.InFlightBytes, least))
	}
	return errors.Join(errs...)
}

// shorten replaces a part of the identity that is too long by its beginning and
// its hash. Senders allow more than we want to keep (ServiceNow's message_key
// 1,024 characters), and the same key gives the same hash each time.
func (l *Limits) shorten(s *schemas.Signal) {
	long := false
	for _, p := range []*string{&s.Source, &s.Fingerprint, &s.Occurrence} {
		short := shortened(*p, l.IdentityBytes)
		long = long || short != *p
		*p = short
	}
	if long {
		s.Flags = append(s.Flags, "identity_hashed")
	}
}

// shortened is v, or its beginning and its hash where it has more than n bytes.
func shortened(v string, n int) string {
	if len(v) <= n {
		return v
	}
	sum := sha256.Sum256([]byte(v))
	hash := hex.EncodeToString(sum[:])
	cutTo(&v, max(0, n-len(hash)-1))
	return v + "#" + hash
}

// apply cuts a completed signal to the limits. The state of an alert must
// never be lost to a limit, so what does not make the identity is dropped or
// cut, with a flag. Refused is a scope that is too long, and a window that would
// suppress more than it says.
func (l *Limits) apply(s *schemas.Signal) error {
	if len(s.Scope) > l.IdentityBytes {
		return fmt.Errorf("scope: %d bytes, at most %d are taken: %w", len(s.Scope), l.IdentityBytes, ErrLimit)
	}
	if err := l.checkMatchers(s.Change); err != nil {
		return err
	}
	cut := false
	for _, p := range []*string{&s.Name, &s.Service, &s.Instance, &s.Host, &s.Team, &s.Tenant, &s.Environment} {
		cut = cutTo(p, l.NameBytes) || cut
	}
	for _, p := range []*string{&s.Summary, &s.Description, &s.URL, &s.Runbook, &s.GroupKey} {
		cut = cutTo(p, l.TextBytes) || cut
	}
	for i := range s.Annotations {
		cut = cutTo(&s.Annotations[i].Value, l.TextBytes) || cut
	}
	if cut {
		s.Flags = append(s.Flags, "text_cut")
	}
	if ls, dropped := dropLabels(s.Labels, l.Labels, l.LabelBytes); dropped {
		s.Labels = ls
		s.Flags = append(s.Flags, "labels_dropped")
	}
	if as, dropped := dropLabels(s.Annotations, l.Labels, 4*l.TextBytes); dropped {
		s.Annotations = as
		s.Flags = append(s.Flags, "annotations_dropped")
	}
	l.applyToParts(s)
	return nil
}

// applyToParts cuts lists and texts of the kinds' own parts.
func (l *Limits) applyToParts(s *schemas.Signal) {
	if t := s.Ticket; t != nil {
		t.Key = shortened(t.Key, l.NameBytes) // tickets are told apart by it
		for _, p := range []*string{&t.Project, &t.Type, &t.State, &t.Assignee, &t.Reporter, &t.Priority} {
			cutTo(p, l.NameBytes)
		}
		t.Links = l.cutList(s, t.Links)
	}
	if c := s.Change; c != nil {
		for _, p := range []*string{&c.Type, &c.Version, &c.By, &c.Contact} {
			cutTo(p, l.NameBytes)
		}
		c.Services = l.cutList(s, c.Services)
	}
	if c := s.Command; c != nil {
		cutTo(&c.Note, l.TextBytes)
		for _, p := range []*string{&c.By, &c.IncidentID, &c.ParentID, &c.SignalID, &c.ProblemID, &c.To, &c.ActionID} {
			cutTo(p, l.NameBytes)
		}
	}
	if i := s.Impact; i != nil {
		cutTo(&i.Note, l.TextBytes)
		cutTo(&i.Currency, l.NameBytes)
		cutTo(&i.IncidentID, l.NameBytes)
		cutTo(&i.Figure, l.NameBytes)
	}
}

// checkMatchers refuses a window whose matchers are too long or can't be
// parsed. Dropping one would make it suppress alerts that nobody silenced.
func (l *Limits) checkMatchers(c *schemas.Change) error {
	if c == nil {
		return nil
	}
	size, steps := 0, 0
	for _, m := range c.Matchers {
		size += len(m)
	}
	if size > l.MatcherBytes {
		return fmt.Errorf("change.matchers: %d bytes, at most %d are taken (limits.matcher_bytes); "+
			"the window is refused whole, since without some of its matchers it would suppress more: %w", size, l.MatcherBytes, ErrLimit)
	}
	for _, m := range c.Matchers {
		steps = added(steps, stepsOf(m))
	}
	if err := l.checkSteps(steps); err != nil {
		return err
	}
	parsed, err := rules.ParseMatchers(c.Matchers)
	if err != nil {
		return fmt.Errorf("change.matchers: %w", err)
	}
	steps = 0
	for _, e := range parsed.Expressions() {
		steps = added(steps, matcherSteps(e))
	}
	return l.checkSteps(steps)
}

func (l *Limits) checkSteps(steps int) error {
	if steps > l.MatcherSteps {
		return fmt.Errorf("change.matchers: the regular expressions may take %d steps for one byte of a label, at most %d are taken (limits.matcher_steps); "+
			"write shorter repetitions, or several windows: %w", steps, l.MatcherSteps, ErrLimit)
	}
	return nil
}

// cutList shortens a list to as many entries and bytes as a signal's labels may
// have.
func (l *Limits) cutList(s *schemas.Signal, list []string) []string {
	kept, size := list[:0:0], 0
	for _, v := range list {
		if size+len(v) <= l.LabelBytes && len(kept) < l.Labels {
			kept = append(kept, v)
			size += len(v)
		}
	}
	if len(kept) < len(list) {
		s.Flags = append(s.Flags, "list_cut")
		return kept
	}
	return list
}

// cutTo shortens *p to at most n bytes without splitting a character.
func cutTo(p *string, n int) bool {
	if len(*p) <= n {
		return false
	}
	for n > 0 && !utf8.RuneStart((*p)[n]) {
		n--
	}
	*p = (*p)[:n]
	return true
}

// dropLabels keeps labels in their order until a limit is reached. A value is
// never cut, since half a value would equal another label's.
func dropLabels(ls schemas.Labels, count, bytes int) (schemas.Labels, bool) {
	size := 0
	for _, l := range ls {
		size += len(l.Name) + len(l.Value)
	}
	if len(ls) <= count && size <= bytes {
		return ls, false
	}
	kept := make(schemas.Labels, 0, min(count, len(ls)))
	size = 0
	for _, l := range ls {
		n := len(l.Name) + len(l.Value)
		if len(kept) == count || size+n > bytes {
			continue
		}
		size += n
		kept = append(kept, l)
	}
	return kept, true
}
