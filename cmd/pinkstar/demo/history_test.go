package demo

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"
)

var storyTime = time.Date(2026, 11, 22, 10, 32, 0, 0, time.UTC)

func TestHistoryIsTheSameEveryTime(t *testing.T) {
	a, b := History(storyTime), History(storyTime)
	if len(a) != len(b) {
		t.Fatalf("%d events, then %d", len(a), len(b))
	}
	for i := range a {
		if !bytes.Equal(a[i].record(), b[i].record()) {
			t.Fatalf("event %d differs:\n%s\n%s", i, a[i].record(), b[i].record())
		}
	}
}

func TestHistoryIsAYearThatEndsBeforeTheStory(t *testing.T) {
	events := History(storyTime)
	first, last := events[0].At, events[len(events)-1].At
	if d := storyTime.Sub(first).Hours() / 24; d < 360 || d > 366 {
		t.Errorf("the first event is %.1f days before the story", d)
	}
	if quiet := storyTime.Sub(last); quiet < quietHours*time.Hour || quiet > 96*time.Hour {
		t.Errorf("the last event is %s before the story", quiet)
	}
	for i := 1; i < len(events); i++ {
		if events[i].At.Before(events[i-1].At) {
			t.Fatalf("event %d comes before the one it follows", i)
		}
	}
}

// TestHistoryLeavesNothingOpen pairs every firing with its end and every ticket
// with its closing.
func TestHistoryLeavesNothingOpen(t *testing.T) {
	open := map[string]bool{}
	services := map[string]int{}
	for _, e := range History(storyTime) {
		var p struct {
			Alerts []struct {
				Status, Fingerprint, StartsAt string
				Labels                        map[string]string
			}
			WebhookEvent string
			Issue        struct{ Key string }
		}
		if err := json.Unmarshal(e.Payload, &p); err != nil {
			t.Fatal(err)
		}
		id, ended := p.Issue.Key, p.WebhookEvent == "jira:issue_updated"
		if len(p.Alerts) == 1 {
			id, ended = p.Alerts[0].Fingerprint+p.Alerts[0].StartsAt, p.Alerts[0].Status == "resolved"
			if !ended {
				services[p.Alerts[0].Labels["service"]]++
			}
		}
		if ended != open[id] {
			t.Fatalf("%s: ended %v, but open %v", id, ended, open[id])
		}
		open[id] = !ended
	}
	for id, o := range open {
		if o {
			t.Errorf("%s never ends", id)
		}
	}
	if services["guest-reports"] < 360 || services["hull-survey"] < 50 || services["core"] < 20 {
		t.Errorf("too few of the decoys or of the core: %v", services)
	}
	t.Logf("%d events; alerts by service: %v", len(open), services)
}
