package schemas

import (
	"fmt"
	"slices"
	"strings"
)

// maxAhead is how far a sender's clock may run ahead of ours before its time
// is cut back to the present.
const maxAhead = 2 * Minute

// Complete fills in what a signal's sender left out and checks the rest:
// defaults, names from labels, the scope, and the id. ReceivedAt must be set.
// The error says which field is wrong.
func (n *Naming) Complete(s *Signal) error {
	if s.Kind == "" {
		s.Kind = KindAlert
	}
	if !slices.Contains(Kinds, s.Kind) {
		return fmt.Errorf("kind: %q is not one of %v", s.Kind, Kinds)
	}
	if s.ReceivedAt == 0 {
		return fmt.Errorf("received_at: missing")
	}
	s.Imported = false // only an import may say so, and it comes another way
	s.trim()
	n.fromLabels(s)
	if err := completeStatus(s); err != nil {
		return err
	}
	if s.Severity == severityOver {
		s.Severity = SeverityInfo
	}
	if s.Source == "" {
		s.Source = "unknown"
	}
	if s.Name == "" {
		if s.Name = strings.TrimSpace(s.Labels.Get("alertname")); s.Name == "" {
			s.Name = strings.TrimSpace(s.Summary)
		}
	}
	if s.Name == "" {
		s.Name = nameFor(s)
	}
	if s.Name == "" {
		return fmt.Errorf("name: missing, and there is no label alertname and no summary to take it from")
	}
	if s.Fingerprint == "" {
		s.Fingerprint = fingerprintFor(s)
	}
	s.Scope = n.scopeOf(s)
	if s.StartsAt == 0 {
		s.StartsAt = s.ReceivedAt
		s.flag("starts_at_missing")
	}
	// The identity comes from the sender's own time: cut back to the present, a
	// time from the future would be another one with each delivery.
	s.ID = SignalID(s).String()
	clampTimes(s)
	return nil
}

// trim takes away spaces around names: "production " is no scope of its own.
// Labels stay as they were sent.
func (s *Signal) trim() {
	for _, p := range []*string{&s.Source, &s.Name, &s.Fingerprint, &s.Service, &s.Instance, &s.Host, &s.Team, &s.Tenant, &s.Environment} {
		*p = strings.TrimSpace(*p)
	}
	if c := s.Change; c != nil {
		for i := range c.Services {
			c.Services[i] = strings.TrimSpace(c.Services[i])
		}
	}
}

func completeStatus(s *Signal) error {
	allowed := StatusesOf(s.Kind)
	if s.Status == "" {
		s.Status = allowed[0]
		if s.Kind == KindAlert && (s.EndsAt != 0 && s.EndsAt <= s.ReceivedAt || s.Severity == severityOver) {
			s.Status = StatusResolved
		}
	}
	if !slices.Contains(allowed, s.Status) {
		s.Status = parseStatus(s.Kind, s.Status)
	}
	if !slices.Contains(allowed, s.Status) {
		return fmt.Errorf("status: %q is not one of %v, which a %s may have", s.Status, allowed, s.Kind)
	}
	switch s.Kind {
	case KindTicket:
		if s.Ticket == nil || s.Ticket.Key == "" {
			return fmt.Errorf("ticket.key: missing")
		}
	case KindCommand:
		if s.Command == nil || !s.Command.Action.Known() {
			return fmt.Errorf("command.action: missing or not one of %v", slices.Concat(Actions, ItemActions))
		}
	case KindImpact:
		if s.Impact == nil {
			return fmt.Errorf("impact: missing")
		}
		if s.Impact.Figure != "" && (s.Impact.Value < 0 || s.Impact.IncidentID != "") {
			return fmt.Errorf("impact.figure: %q needs a value of 0 or more, and belongs to no incident", s.Impact.Figure)
		}
	}
	return nil
}

// Many senders say by the severity that it is over: an alert without a status
// whose severity is "clear" has recovered.
const severityOver Severity = "over"

