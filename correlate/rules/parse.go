package rules

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"

	"pinkstar/schemas"
)

// VersionOf returns the version under which text is known: the first 12
// hexadecimal digits of its SHA-256.
func VersionOf(text []byte) string {
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:6])
}

// Parse reads a rule set. file is only used in messages.
func Parse(file string, text []byte) (*Set, error) {
	s := defaults()
	doc, err := decodeStrict(file, text, s)
	if err != nil {
		return nil, err
	}
	if err := s.check(doc); err != nil {
		return nil, err
	}
	s.seal(text)
	return s, nil
}

// Seal makes a Set that was built or changed in code usable: it checks it and
// gives it a text and a version.
func (s *Set) Seal() error {
	if err := s.check(document{file: "rules"}); err != nil {
		return err
	}
	s.seal(nil)
	return nil
}

func (s *Set) seal(text []byte) {
	if text == nil {
		b, err := yaml.Marshal(s)
		if err != nil { // plain values only: cannot fail
			panic("rules: " + err.Error())
		}
		text = b
	}
	s.Text = slices.Clone(text)
	s.Version = VersionOf(text)
	s.index = newRuleIndex(s.Rules)
}

// document finds the line of a value for messages.
type document struct {
	file string
	tree *ast.File
}

func decodeStrict(file string, text []byte, into any) (document, error) {
	d := document{file: file}
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		return d, fmt.Errorf("%s: %s", file, plain(err))
	}
	d.tree = tree
	if len(strings.TrimSpace(string(text))) == 0 || len(tree.Docs) == 0 || tree.Docs[0].Body == nil {
		return d, nil
	}
	if err := yaml.UnmarshalWithOptions(text, into, yaml.Strict()); err != nil {
		return d, fmt.Errorf("%s: %s", file, plain(err))
	}
	return d, nil
}

// plain renders a YAML error on one line: "[3:5] unknown field ..." becomes
// "line 3, column 5: unknown field ...".
func plain(err error) string {
	msg, _, _ := strings.Cut(yaml.FormatError(err, false, false), "\n")
	if pos, rest, ok := strings.Cut(msg, "] "); ok && strings.HasPrefix(pos, "[") {
		if line, col, ok := strings.Cut(pos[1:], ":"); ok {
			return "line " + line + ", column " + col + ": " + rest
		}
	}
	return msg
}

// errorf reports an error at the value under path ("$.rules[0].match").
func (d document) errorf(path, format string, args ...any) error {
	where := d.file
	if d.tree != nil {
		if p, err := yaml.PathString(path); err == nil {
			if n, err := p.FilterFile(d.tree); err == nil && n != nil && n.GetToken() != nil {
				where = fmt.Sprintf("%s: line %d", d.file, n.GetToken().Position.Line)
			}
		}
	}
	return fmt.Errorf("%s: %s", where, fmt.Sprintf(format, args...))
}

func (s *Set) check(d document) error {
	seen := map[string]bool{}
	for i := range s.Rules {
		if err := s.Rules[i].check(d, fmt.Sprintf("$.rules[%d]", i), seen); err != nil {
			return err
		}
	}
	for i := range s.Procedures {
		p := &s.Procedures[i]
		path := fmt.Sprintf("$.procedures[%d]", i)
		if p.Name == "" {
			return d.errorf(path, "procedure %d has no name: add \"name:\"", i+1)
		}
		var err error
		if p.matchers, err = parseMatchers(p.Match); err != nil {
			return d.errorf(path+".match", "procedure %q: %s", p.Name, err)
		}
	}
	if err := s.Correlation.check(d); err != nil {
		return err
	}
	if err := s.Impact.check(d); err != nil {
		return err
	}
	return s.checkNumbers(d)
}

