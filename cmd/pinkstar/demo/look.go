package demo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"pinkstar/schemas"
)

// detail is the API's answer about one incident.
type detail struct {
	Incident schemas.Incident        `json:"incident"`
	Children []schemas.Incident      `json:"children"`
	Timeline []schemas.TimelineEntry `json:"timeline"`
	Problem  *schemas.Problem        `json:"problem"`
}

// incidents returns the main incidents of the attack, newest first.
func (s *stage) incidents(ctx context.Context) ([]schemas.Incident, error) {
	var page struct {
		Incidents []schemas.Incident `json:"incidents"`
	}
	since := url.QueryEscape(rfc3339(s.t0.Add(storyBegins)))
	err := s.reach.get(ctx, "/api/v1/incidents?main=true&since="+since, &page)
	return page.Incidents, err
}

func (s *stage) detail(ctx context.Context, id string) (detail, error) {
	var d detail
	err := s.reach.get(ctx, "/api/v1/incidents/"+url.PathEscape(id), &d)
	return d, err
}

// see reads back what a beat should have led to, and shows it, before the next
// one.
func (s *stage) see(ctx context.Context, l look, next time.Time) error {
	if l == lookNothing {
		return nil
	}
	// Time has to pass for what is told at a bounded rate, such as counts.
	s.clock.RunTo(next, max(s.speed, 60))
	f := map[look]func(context.Context) error{
		lookAnnounced: s.seeAnnounced, lookExpected: s.seeExpected, lookStopped: s.seeStopped,
		lookOpened: s.seeOpened, lookRepeats: s.seeRepeats, lookTaken: s.seeTaken, lookCause: s.seeCause,
		lookWhole: s.seeWhole, lookProblem: s.seeProblem, lookOver: s.seeOver,
	}[l]
	return f(ctx)
}

func (s *stage) seeAnnounced(ctx context.Context) error {
	return s.wantRow(ctx, "the maintenance in v_changes",
		"SELECT title, service FROM v_changes WHERE kind = 'maintenance' AND service = 'shield-generator'",
		func(row []string) { s.page.knows("It is known: \"%s\", on %s.", row[0], row[1]) })
}

func (s *stage) seeExpected(ctx context.Context) error {
	return s.wantRow(ctx, "the expected alert suppressed",
		"SELECT d.decision, d.reason FROM v_decisions d JOIN v_alerts a ON a.signal_id = d.signal_id "+
			"WHERE a.name = 'EmitterOffline' AND d.decision = 'suppressed' AND d.incident_id = ''",
		func(row []string) {
			s.page.knows("No incident of it: %s, %s.", row[0], strings.TrimSuffix(row[1], "."))
		})
}

// wantRow waits for the one row that the query should give.
func (s *stage) wantRow(ctx context.Context, what, query string, show func(row []string)) error {
	var r rows
	err := until(ctx, limit, what, func(ctx context.Context) (err error) {
		if r, err = s.reach.sql(ctx, query); err == nil && len(r.Rows) != 1 {
			err = fmt.Errorf("%s for %s", count(len(r.Rows), "row", "rows"), query)
		}
		return err
	})
	if err == nil {
		show(r.Rows[0])
	}
	return err
}

// seeStopped wants the maintenance out of progress.
func (s *stage) seeStopped(ctx context.Context) error {
	var c schemas.Candidate
	_, err := s.mainIs(ctx, "the maintenance stopped", func(d *detail) error {
		if !s.outermost(d) {
			return errMoved
		}
		var ok bool
		if c, ok = maintenanceOf(d); !ok || c.InProgress {
			return fmt.Errorf("the candidate cause %q of %s is still in progress", c.Title, d.Incident.ID)
		}
		return nil
	})
	if err == nil {
		s.page.knows("The candidate cause is no longer in progress: %s is %s.", c.Title, c.Status)
	}
	return err
}

