package console

import (
	"cmp"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
)

// Change is a change or a window of the calendar.
type Change struct {
	ID          string         `json:"id"`
	Source      string         `json:"source"`
	Kind        schemas.Kind   `json:"kind"`
	Type        string         `json:"type,omitempty"`
	State       string         `json:"state"`
	Status      schemas.Status `json:"status"`
	Title       string         `json:"title"`
	Note        string         `json:"note,omitempty"`
	Services    []string       `json:"services"`
	Team        string         `json:"team,omitempty"`
	By          string         `json:"by,omitempty"`
	Contact     string         `json:"contact,omitempty"`
	Version     string         `json:"version,omitempty"`
	URL         string         `json:"url,omitempty"`
	Scope       string         `json:"scope"`
	StartsAt    schemas.Time   `json:"starts_at"`
	EndsAt      schemas.Time   `json:"ends_at"`
	Suppress    bool           `json:"suppress"`
	Matchers    []string       `json:"matchers,omitempty"`
	Announced   bool           `json:"announced"`
	FirstHeard  schemas.Time   `json:"first_heard_at"`
	SignalID    string         `json:"signal_id"`
	IncidentIDs []string       `json:"incident_ids"`
}

// Calendar is what is planned, runs and took place.
type Calendar struct {
	Changes []Change `json:"changes"`
	More    bool     `json:"more"`
	History Past     `json:"history"`
}

// WriteCalendar prints a line for each.
func WriteCalendar(w io.Writer, c *Calendar, now time.Time) error {
	t := newTable(w, "ID", "STATE", "BEGINS", "ENDS", "ABOUT", "EXPECTED", "BY", "TITLE")
	for _, x := range c.Changes {
		ends := moment(x.EndsAt)
		if x.State == "running" && x.EndsAt != 0 {
			ends += " (" + age(x.EndsAt, now) + ")"
		}
		about := joined(x.Services, 2)
		if len(x.Matchers) > 0 {
			about = strings.Join(x.Matchers, ", ")
		}
		expected := ""
		if x.Suppress {
			expected = "alerts"
		}
		by := slices.DeleteFunc([]string{x.Team, x.By}, func(s string) bool { return s == "" })
		if len(by) == 0 {
			by = []string{x.Source}
		}
		t.row(x.ID, x.State, moment(x.StartsAt), ends, about, expected, strings.Join(by, ", "), x.Title)
	}
	if err := t.end(w, "Nothing is planned and nothing runs."); err != nil {
		return err
	}
	if c.More {
		_, _ = io.WriteString(w, "There may be more: --limit shows more.\n") // as for the others, a terminal that is gone says so at the end
	}
	return writePast(w, &c.History)
}

// Unannounced counts, by month and team, the changes that nobody announced.
type Unannounced struct {
	Teams []struct {
		Month       string `json:"month"`
		Scope       string `json:"scope"`
		Team        string `json:"team"`
		Changes     int64  `json:"changes"`
		Unannounced int64  `json:"unannounced"`
		Explaining  int64  `json:"explaining"`
	} `json:"teams"`
	History Past `json:"history"`
}

// WriteUnannounced prints a line for each team and month.
func WriteUnannounced(w io.Writer, u *Unannounced) error {
	t := newTable(w, "MONTH", "TEAM", "UNANNOUNCED", "OF CHANGES", "MAY EXPLAIN AN INCIDENT", "SCOPE")
	for _, x := range u.Teams {
		t.row(x.Month, cmp.Or(x.Team, "(nobody known)"), strconv.FormatInt(x.Unannounced, 10), strconv.FormatInt(x.Changes, 10), strconv.FormatInt(x.Explaining, 10), x.Scope)
	}
	if err := t.end(w, "No changes are known."); err != nil {
		return err
	}
	return writePast(w, &u.History)
}

// writePast says why the past is missing, where it is.
func writePast(w io.Writer, p *Past) error {
	if p.Answered || p.Reason == "" {
		return nil
	}
	_, err := io.WriteString(w, p.Reason+"\n")
	return err
}
