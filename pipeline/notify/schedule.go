package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

// Schedule is a report that the same people get every month, of the month before.
type Schedule struct {
	Name string
	To   []string // targets, as rules write them
	Day  int      // of the month, 1 to 28
	// After is how long after the day begins where people are.
	After time.Duration
	Zone  *time.Location
}

// lateSchedule is how long after its time a report is still sent: for as long as the
// deliveries of before are surely remembered (Config.Remember), so that it is not sent
// again.
const lateSchedule = 14 * 24 * time.Hour

// due is when the report of a month, the first of it in UTC, is sent. A month is one
// of UTC, so it is not before it is over there.
func (s *Schedule) due(month time.Time) time.Time {
	after := month.AddDate(0, 1, 0)
	h, m := int(s.After/time.Hour), int(s.After%time.Hour/time.Minute)
	at := time.Date(after.Year(), after.Month(), s.Day, h, m, 0, 0, s.Zone)
	if at.Before(after) {
		return after
	}
	return at
}

// pending is the month whose report is to be sent now, by a schedule that is there
// since a moment; ok is false when none is.
func (s *Schedule) pending(now, since time.Time) (month time.Time, ok bool) {
	now = now.UTC()
	month = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for range 3 { // this month's is due in the next one
		month = month.AddDate(0, -1, 0)
		if due := s.due(month); !due.After(now) {
			return month, due.After(since) && now.Sub(due) <= lateSchedule
		}
	}
	return month, false
}

// next is when the next report is due.
func (s *Schedule) next(now time.Time) time.Time {
	now = now.UTC()
	month := time.Date(now.Year(), now.Month()-1, 1, 0, 0, 0, 0, time.UTC)
	for !s.due(month).After(now) {
		month = month.AddDate(0, 1, 0)
	}
	return s.due(month)
}

// effect is what is written when it is due. Its id follows from the schedule and the
// month alone: however often it is written, each target gets it once.
func (s *Schedule) effect(month, now time.Time) *schemas.Effect {
	thread := ReportThread + s.Name
	return &schemas.Effect{
		ID: schemas.EffectID(thread, schemas.EffectReport, month.Format("2006-01"), 0), IncidentID: thread,
		Seq: int64(12*month.Year()) + int64(month.Month()), Kind: schemas.EffectReport, At: schemas.TimeOf(now), SignalID: month.Format("2006-01"),
		Reason: "the report of " + month.Format("January 2006") + " is due", To: schemas.Audience{Targets: s.To},
		Head: schemas.EffectHead{Title: "Incident report, " + month.Format("January 2006")},
	}
}

// ReportThread begins what stands for an incident in the effects of a schedule.
const ReportThread = "REPORT-"

// Scheduler writes what is due to the topic effects, from where it goes the way of all
// messages. Any number of processes may do so.
type Scheduler struct {
	Schedules []Schedule
	Kafka     kafka.Config
	// Produce is Producer.ProduceRecords.
	Produce func(context.Context, []*kgo.Record) error
	// Since says from when on a schedule is there: the moment at which it is asked
	// for the first time ever.
	Since func(ctx context.Context, name string, now time.Time) (time.Time, error)
	Now   func() time.Time
	Log   zerolog.Logger

	since   map[string]time.Time
	written map[string]time.Time // the month, by this process
}

// schedulePause is how often it is looked whether something is due.
const schedulePause = 5 * time.Second

// Run writes what is due until ctx ends. What fails is tried again.
func (s *Scheduler) Run(ctx context.Context) {
	for len(s.Schedules) > 0 {
		s.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(schedulePause):
		}
	}
}

// look writes what is due and was not written by this process.
func (s *Scheduler) look(ctx context.Context) {
	if s.written == nil {
		s.since, s.written = map[string]time.Time{}, map[string]time.Time{}
	}
	for i := range s.Schedules {
		sch := &s.Schedules[i]
		if err := s.write(ctx, sch); err != nil && ctx.Err() == nil {
			s.Log.Warn().Err(err).Str("report", sch.Name).Msg("whether a report is due can't be said, or not written; it is tried again")
		}
	}
}

func (s *Scheduler) write(ctx context.Context, sch *Schedule) error {
	now := s.Now()
	since, known := s.since[sch.Name]
	if !known {
		var err error
		if since, err = s.Since(ctx, sch.Name, now); err != nil {
			return err
		}
		s.since[sch.Name] = since
		s.Log.Info().Str("report", sch.Name).Time("since", since).Time("next", sch.next(now)).Msg("the report of each month is sent when it is over")
	}
	month, ok := sch.pending(now, since)
	if !ok || s.written[sch.Name].Equal(month) {
		return nil
	}
	x := schemas.Effects.Emission(sch.effect(month, now))
	if err := s.Produce(ctx, []*kgo.Record{kafka.OutcomeRecord(&s.Kafka, &x)}); err != nil {
		return fmt.Errorf("writing that it is due: %w", err)
	}
	s.written[sch.Name] = month
	s.Log.Info().Str("report", sch.Name).Str("month", month.Format("2006-01")).Msg("the report of the month is due")
	return nil
}