func (s *stage) seeOpened(ctx context.Context) error {
	var inc schemas.Incident
	err := until(ctx, limit, "an incident of the defence dashboard", func(ctx context.Context) error {
		list, err := s.incidents(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(list, func(i schemas.Incident) bool { return slices.Contains(i.Services, "defence-dashboard") })
		if i < 0 {
			return fmt.Errorf("%s open, none of the dashboard's", count(len(list), "incident", "incidents"))
		}
		inc = list[i]
		return nil
	})
	if err != nil {
		return err
	}
	s.mainID = inc.ID
	s.page.knows("Incident %s is open, %s: %s.", inc.ID, inc.Severity, inc.Title)
	pr := inc.Procedure
	if pr == nil || pr.OnCall == "" || pr.Emergency == "" {
		return fmt.Errorf("incident %s has no procedure with somebody on call and an emergency channel", inc.ID)
	}
	s.page.knows("Its procedure: owner %s, on call %s, everybody meets in %s, runbook %s.", pr.Owner, pr.OnCall, pr.Emergency, pr.Runbook)
	return nil
}

// seeRepeats wants the three further deliveries counted on the one decision.
func (s *stage) seeRepeats(ctx context.Context) error {
	const repeats = 3
	var n int64
	err := until(ctx, limit, "the repeated deliveries counted", func(ctx context.Context) (err error) {
		n, err = s.number(ctx, "SELECT sum(repeats) FROM v_decisions WHERE incident_id = '"+s.mainID+"'")
		if err == nil && n != repeats {
			err = fmt.Errorf("%d repeats are counted, want %d", n, repeats)
		}
		return err
	})
	if err != nil {
		return err
	}
	s.page.knows("No new incident: %d repeats are counted on the alert that it has.", n)
	return nil
}

func (s *stage) mainIs(ctx context.Context, what string, ok func(*detail) error) (detail, error) {
	var d detail
	err := until(ctx, limit, what, func(ctx context.Context) (err error) {
		if d, err = s.detail(ctx, s.mainID); err != nil {
			return err
		}
		return ok(&d)
	})
	return d, err
}

func (s *stage) seeTaken(ctx context.Context) error {
	d, err := s.mainIs(ctx, "the incident acknowledged", func(d *detail) error {
		if d.Incident.Status != schemas.IncidentAcknowledged || d.Incident.Assignee != manager {
			return fmt.Errorf("incident %s is %s and assigned to %q", d.Incident.ID, d.Incident.Status, d.Incident.Assignee)
		}
		return nil
	})
	if err != nil {
		return err
	}
	taken := d.Incident.AcknowledgedAt.Sub(d.Incident.StartedAt)
	s.page.knows("%s is %s by %s, %s after the first alert began.", d.Incident.ID, d.Incident.Status, d.Incident.Assignee, lasted(taken))
	return s.seeTakenElsewhere(ctx)
}

// outermost follows the main incident: when it was linked below another one,
// that one is the main incident now.
func (s *stage) outermost(d *detail) bool {
	if p := d.Incident.ParentID; p != "" {
		s.mainID = p
		return false
	}
	return true
}

var errMoved = errors.New("the incident became part of another one")

// seeCause wants what the report's company lacked: the tickets linked, the
// maintenance found as a candidate cause, and its team told.
func (s *stage) seeCause(ctx context.Context) error {
	d, err := s.mainIs(ctx, "tickets, candidate cause and notice on the incident", func(d *detail) error {
		if !s.outermost(d) {
			return errMoved
		}
		return s.causeOf(d)
	})
	if err != nil {
		return err
	}
	for _, t := range ticketsOf(&d) {
		s.page.knows("Ticket %s \"%s\" is linked. %s", t.Key, t.Title, sentence(t.Reason))
	}
	c, _ := maintenanceOf(&d)
	s.page.knows("Candidate cause: %s, on %s, in progress since %s. %s", c.Title, c.Service,
		c.StartedAt.Std().Format("15:04"), sentence(c.Reason))
	n, _ := noticeOf(&d)
	s.page.knows("To tell at once%s: %s", at(n.Contact), sentence(n.Text))
	return nil
}

func (s *stage) causeOf(d *detail) error {
	var errs []error
	for _, key := range []string{"TUR-311", "TUR-312"} {
		if !slices.ContainsFunc(ticketsOf(d), func(t schemas.TicketRef) bool { return t.Key == key }) {
			errs = append(errs, fmt.Errorf("ticket %s is not linked to %s", key, d.Incident.ID))
		}
	}
	if c, ok := maintenanceOf(d); !ok || !c.InProgress {
		errs = append(errs, fmt.Errorf("the maintenance in progress is no candidate cause of %s", d.Incident.ID))
	}
	if _, ok := noticeOf(d); !ok {
		errs = append(errs, fmt.Errorf("no notice to the shield team on %s", d.Incident.ID))
	}
	return errors.Join(errs...)
}

// family is the main incident and its children.
func family(d *detail) []schemas.Incident {
	return append([]schemas.Incident{d.Incident}, d.Children...)
}

func ticketsOf(d *detail) []schemas.TicketRef {
	var all []schemas.TicketRef
	for _, i := range family(d) {
		all = append(all, i.Tickets...)
	}
	return all
}

func maintenanceOf(d *detail) (schemas.Candidate, bool) {
	for _, i := range family(d) {
		for _, c := range append(slices.Clip(i.Candidates), i.Also...) {
			if c.Kind == schemas.KindMaintenance && c.Service == "shield-generator" {
				return c, true
			}
		}
	}
	return schemas.Candidate{}, false
}

func noticeOf(d *detail) (schemas.Notice, bool) {
	for _, i := range family(d) {
		for _, n := range i.Notices {
			if n.Team == "shield" {
				return n, true
			}
		}
	}
	return schemas.Notice{}, false
}

// seeWhole wants one main incident with the attack's others below it.
func (s *stage) seeWhole(ctx context.Context) error {
	d, err := s.mainIs(ctx, "one main incident with its children", func(d *detail) error {
		if !s.outermost(d) {
			return errMoved
		}
		return s.wholeOf(ctx, d)
	})
	if err != nil {
		return err
	}
	s.page.knows("One main incident, %s: %s.", d.Incident.ID, d.Incident.Title)
	slices.SortFunc(d.Children, func(a, b schemas.Incident) int { return cmp.Compare(a.DetectedAt, b.DetectedAt) })
	for _, c := range d.Children {
		s.page.knows("  below it %s: %s. %s", c.ID, c.Title, sentence(linkReason(&c, d.Incident.ID)))
	}
	return nil
}

// minChildren is how many incidents the attack has below its main one, at least: what
// is one incident and what is linked below it is the engine's to weigh.
const minChildren = 1

func (s *stage) wholeOf(ctx context.Context, d *detail) error {
	list, err := s.incidents(ctx)
	if err != nil {
		return err
	}
	var touched []string
	for _, i := range family(d) {
		touched = append(touched, i.Services...)
	}
	switch {
	case len(list) != 1:
		var ids []string
		for _, i := range list {
			ids = append(ids, fmt.Sprintf("%s (%s)", i.ID, strings.Join(i.Services, ", ")))
		}
		return fmt.Errorf("%d main incidents, want 1: %s", len(list), strings.Join(ids, "; "))
	case len(d.Children) < minChildren:
		return fmt.Errorf("%s has %s, want at least %d", d.Incident.ID, count(len(d.Children), "child", "children"), minChildren)
	}
	for _, service := range []string{"defence-dashboard", "turret-control", "shield-generator", "hangar", "core", "power-grid", "life-support"} {
		if !slices.Contains(touched, service) {
			return fmt.Errorf("%s and its children do not have %s", d.Incident.ID, service)
		}
	}
	return nil
}

func linkReason(c *schemas.Incident, parent string) string {
	for _, l := range c.Links {
		if l.IncidentID == parent && l.Relation == "child_of" {
			return l.Reason
		}
	}
	return ""
}

// seeProblem wants the attack's part on the core recognised as the old problem.
func (s *stage) seeProblem(ctx context.Context) error {
	var where schemas.Incident
	_, err := s.mainIs(ctx, "the core's part recognised as the known problem", func(d *detail) error {
		// The main one has its children's: the part that it is about comes first.
		for _, i := range append(slices.Clip(d.Children), d.Incident) {
			if i.ProblemID == s.problemID {
				where = i
				return nil
			}
		}
		return fmt.Errorf("none of %s and its children names problem %s", d.Incident.ID, s.problemID)
	})
	if err != nil {
		return err
	}
	s.page.knows("%s (%s) is an occurrence of problem %s.", where.ID, where.Title, where.ProblemID)
	return nil
}

// seeOver wants everything recovered.
func (s *stage) seeOver(ctx context.Context) error {
	d, err := s.mainIs(ctx, "the incident resolved", func(d *detail) error {
		for _, i := range family(d) {
			if i.Status != schemas.IncidentResolved && i.Status != schemas.IncidentClosed || i.ActiveAlerts > 0 {
				return fmt.Errorf("incident %s is %s with %s", i.ID, i.Status, count(i.ActiveAlerts, "active alert", "active alerts"))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	i := d.Incident
	s.page.knows("%s is %s. Detected after %s, acknowledged after %s, resolved after %s.", i.ID, i.Status,
		lasted(i.DetectedAt.Sub(i.StartedAt)), lasted(i.AcknowledgedAt.Sub(i.StartedAt)), lasted(i.ResolvedAt.Sub(i.StartedAt)))
	return nil
}
