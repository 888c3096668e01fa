package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/schemas"
)

// year takes in the generated history, through the same topic and the same
// correlator as everything else.
func (s *stage) year(ctx context.Context) error {
	s.page.title("The year before")
	events := History(s.t0)
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		records[i] = &kgo.Record{Value: e.record(), Timestamp: e.At}
	}
	s.page.say("A year of the station's monitoring and tickets goes onto the topic %s%s: %d webhooks, each with the "+
		"time at which it came in.", s.reach.at.TopicPrefix, schemas.TopicAlerts, len(events))
	began := time.Now()
	// One key, so one partition: a year in the wrong order is another year.
	if err := s.reach.produce(ctx, schemas.TopicAlerts, "history", records...); err != nil {
		return err
	}
	s.sent = len(events)
	err := until(ctx, 2*limit, "the whole year in v_decisions", func(ctx context.Context) error {
		n, err := s.number(ctx, "SELECT count() FROM v_decisions")
		if err == nil && n < int64(s.sent) {
			err = fmt.Errorf("%d of %d signals have a decision", n, s.sent)
		}
		return err
	})
	if err != nil {
		return err
	}
	n, err := s.incidentsOfTheYear(ctx)
	if err != nil {
		return err
	}
	s.page.knows("All of them have a decision, %.1f seconds later. They make %d incidents.", time.Since(began).Seconds(), n)
	return nil
}

// incidentsOfTheYear counts them once every one that a decision names has been
// written, too: the two come over different topics.
func (s *stage) incidentsOfTheYear(ctx context.Context) (n int64, err error) {
	err = until(ctx, limit, "the year's incidents in v_incidents", func(ctx context.Context) error {
		missing, err := s.number(ctx, "SELECT uniqExact(incident_id) FROM v_decisions "+
			"WHERE incident_id != '' AND incident_id NOT IN (SELECT incident_id FROM v_incidents)")
		if err == nil && missing > 0 {
			err = fmt.Errorf("%d incidents that decisions name are not there", missing)
		}
		if err != nil {
			return err
		}
		n, err = s.number(ctx, "SELECT count() FROM v_incidents")
		return err
	})
	return n, err
}

// flagged looks for the core's problem, before anything of the attack was sent.
func (s *stage) flagged(ctx context.Context) error {
	// The year is over: time passes on the idle log up to the story's morning.
	s.clock.Set(s.t0.Add(storyBegins - time.Minute))
	var core schemas.Problem
	err := until(ctx, limit, "the core's recurring incidents flagged as a problem", func(ctx context.Context) error {
		problems, err := s.problems(ctx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(problems, func(p schemas.Problem) bool { return p.Service == "core" })
		if i < 0 {
			return fmt.Errorf("%s flagged, none of them the core's", count(len(problems), "problem", "problems"))
		}
		core = problems[i]
		if core.FlaggedAt == 0 || !core.FlaggedAt.Std().Before(s.t0) {
			return fmt.Errorf("problem %s is flagged at %s, not before the attack", core.ID, core.FlaggedAt)
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.problemID = core.ID
	return s.showProblem(ctx, core)
}

func (s *stage) showProblem(ctx context.Context, core schemas.Problem) error {
	p := s.page
	days := s.t0.Sub(core.FlaggedAt.Std()).Hours() / 24
	p.knows("One pattern in it is not ordinary. Problem %s was flagged on %s, %.0f days before the attack:",
		core.ID, core.FlaggedAt.Std().Format("2 January 2006"), days)
	p.fact("problem", "%s", core.Title)
	p.fact("owner", "team %s", core.Owner)
	p.fact("seen", "%s, from %s to %s", count(core.Count, "incident", "incidents"),
		core.FirstSeenAt.Std().Format("2 Jan 2006"), core.LastSeenAt.Std().Format("2 Jan 2006"))
	for _, e := range core.Evidence {
		p.fact("evidence", "%s", e.Detail)
	}
	p.fact("cost so far", "%s lost revenue and %s work, over %.0f minutes", estimate(core.Cost.LostRevenue, core.Cost.Currency),
		estimate(core.Cost.Cost, core.Cost.Currency), core.Minutes)
	return s.showDecoys(ctx)
}

// showDecoys says what became of the two jobs that alarm by the clock.
func (s *stage) showDecoys(ctx context.Context) error {
	problems, err := s.problems(ctx)
	if err != nil {
		return err
	}
	for _, service := range []string{"guest-reports", "hull-survey"} {
		if slices.ContainsFunc(problems, func(p schemas.Problem) bool { return p.Service == service }) {
			return fmt.Errorf("%s alarms by the clock and is flagged as a problem all the same", service)
		}
		n, err := s.number(ctx, "SELECT count() FROM v_incidents WHERE has(services, "+quote(service)+")")
		if err != nil {
			return err
		}
		s.page.knows("%s had %s in the year, and no problem was made of them.", service, count(n, "incident", "incidents"))
	}
	return s.wantRow(ctx, "why the weekly survey is no problem",
		"SELECT text FROM v_incident_timeline WHERE type = 'pattern' AND incident_id IN "+
			"(SELECT incident_id FROM v_incidents WHERE has(services, 'hull-survey')) ORDER BY at DESC LIMIT 1",
		func(row []string) { s.page.knows("Why not, for hull-survey: %s", sentence(row[0])) })
}

func (s *stage) problems(ctx context.Context) ([]schemas.Problem, error) {
	var page struct {
		Problems []schemas.Problem `json:"problems"`
	}
	err := s.reach.get(ctx, "/api/v1/problems?limit=500", &page)
	return page.Problems, err
}
