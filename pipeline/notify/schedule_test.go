package notify

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/schemas"
)

func at(t *testing.T, text string) time.Time {
	t.Helper()
	x, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A report is due at its time where its people are, not before its month is over, not
// of months before it was configured, and not when nobody remembers any more.
func TestWhenAReportIsDue(t *testing.T) {
	for _, c := range []struct {
		zone       string
		day, hour  int
		since, now string
		want       string // month; "": none
	}{
		{"Europe/Zurich", 1, 8, "2026-01-01T00:00:00Z", "2026-11-01T06:59:59Z", ""}, // winter time since a week
		{"Europe/Zurich", 1, 8, "2026-01-01T00:00:00Z", "2026-11-01T07:00:00Z", "2026-10"},
		{"Europe/Zurich", 1, 8, "2026-01-01T00:00:00Z", "2026-07-01T06:00:00Z", "2026-06"}, // summer time
		{"Pacific/Auckland", 1, 8, "2026-01-01T00:00:00Z", "2026-10-31T23:59:00Z", ""},     // there it is the first already
		{"Pacific/Auckland", 1, 8, "2026-01-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-10"},
		{"America/Los_Angeles", 1, 8, "2026-01-01T00:00:00Z", "2026-11-01T15:59:00Z", ""},
		{"America/Los_Angeles", 1, 8, "2026-01-01T00:00:00Z", "2026-11-01T16:00:00Z", "2026-10"},
		{"UTC", 1, 8, "2026-11-05T00:00:00Z", "2026-11-05T00:00:01Z", ""}, // configured after it was due
		{"UTC", 1, 8, "2026-11-05T00:00:00Z", "2026-12-01T08:00:00Z", "2026-11"},
		{"UTC", 1, 8, "2026-01-01T00:00:00Z", "2026-11-15T07:00:00Z", "2026-10"}, // away for two weeks
		{"UTC", 1, 8, "2026-01-01T00:00:00Z", "2026-11-15T09:00:00Z", ""},
		{"UTC", 28, 8, "2026-01-01T00:00:00Z", "2026-11-05T00:00:00Z", "2026-09"}, // due on 28 October
		{"UTC", 28, 8, "2026-01-01T00:00:00Z", "2027-01-28T08:00:00Z", "2026-12"},
	} {
		s := Schedule{Name: "x", Day: c.day, After: time.Duration(c.hour) * time.Hour, Zone: zone(t, c.zone)}
		got := ""
		if month, ok := s.pending(at(t, c.now), at(t, c.since)); ok {
			got = month.Format("2006-01")
		}
		if got != c.want {
			t.Errorf("%s, day %d, since %s: at %s %q is due, want %q", c.zone, c.day, c.since, c.now, got, c.want)
		}
	}
}

// However many processes say that a report is due, and however often they start, each
// of its people gets it once, and nobody else does.
func TestAReportIsSentOnce(t *testing.T) {
	t.Parallel()
	cfg := kafkatest.Embedded(t, func(c *kafka.Config) { c.Partitions = 3 })
	mail, others := &system{manner: keyed}, &system{manner: keyed}
	routes := Routes{"mail": {Name: "mail", Target: mail}, "all": {Name: "all", Target: others, Everything: true}}
	p, err := kafka.NewProducer(cfg, "test", kafka.Deps{Log: kafkatest.Log(t)})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Client().Close()
	now := time.Now().UTC()
	day := min(now.Day(), 28) // it is due
	away := 1
	scheduler := func() *Scheduler {
		return &Scheduler{
			Kafka: cfg, Produce: p.ProduceRecords, Now: func() time.Time { return now }, Log: kafkatest.Log(t),
			Schedules: []Schedule{{Name: "bosses", To: []string{"mail:a@x", "mail:b@x"}, Day: day, Zone: time.UTC}, {Name: "ops", To: []string{"mail:a@x"}, Day: day, Zone: time.UTC}},
			Since: func(_ context.Context, name string, _ time.Time) (time.Time, error) {
				if away--; away >= 0 {
					return time.Time{}, errors.New("ClickHouse is away")
				}
				return now.AddDate(-1, 0, 0), nil
			},
		}
	}
	_, stop := start(t, cfg, routes)
	first, second := scheduler(), scheduler()
	for range 3 {
		first.look(t.Context())
		second.look(t.Context())
	}
	eventually(t, "three mails", func() bool { return len(mail.counts()) == 3 })
	stop()
	_, stop = start(t, cfg, routes)
	scheduler().look(t.Context())
	marker := news(1, "INC-")
	marker.To.Targets = []string{"mail:end@x"}
	var all []*schemas.Effect
	for i := range 3 { // behind what was written, on every partition
		e := *marker
		e.IncidentID = []string{"INC-a", "REPORT-bosses", "REPORT-ops"}[i]
		e.ID = schemas.EffectID(e.IncidentID, e.Kind, "end", 0)
		all = append(all, &e)
	}
	write(t, cfg, all...)
	eventually(t, "what was written behind it", func() bool { return len(mail.counts()) == 6 })
	stop()
	for key, n := range mail.counts() {
		if n != 1 {
			t.Errorf("%s came %d times", key, n)
		}
	}
	for _, h := range others.had {
		if strings.HasPrefix(h.inc, ReportThread) && h.seq > 1 {
			t.Errorf("who gets everything got a report: %+v", h)
		}
	}
}
