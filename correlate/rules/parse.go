package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"

	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"

	"pinkstar/correlate/rules/strict"
	"pinkstar/schemas"
)

// VersionOf returns the version under which text is known: the first 12
// hexadecimal digits of its SHA-256.
func VersionOf(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:6])
}

// Source says where a text comes from.
type Source int

// FromLog is a text out of the log or a snapshot. What an earlier version took
// must be taken for ever, so what that version silently ignored is ignored. Its
// version is that of the text as it is there, and what a rule set leaves out is
// as in Released, whatever the defaults have become: a log means what it meant.
const FromLog Source = 1

// Parse reads a rule set. file is only used in messages. The error is a
// strict.Faults that holds everything that is wrong. The set's text is the
// effective one, with all that the file left out, unless it comes FromLog.
func Parse(file string, text []byte, from ...Source) (*Set, error) {
	if slices.Contains(from, FromLog) {
		return parseOnto(released(), file, text, from)
	}
	return parseOnto(defaults(), file, text, nil)
}

func parseOnto(s *Set, file string, text []byte, from []Source) (*Set, error) {
	doc := decodeStrict(file, text, s, from)
	s.check(doc)
	if err := doc.err(); err != nil {
		return nil, err
	}
	if !slices.Contains(from, FromLog) {
		text = nil
	}
	s.seal(text)
	return s, nil
}

// Seal makes a Set that was built or changed in code usable: it checks it and
// gives it its effective text and version.
func (s *Set) Seal() error {
	doc := document{Document: &strict.Document{File: "rules"}}
	s.check(&doc)
	if err := doc.err(); err != nil {
		return err
	}
	s.seal(nil)
	return nil
}

// seal gives s its text, nil for the effective one: every value written out, so
// that read anywhere it is this set.
func (s *Set) seal(text []byte) {
	if text == nil {
		text = marshal(s)
	}
	s.Text = slices.Clone(text)
	s.Version = VersionOf(text)
	s.index = newRuleIndex(s.Rules)
}

// document is a text and what is wrong with it.
type document struct {
	*strict.Document
	faults strict.Faults
}

func decodeStrict(file string, text []byte, into any, from []Source) *document {
	d := &document{}
	d.Document, d.faults = strict.Decode(file, text, into)
	if slices.Contains(from, FromLog) {
		d.faults = slices.DeleteFunc(d.faults, func(f strict.Fault) bool { return f.Ignored })
	}
	return d
}

// bad notes what is wrong with the value under path, such as rules[0].match.
// What could not be read is not judged.
func (d *document) bad(path, format string, args ...any) {
	if d.faults.Within(path) {
		return
	}
	d.faults = append(d.faults, d.Fault(path, format, args...))
}

func (d *document) err() error {
	return d.faults.Err()
}

func (s *Set) check(d *document) {
	seen := map[string]bool{}
	for i := range s.Rules {
		s.Rules[i].check(d, fmt.Sprintf("rules[%d]", i), seen)
	}
	for i := range s.Procedures {
		p := &s.Procedures[i]
		path := fmt.Sprintf("procedures[%d]", i)
		if p.Name == "" {
			d.bad(path, "procedure %d has no name: add \"name:\"", i+1)
		}
		var err error
		if p.matchers, err = parseMatchers(p.Match); err != nil {
			d.bad(path+".match", "procedure %q: %s", p.Name, err)
		}
		p.check(d, path)
	}
	s.Messages.check(d)
	s.checkPeople(d)
	s.checkRotas(d)
	s.Correlation.check(d)
	s.Impact.check(d)
	s.checkNumbers(d)
}