var overWords = map[string]bool{
	"ok": true, "okay": true, "clear": true, "cleared": true, "normal": true, "resolved": true, "recovery": true, "recovered": true, "closed": true,
}

// statusWords are other words in use for a status: those of ITIL's service
// desks, and of monitoring systems.
var statusWords = map[Kind]map[string]Status{
	KindTicket: {
		"new": StatusOpen, "created": StatusOpen, "reopened": StatusOpen,
		"assigned": StatusUpdated, "acknowledged": StatusUpdated, "in_progress": StatusUpdated, "work_in_progress": StatusUpdated,
		"pending": StatusUpdated, "on_hold": StatusUpdated, "waiting": StatusUpdated, "changed": StatusUpdated,
		"resolved": StatusClosed, "done": StatusClosed, "completed": StatusClosed, "canceled": StatusClosed, "cancelled": StatusClosed,
		"rejected": StatusClosed, "removed": StatusDeleted,
	},
	KindAlert: {
		"active": StatusFiring, "alerting": StatusFiring, "triggered": StatusFiring, "problem": StatusFiring, "open": StatusFiring,
		"alert": StatusFiring, "alarm": StatusFiring, "trigger": StatusFiring, "raised": StatusFiring, "fired": StatusFiring, "down": StatusFiring,
		"critical": StatusFiring, "crit": StatusFiring, "warning": StatusFiring, "warn": StatusFiring, "error": StatusFiring, "failing": StatusFiring,
		"failed": StatusFiring, "unhealthy": StatusFiring, "degraded": StatusFiring, "acknowledged": StatusFiring, "no_data": StatusFiring, "nodata": StatusFiring,
		"okay": StatusResolved, "normal": StatusResolved, "clear": StatusResolved, "healthy": StatusResolved, "up": StatusResolved, "passing": StatusResolved,
		"success": StatusResolved, "succeeded": StatusResolved, "passed": StatusResolved, "pass": StatusResolved,
		"done": StatusResolved, "complete": StatusResolved, "completed": StatusResolved, "finished": StatusResolved, "end": StatusResolved,
		"expired": StatusResolved, "cancelled": StatusResolved, "canceled": StatusResolved, "not_firing": StatusResolved,
		"green": StatusResolved, "fixed": StatusResolved, "ended": StatusResolved, "solved": StatusResolved, "resolve": StatusResolved,
		"ok": StatusResolved, "cleared": StatusResolved, "recovered": StatusResolved, "recovery": StatusResolved, "inactive": StatusResolved, "closed": StatusResolved,
	},
}

// parseStatus understands a status however it is written, and returns s when it
// does not.
func parseStatus(kind Kind, s Status) Status {
	word := strings.NewReplacer(" ", "_", "-", "_").Replace(strings.ToLower(strings.TrimSpace(string(s))))
	if slices.Contains(StatusesOf(kind), Status(word)) {
		return Status(word)
	}
	if known, ok := statusWords[kind][word]; ok {
		return known
	}
	return s
}

// nameFor names what people give without a name.
func nameFor(s *Signal) string {
	switch s.Kind {
	case KindTicket:
		return s.Ticket.Key
	case KindCommand:
		return string(s.Command.Action)
	case KindImpact:
		return "impact"
	default:
		return ""
	}
}

func fingerprintFor(s *Signal) string {
	switch s.Kind {
	case KindTicket:
		return s.Ticket.Key
	case KindCommand: // two orders in the same millisecond differ by their content
		return FingerprintOf(Labels{{"command", string(commandJSON(s.Command))}})
	case KindImpact:
		if s.Impact.Figure != "" { // the same figure told twice is told once; told otherwise, it is another
			return FingerprintOf(Labels{{"figure", s.Impact.Figure}, {"service", s.Service}, {"value", string(impactJSON(s.Impact))}})
		}
		return FingerprintOf(Labels{{"impact", string(impactJSON(s.Impact))}, {"service", s.Service}})
	}
	ls := s.Labels
	if ls.Get("alertname") == "" {
		ls = append(Labels{{"alertname", s.Name}}, ls...)
		ls.sort()
	}
	if len(ls) == 1 { // a signal without labels is told apart by its entity
		ls = append(ls[:1:1], Label{"service", s.Service}, Label{"instance", s.Instance}, Label{"host", s.Host})
	}
	return FingerprintOf(ls)
}

