package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"pinkstar/sinks/message"
)

// Report is the report of a month that people get by mail when the month is over.
type Report struct {
	Name string   `yaml:"name"`          // by it it is known which months were sent
	To   []string `yaml:"to"`            // notify.targets of the kind mail, with an address after a colon: "mail:ada@example.com"
	Day  int      `yaml:"day,omitempty"` // of the month, 1 to 28; 0: the first
	At   string   `yaml:"at,omitempty"`  // when on that day; "": 08:00
	Zone string   `yaml:"zone,omitempty"`
	// Attach is how the report comes with the mail: pdf or html; "": pdf.
	Attach string `yaml:"attach,omitempty"`
}

var clockTime = regexp.MustCompile(`^([01][0-9]|2[0-3]):[0-5][0-9]$`)

// After is how long after the day began it is sent.
func (r *Report) After() time.Duration {
	t, err := time.Parse("15:04", r.At)
	if err != nil { // Validate has seen it; or none is set
		return 8 * time.Hour
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// OnDay is the day of the month.
func (r *Report) OnDay() int { return max(r.Day, 1) }

// Location is the zone that day and time are of; UTC when none is named.
func (r *Report) Location() *time.Location {
	l, err := time.LoadLocation(r.Zone)
	if err != nil { // Validate has seen it
		return time.UTC
	}
	return l
}

// Format is how it is attached.
func (r *Report) Format() string {
	if r.Attach == "" {
		return "pdf"
	}
	return r.Attach
}

var reportName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// validate says what is wrong, each on a line that begins with the field.
func (r *Report) validate(n *Notify) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !reportName.MatchString(r.Name) {
		bad("name: %q; it must be 1 to 40 lower-case letters, digits, dashes and underscores", r.Name)
	}
	if len(r.To) == 0 {
		bad("to: nobody would get it; name one of notify.targets and an address, such as mail:ada@example.com")
	}
	for i, to := range r.To {
		target, address, _ := strings.Cut(to, ":")
		at := slices.IndexFunc(n.Targets, func(t message.Config) bool { return t.Name == target })
		switch {
		case at < 0:
			bad("to[%d]: notify.targets has no %q", i, target)
		case !n.Targets[at].IsMail():
			bad("to[%d]: %s is no mail target, and reports go by mail only", i, target)
		case address == "" && len(n.Targets[at].Mail.To) == 0:
			bad("to[%d]: %s has no address of its own: write one after a colon", i, target)
		}
	}
	if r.Day < 0 || r.Day > 28 {
		bad("day: %d; every month has the days 1 to 28", r.Day)
	}
	if r.At != "" && !clockTime.MatchString(r.At) {
		bad("at: %q; write a time such as \"08:00\"", r.At)
	}
	if _, err := time.LoadLocation(r.Zone); err != nil || r.Zone == "Local" {
		bad("zone: %q is not known; write one such as Europe/Zurich", r.Zone)
	}
	if !slices.Contains([]string{"", "pdf", "html"}, r.Attach) {
		bad("attach: %q is neither pdf nor html", r.Attach)
	}
	return errors.Join(errs...)
}

func (k *checker) reports() {
	names := map[string]bool{}
	for i := range k.c.Reports {
		r := &k.c.Reports[i]
		at := fmt.Sprintf("reports[%d]", i)
		if err := r.validate(&k.c.Notify); err != nil {
			k.section(at, err)
		}
		if names[r.Name] {
			k.bad(at+".name", "%q is there twice", r.Name)
		}
		names[r.Name] = true
	}
	if len(k.c.Reports) > 0 && k.c.Has(RoleNotify) && k.c.EmbeddedClickHouse() && !k.c.Has(RoleWrite) && !k.c.Has(RoleWeb) {
		k.bad("reports", "this process has no ClickHouse to read them from: set clickhouse.dsn, or give the role notify to the process that has the embedded one")
	}
}
