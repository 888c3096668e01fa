package ingest

import (
	"cmp"
	"slices"
	"strings"
	"time"

	ical "github.com/emersion/go-ical"

	"pinkstar/schemas"
)

// What is no longer in a calendar says nothing of itself. So a signal follows the
// windows of each repeating event, and those of a published calendar as a whole,
// that names all that are left (schemas.Change.Complete): the engine takes the
// others as gone.

// typeSet is the Change.Type of a signal that names what is left of a set.
const typeSet = "calendar_set"

// series is an event of a calendar that repeats.
type series struct {
	uid    string
	window schemas.Signal
	start  time.Time
}

// maxMembers bounds how many windows a set may name, so that its signal fits into
// a record. Of a larger calendar nothing is taken as gone.
const maxMembers = 4000

// feedOf names the set of a published calendar: one that says so and has a name
// is always sent whole. An invitation is not.
func feedOf(cal *ical.Calendar) string {
	text := func(name string) string {
		if p := cal.Props.Get(name); p != nil {
			return strings.TrimSpace(p.Value)
		}
		return ""
	}
	name := cmp.Or(text("X-WR-CALNAME"), text("NAME"))
	// Some leave METHOD out, and say instead how often to ask again.
	again := text("REFRESH-INTERVAL") + text("X-PUBLISHED-TTL")
	published := strings.EqualFold(text(ical.PropMethod), "PUBLISH") || text(ical.PropMethod) == "" && again != ""
	if !published || name == "" {
		return ""
	}
	return "feed:" + text(ical.PropProductID) + "/" + name + "/" + text("X-WR-RELCALID")
}

// sets are what an event's windows are part of.
func (c *calendarReading) sets(uid string) []string {
	out := []string{schemas.MemberID("series:" + uid)}
	if c.feed != "" {
		out = append(out, schemas.MemberID(c.feed))
	}
	return out
}

// complete adds the signals that name what is left. first is where in b.found
// this calendar begins.
func (c *calendarReading) complete(first int) error {
	told := c.found[first:]
	unreadable := func(f found) bool { return f.err != nil } // may well be one of them
	if slices.ContainsFunc(told, unreadable) {
		return nil
	}
	for _, s := range c.series {
		head := schemas.Signal{Tenant: s.window.Tenant, Environment: s.window.Environment, StartsAt: schemas.TimeOf(s.start)}
		if err := c.head(head, "series:"+s.uid, told); err != nil {
			return err
		}
	}
	if c.feed == "" || c.cancelled {
		return nil
	}
	for _, at := range c.places(told) {
		if err := c.head(schemas.Signal{Tenant: at[0], Environment: at[1]}, c.feed, told); err != nil {
			return err
		}
	}
	return nil
}

// places are the tenants and environments in which a calendar tells what is left
// of it: where its events are, where all events of another may have been, and
// where those of this feed were.
func (c *calendarReading) places(told []found) [][2]string {
	n := c.naming
	var out, known [][2]string
	add := func(tenant, environment string) {
		at := [2]string{cmp.Or(tenant, n.DefaultTenant), n.EnvironmentOf(environment)}
		if !slices.Contains(known, at) {
			known, out = append(known, at), append(out, [2]string{tenant, environment})
		}
	}
	if f := c.meta.Feed; f == nil {
		add("", "")
	} else {
		add(f.Tenant, f.Environment)
		for _, at := range f.Scopes {
			add(at[0], at[1])
		}
	}
	for _, f := range told {
		add(f.signal.Tenant, f.signal.Environment)
	}
	return out
}

// head adds the signal that names what is left of a set. It suppresses nothing
// itself, lasts as long as what it names, and says nothing by which anybody could
// take it for the cause of something.
func (c *calendarReading) head(h schemas.Signal, name string, told []found) error {
	set, members := schemas.MemberID(name), []string(nil)
	for _, f := range told {
		if w := &f.signal; w.Change != nil && slices.Contains(w.Change.Sets, set) && w.Change.Type != typeSet && w.Status != schemas.StatusCancelled {
			members = append(members, schemas.MemberID(shortened(w.Fingerprint, c.t.limits.IdentityBytes)))
			if h.StartsAt == 0 || w.StartsAt < h.StartsAt {
				h.StartsAt = w.StartsAt
			}
			h.EndsAt = max(h.EndsAt, w.EndsAt)
		}
	}
	if len(members) > maxMembers {
		return nil
	}
	slices.Sort(members)
	h.EndsAt = max(h.EndsAt, h.StartsAt)
	h.Kind, h.Source, h.Status, h.Fingerprint = schemas.KindMaintenance, string(SourceCalendar), schemas.StatusPlanned, name
	h.Name = "All that is left of a calendar's event or of a calendar"
	h.Change = &schemas.Change{Type: typeSet, Complete: []string{set}, Members: members}
	return c.add(place{prefix: c.prefix, index: -1, offset: -1}, h)
}