// clampTimes cuts a sender's times back to the present. A maintenance window
// or a planned change lies in the future by nature.
func clampTimes(s *Signal) {
	clampRange(s)
	if s.Kind == KindMaintenance || s.Kind == KindChange {
		return
	}
	if s.StartsAt > s.ReceivedAt.Add(maxAhead) {
		s.StartsAt = s.ReceivedAt
		s.flag("starts_at_in_future")
	}
	if s.Status == StatusFiring {
		s.EndsAt = 0
	}
	if s.EndsAt > s.ReceivedAt.Add(maxAhead) {
		s.EndsAt = s.ReceivedAt
		s.flag("ends_at_in_future")
	}
	if s.EndsAt != 0 && s.EndsAt < s.StartsAt {
		s.EndsAt = s.StartsAt
		s.flag("ends_at_before_starts_at")
	}
	if s.Status == StatusResolved && s.EndsAt == 0 {
		s.EndsAt = s.ReceivedAt
		s.flag("ends_at_missing")
	}
}

// Times that cannot be. Nothing that is watched began before 1970, an alert is
// not ten years old when it is first heard of, and ClickHouse's times, which its
// driver counts in nanoseconds, end in 2262: a window "for ever" ends before.
const (
	maxAge  = 10 * 366 * Day
	maxEdge = 9214646399999
)

// clampRange moves times that cannot be to the edge of what can, or, where that
// would count years that nobody waited, to the present.
func clampRange(s *Signal) {
	lasting := s.Kind == KindMaintenance || s.Kind == KindChange
	switch {
	case s.StartsAt < 0, s.StartsAt < s.ReceivedAt.Add(-maxAge) && s.Kind != KindTicket && !lasting:
		s.StartsAt = s.ReceivedAt
		s.flag("starts_at_out_of_range")
	case s.StartsAt > maxEdge:
		s.StartsAt = maxEdge
		s.flag("starts_at_out_of_range")
	}
	switch {
	case s.EndsAt > maxEdge:
		s.EndsAt = maxEdge
		s.flag("ends_at_out_of_range")
	case s.EndsAt < 0:
		s.EndsAt = 0
		s.flag("ends_at_out_of_range")
	}
}

func (s *Signal) flag(f string) {
	if !slices.Contains(s.Flags, f) {
		s.Flags = append(s.Flags, f)
	}
}

// ParseSeverity maps the words and numbers that alerting rules and trackers
// use to ours. What it does not know is SeverityUnknown.
func ParseSeverity(s string) Severity {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "critical", "crit", "fatal", "emergency", "disaster", "page", "p1", "sev1", "sev-1", "highest", "blocker", "1":
		return SeverityCritical
	case "major", "high", "error", "err", "p2", "sev2", "sev-2", "2":
		return SeverityMajor
	case "warning", "warn", "minor", "medium", "average", "p3", "sev3", "sev-3", "3":
		return SeverityWarning
	case "info", "information", "informational", "notice", "low", "lowest", "none", "ok", "clear", "debug", "p4", "p5", "sev4", "sev5", "trivial", "4", "5":
		return SeverityInfo
	default:
		return SeverityUnknown
	}
}

// StripPort removes a trailing ":9100" from an address. A name with more than
// one colon that is not bracketed is an IPv6 address and stays whole.
func StripPort(s string) string {
	i := strings.LastIndexByte(s, ':')
	if i < 0 || i == len(s)-1 {
		return s
	}
	for _, c := range s[i+1:] {
		if c < '0' || c > '9' {
			return s
		}
	}
	host := s[:i]
	if strings.HasPrefix(host, "[") && strings.HasSuffix(host, "]") {
		return host[1 : len(host)-1]
	}
	if strings.Contains(host, ":") {
		return s
	}
	return host
}