func (r *Rule) check(d document, path string, seen map[string]bool) error {
	switch {
	case r.Name == "":
		return d.errorf(path, "this rule has no name: add \"name:\", it is shown in every decision")
	case seen[r.Name]:
		return d.errorf(path+".name", "two rules are called %q: rename one", r.Name)
	case len(r.Match) == 0:
		return d.errorf(path, "rule %q has no matchers: add \"match:\", for example match: ['team=\"shield\"']", r.Name)
	}
	seen[r.Name] = true
	if r.Action == "" {
		r.Action = ActionGroup
	}
	if !slices.Contains([]Action{ActionGroup, ActionSeparate, ActionSuppress}, r.Action) {
		return d.errorf(path+".action", "rule %q: action %q is not one of group, separate, suppress", r.Name, r.Action)
	}
	if r.Window == 0 {
		r.Window = Duration(10 * schemas.Minute)
	}
	if r.Threshold == 0 {
		r.Threshold = 1
	}
	if r.Threshold < 0 {
		return d.errorf(path+".threshold", "rule %q: threshold must be 1 or more", r.Name)
	}
	if slices.Contains(r.By, "") {
		return d.errorf(path+".by", "rule %q: an empty label name in \"by\"", r.Name)
	}
	var err error
	if r.matchers, err = parseMatchers(r.Match); err != nil {
		return d.errorf(path+".match", "rule %q: %s", r.Name, err)
	}
	return nil
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

func (c *Correlation) check(d document) error {
	const at = "$.correlation"
	if c.Hops < 0 || c.Hops > 3 {
		return d.errorf(at+".hops", "hops must be 0 to 3, not %d", c.Hops)
	}
	if c.ChangeHops < 0 || c.ChangeHops > 3 {
		return d.errorf(at+".change_hops", "change_hops must be 0 to 3, not %d", c.ChangeHops)
	}
	if c.Candidates < 1 || c.Candidates > 64 {
		return d.errorf(at+".candidates", "candidates must be 1 to 64, not %d", c.Candidates)
	}
	if c.Parent < c.Join {
		return d.errorf(at+".parent", "parent (%d) must not be below join (%d): linking incidents needs more than joining one", c.Parent, c.Join)
	}
	var err error
	c.eachCurve(func(path string, x any) {
		curve := cornersOf(x)
		for i := 1; i < len(curve); i++ {
			if curve[i].At <= curve[i-1].At && err == nil {
				err = d.errorf(fmt.Sprintf("%s.%s[%d]", at, path, i), "the corners of a curve must grow")
			}
		}
	})
	if err != nil {
		return err
	}
	return nil
}

func (m *Impact) check(d document) error {
	for name, f := range m.Loss {
		path := "$.impact.loss." + name
		if len(f) != 3 || f[0] < 0 || f[0] > f[1] || f[1] > f[2] || f[2] > 1 {
			return d.errorf(path, "loss of %q must be three shares from 0 to 1: low, likely, high", name)
		}
	}
	for name, r := range m.Services {
		for _, h := range r.Hours {
			if h.From < 0 || h.To > 24 || h.From >= h.To {
				return d.errorf("$.impact.services", "revenue of %q: hours must go from 0-23 to a later 1-24", name)
			}
			for _, day := range h.Days {
				if weekday(day) < 0 {
					return d.errorf("$.impact.services", "revenue of %q: day %q is not one of mon, tue, wed, thu, fri, sat, sun", name, day)
				}
			}
		}
	}
	return nil
}

func weekday(s string) int {
	return slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, strings.ToLower(s))
}

// checkNumbers refuses values under which the engine cannot work.
func (s *Set) checkNumbers(d document) error {
	l, lim := &s.Lifecycle, &s.Limits
	for _, c := range []struct {
		path string
		v    int64
	}{
		{"lifecycle.flush_incident", int64(l.FlushIncident)}, {"lifecycle.flush_repeats", int64(l.FlushRepeats)},
		{"lifecycle.reopen_window", int64(l.ReopenWindow)}, {"lifecycle.inactivity", int64(l.Inactivity)},
		{"lifecycle.max_lifetime", int64(l.MaxLifetime)}, {"lifecycle.forget", int64(l.Forget)},
		{"lifecycle.ticket_quiet", int64(l.TicketQuiet)}, {"lifecycle.flap_count", int64(l.FlapCount)},
		{"problems.min_incidents", int64(s.Problems.MinIncidents)}, {"problems.period", int64(s.Problems.Period)},
		{"correlation.max_signals", int64(s.Correlation.MaxSignals)}, {"correlation.max_services", int64(s.Correlation.MaxServices)},
		{"limits.alerts", int64(lim.Alerts)}, {"limits.incidents", int64(lim.Incidents)}, {"limits.scopes", int64(lim.Scopes)},
		{"limits.known_signals", int64(lim.KnownSignals)}, {"limits.members", int64(lim.Members)},
		{"limits.tickets", int64(lim.Tickets)}, {"limits.changes", int64(lim.Changes)}, {"limits.patterns", int64(lim.Patterns)},
		{"limits.facts", int64(lim.Facts)}, {"limits.groups", int64(lim.Groups)}, {"limits.joining_per_minute", int64(lim.JoiningPerMinute)},
	} {
		if c.v < 1 {
			return d.errorf("$."+c.path, "%s must be above 0", c.path)
		}
	}
	return nil
}
