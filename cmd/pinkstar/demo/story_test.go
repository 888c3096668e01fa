package demo

import (
	"testing"
	"time"

	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// translated returns what the gateway or the normaliser makes of a delivery.
func translated(t *testing.T, d delivery, at time.Time) []schemas.Signal {
	t.Helper()
	tr := ingest.NewTranslator(schemas.DefaultNaming(), ingest.DefaultLimits())
	source := map[string]ingest.Source{
		"/webhook/alertmanager": ingest.SourceAlertmanager, "/webhook/jira": ingest.SourceJira,
		"/webhook/cloudevents": ingest.SourceCloudEvents,
	}[d.Path]
	got, err := tr.Translate(source, d.Body, ingest.Meta{ReceivedAt: schemas.TimeOf(at), ContentType: d.Type})
	if err != nil {
		t.Fatalf("%s%s: %v\n%s", d.Path, d.Topic, err, d.Body)
	}
	if len(got) == 0 {
		t.Fatalf("%s%s: no signal\n%s", d.Path, d.Topic, d.Body)
	}
	return got
}

func TestStoryIsUnderstoodByTheTranslators(t *testing.T) {
	kinds := map[schemas.Kind]int{}
	last := storyBegins
	for _, b := range storyOf(storyTime) {
		if b.At < last || b.At > storyEnds {
			t.Errorf("the beat at %s is out of order or after the end", b.At)
		}
		last = b.At
		for _, d := range b.Sends {
			made := translated(t, d, storyTime.Add(b.At))
			if len(made) != d.signals() {
				t.Errorf("the proof that nothing was lost counts %d signals for %s%s at %s, which makes %d", d.signals(), d.Path, d.Topic, b.At, len(made))
			}
			for _, s := range made {
				if s.Change != nil && s.Change.Type == "calendar_set" { // what is left of a calendar entry
					continue
				}
				kinds[s.Kind]++
				if s.Service == "" {
					t.Errorf("%s %s has no service", s.Kind, s.Name)
				}
				if s.Scope != "default/production" {
					t.Errorf("%s %s is in scope %s", s.Kind, s.Name, s.Scope)
				}
				if len(s.Flags) > 0 {
					t.Errorf("%s %s: %v", s.Kind, s.Name, s.Flags)
				}
			}
		}
	}
	if kinds[schemas.KindMaintenance] != 2 || kinds[schemas.KindChange] != 1 || kinds[schemas.KindTicket] < 3 || kinds[schemas.KindAlert] < 15 {
		t.Errorf("kinds: %v", kinds)
	}
}

func TestEveryFiringOfTheStoryEnds(t *testing.T) {
	open := map[string]string{}
	for _, b := range storyOf(storyTime) {
		for _, d := range b.Sends {
			for _, s := range translated(t, d, storyTime.Add(b.At)) {
				if s.Kind != schemas.KindAlert {
					continue
				}
				id := s.Fingerprint + s.StartsAt.String()
				switch {
				case s.Status == schemas.StatusFiring:
					open[id] = s.Name
				case open[id] == "":
					t.Errorf("%s ends without having begun", s.Name)
				default:
					delete(open, id)
				}
			}
		}
	}
	for _, name := range open {
		t.Errorf("%s never ends", name)
	}
}