func (r *Rule) check(d *document, path string, seen map[string]bool) {
	switch {
	case r.Name == "":
		d.bad(path, "this rule has no name: add \"name:\", it is shown in every decision")
	case seen[r.Name]:
		d.bad(path+".name", "two rules are called %q: rename one", r.Name)
	}
	if len(r.Match) == 0 {
		d.bad(path, "rule %q has no matchers: add \"match:\", for example match: ['team=\"shield\"']", r.Name)
	}
	seen[r.Name] = true
	if r.Action == "" {
		r.Action = ActionGroup
	}
	if !slices.Contains([]Action{ActionGroup, ActionSeparate, ActionSuppress}, r.Action) {
		d.bad(path+".action", "rule %q: action %q is not one of group, separate, suppress", r.Name, r.Action)
	}
	if r.Window == 0 {
		r.Window = Duration(10 * schemas.Minute)
	}
	if r.Threshold == 0 {
		r.Threshold = 1
	}
	if r.Threshold < 0 {
		d.bad(path+".threshold", "rule %q: threshold must be 1 or more", r.Name)
	}
	if slices.Contains(r.By, "") {
		d.bad(path+".by", "rule %q: an empty label name in \"by\"", r.Name)
	}
	var err error
	if r.matchers, err = parseMatchers(r.Match); err != nil {
		d.bad(path+".match", "rule %q: %s", r.Name, err)
	}
}

// parseEither reads label names of any UTF-8, quoted or not, as Alertmanager does
// since 0.27, and what only its older parser takes by that one.
var parseEither = compat.FallbackMatchersParser(slog.New(slog.DiscardHandler))

func parseMatchers(texts []string) (labels.Matchers, error) {
	var all labels.Matchers
	for _, t := range texts {
		ms, err := parseEither(t, "")
		if err != nil {
			return nil, fmt.Errorf("matcher %q: %w; write it as Alertmanager does, for example severity=~\"critical|major\"", t, err)
		}
		all = append(all, ms...)
	}
	return all, nil
}

func (c *Correlation) check(d *document) {
	const at = "correlation"
	if c.Hops < 0 || c.Hops > 3 {
		d.bad(at+".hops", "must be 0 to 3, not %d", c.Hops)
	}
	if c.ChangeHops < 0 || c.ChangeHops > 3 {
		d.bad(at+".change_hops", "must be 0 to 3, not %d", c.ChangeHops)
	}
	if c.Candidates < 1 || c.Candidates > 64 {
		d.bad(at+".candidates", "must be 1 to 64, not %d", c.Candidates)
	}
	if c.Parent < c.Join {
		d.bad(at+".parent", "%d must not be below join (%d): linking incidents needs more than joining one", c.Parent, c.Join)
	}
	c.eachCurve(func(path string, x any) {
		curve := cornersOf(x)
		for i := 1; i < len(curve); i++ {
			if curve[i].At <= curve[i-1].At {
				d.bad(fmt.Sprintf("%s.%s[%d]", at, path, i), "the corners of a curve must grow")
				break
			}
		}
	})
}

// checkNumbers refuses values under which the engine cannot work.
func (s *Set) checkNumbers(d *document) {
	l, lim := &s.Lifecycle, &s.Limits
	for _, c := range []struct {
		path string
		v    int64
	}{
		{"lifecycle.flush_incident", int64(l.FlushIncident)}, {"lifecycle.flush_repeats", int64(l.FlushRepeats)}, {"lifecycle.flush_costs", int64(l.FlushCosts)},
		{"lifecycle.reopen_window", int64(l.ReopenWindow)}, {"lifecycle.inactivity", int64(l.Inactivity)},
		{"lifecycle.max_lifetime", int64(l.MaxLifetime)}, {"lifecycle.forget", int64(l.Forget)},
		{"lifecycle.ticket_quiet", int64(l.TicketQuiet)}, {"lifecycle.flap_count", int64(l.FlapCount)},
		{"problems.min_incidents", int64(s.Problems.MinIncidents)}, {"problems.period", int64(s.Problems.Period)},
		{"correlation.max_signals", int64(s.Correlation.MaxSignals)}, {"correlation.max_services", int64(s.Correlation.MaxServices)},
		{"limits.alerts", int64(lim.Alerts)}, {"limits.incidents", int64(lim.Incidents)}, {"limits.scopes", int64(lim.Scopes)},
		{"limits.known_signals", int64(lim.KnownSignals)}, {"limits.members", int64(lim.Members)},
		{"limits.tickets", int64(lim.Tickets)}, {"limits.changes", int64(lim.Changes)}, {"limits.patterns", int64(lim.Patterns)},
		{"limits.facts", int64(lim.Corrections)}, {"limits.groups", int64(lim.Groups)}, {"limits.joining_per_minute", int64(lim.JoiningPerMinute)},
	} {
		if c.v < 1 {
			d.bad(c.path, "%d; it must be above 0", c.v)
		}
	}
}
