package web

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"pinkstar/schemas"
)

// announcing is an API whose clock stands at noon, and what it makes durable.
func announcing(t *testing.T, h *memoryHistory) (*API, *memoryProducer) {
	t.Helper()
	p := &memoryProducer{}
	a := newAPI(t, h, p)
	a.now = func() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }
	a.SetTeller(func(s *schemas.Signal, at schemas.Time) ([]schemas.Signal, error) {
		if s.Name == "refused" {
			return nil, errors.New("change.matchers: no")
		}
		n := schemas.DefaultNaming()
		out := *s
		out.ReceivedAt = at
		return []schemas.Signal{out}, n.Complete(&out)
	})
	return a, p
}

func send(t *testing.T, a *API, path, body string, want int, into any) string {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return call(t, a, r, want, into).Body.String()
}

func TestWhatPeopleAnnounceIsASignal(t *testing.T) {
	t.Parallel()
	a, p := announcing(t, &memoryHistory{})
	var ans announceAnswer
	send(t, a, "/api/v1/changes", `{"by":"kim","silence":true,"title":"disk swap","note":"rack 7","matchers":["host=\"h7\""],"ends_at":"2026-11-30T14:00:00Z"}`, 202, &ans)
	send(t, a, "/api/v1/changes", `{"by":"kim","kind":"change","title":"api 2.1","services":["api","web"],"version":"2.1"}`, 202, nil)
	if len(p.got) != 2 {
		t.Fatalf("%+v", p.got)
	}
	s := p.got[0]
	if s.Kind != schemas.KindMaintenance || s.Status != schemas.StatusPlanned || s.Fingerprint != ans.ID || ans.By != "kim" ||
		s.Change.By != "kim" || !s.Change.Suppress || s.Change.Type != "silence" || s.Change.Matchers[0] != `host="h7"` ||
		s.StartsAt.String() != "2026-11-30T12:00:00.000Z" {
		t.Errorf("the silence: %+v %+v", s, s.Change)
	}
	if s := p.got[1]; s.Kind != schemas.KindChange || s.Status != schemas.StatusStarted || s.Service != "api" || s.Change.Suppress || s.Fingerprint == ans.ID {
		t.Errorf("the change: %+v %+v", s, s.Change)
	}
	for body, says := range map[string]string{
		`{"by":"kim","title":"x","services":["a"]}`:                                                           "ends_at",
		`{"by":"kim","title":"x","ends_at":"2026-11-30T14:00:00Z"}`:                                           "services",
		`{"by":"kim","services":["a"],"ends_at":"2026-11-30T14:00:00Z"}`:                                      "title",
		`{"by":"kim","title":"x","services":["a"],"ends_at":"2026-11-30T11:00:00Z"}`:                          "ends_at",
		`{"by":"kim","title":"x","silence":true,"services":["a"],"ends_at":"2026-11-30T14:00:00Z"}`:           "matchers",
		`{"by":"kim","title":"x","kind":"alert","services":["a"]}`:                                            "kind",
		`{"by":"kim","title":"x","kind":"change","suppress":true,"services":["a"]}`:                           "suppress",
		`{"by":"kim","title":"refused","services":["a"],"ends_at":"2026-11-30T14:00:00Z"}`:                    "change.matchers",
		`{"title":"x","services":["a"],"ends_at":"2026-11-30T14:00:00Z"}`:                                     `"by"`,
		`{"by":"kim","title":"x","services":["a"],"ends_at":"2026-11-30T14:00:00Z","supress":true}`:           "supress",
		`{"by":"kim","title":"x","services":["a"],"ends_at":"2026-11-30T14:00:00Z","starts_at":"yesterday"}`:  "yesterday",
		`{"by":"kim","title":"x","services":["a"],"ends_at":"2026-11-30T13:00:00Z","starts_at":"2027-01-01"}`: "",
	} {
		if got := send(t, a, "/api/v1/changes", body, 400, nil); !strings.Contains(got, says) {
			t.Errorf("%s: %s; it should say %q", body, got, says)
		}
	}
	if len(p.got) != 2 {
		t.Errorf("what was refused was told: %+v", p.got[2:])
	}
}

// The same key is the same announcement, and one person's key is not another's.
func TestAnAnnouncementSentAgainIsTheSame(t *testing.T) {
	t.Parallel()
	a, p := announcing(t, &memoryHistory{})
	for _, by := range []string{"kim", "kim", "sam"} {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/changes",
			strings.NewReader(`{"by":"`+by+`","title":"x","services":["a"],"starts_at":"2026-11-30T13:00:00Z","ends_at":"2026-11-30T14:00:00Z"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "7")
		call(t, a, r, 202, nil)
	}
	if len(p.got) != 3 || p.got[0].Fingerprint != p.got[1].Fingerprint || p.got[0].Fingerprint == p.got[2].Fingerprint {
		t.Errorf("%+v", p.got)
	}
}

func told(id, from string, kind schemas.Kind, status schemas.Status, startsAt, endsAt int) Change {
	noon := schemas.TimeOf(time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC))
	s := schemas.Signal{Fingerprint: id, Source: from, Kind: kind, Status: status, Name: id, Service: "api", Scope: "default/production", Tenant: "default",
		Environment: "production", StartsAt: noon.Add(int64(startsAt) * schemas.Minute), Change: &schemas.Change{Type: "announced", Suppress: true, Services: []string{"api", "web"}}}
	if endsAt != 0 {
		s.EndsAt = noon.Add(int64(endsAt) * schemas.Minute)
	}
	return Change{Signal: s, FirstHeard: noon}
}

// Which teams announce nothing: a month, or this one and the twelve before.
func TestUnannouncedChangesAreAnswered(t *testing.T) {
	t.Parallel()
	month := func(y int, m time.Month) schemas.Time {
		return schemas.TimeOf(time.Date(y, m, 1, 0, 0, 0, 0, time.UTC))
	}
	a, _ := announcing(t, &memoryHistory{unannounced: []Unannounced{
		{month(2026, 12), "s", "next", 1, 1, 0}, {month(2026, 11), "s", "data", 7, 4, 1}, {month(2026, 10), "s", "", 2, 1, 0},
		{month(2025, 11), "s", "data", 3, 3, 0}, {month(2025, 10), "s", "old", 9, 9, 9},
	}})
	for query, want := range map[string]string{
		"":                       "2026-11 data 4/7 1, 2026-10  1/2 0, 2025-11 data 3/3 0",
		"?month=2026-10":         "2026-10  1/2 0",
		"?team=data&limit=1":     "2026-11 data 4/7 1",
		"?month=2024-01&scope=s": "",
	} {
		var ans unannouncedAnswer
		get(t, a, "/api/v1/changes/unannounced"+query, 200, &ans)
		var got []string
		for _, x := range ans.Teams {
			got = append(got, fmt.Sprintf("%s %s %d/%d %d", x.Month, x.Team, x.Unannounced, x.Changes, x.Explaining))
		}
		if strings.Join(got, ", ") != want || !ans.History.Answered {
			t.Errorf("%q: %v; want %s", query, got, want)
		}
	}
	for _, query := range []string{"?month=October", "?colour=red", "?limit=0"} {
		get(t, a, "/api/v1/changes/unannounced"+query, 400, nil)
	}
	away, _ := announcing(t, &memoryHistory{err: errors.New("away")})
	get(t, away, "/api/v1/changes/unannounced", 503, nil)
}

func TestTheCalendarSaysWhereEachStands(t *testing.T) {
	t.Parallel()
	m, c := schemas.KindMaintenance, schemas.KindChange
	a, _ := announcing(t, &memoryHistory{changes: []Change{
		told("coming", source, m, schemas.StatusPlanned, 10, 20), told("runs", source, m, schemas.StatusPlanned, -10, 20),
		told("gone", source, m, schemas.StatusPlanned, -20, -10), told("off", source, m, schemas.StatusCancelled, 10, 20),
		told("deploying", "cd", c, schemas.StatusStarted, -1, 0), told("deployed", "cd", c, schemas.StatusFinished, -1, -1),
		told("later", "cd", c, schemas.StatusPlanned, -1, 0),
	}})
	for query, want := range map[string]string{
		"":                         "coming planned, runs running, gone over, deploying running, deployed over, later planned",
		"?state=running,cancelled": "runs running, off cancelled, deploying running",
		"?type=silence":            "",
		"?suppress=false":          "",
	} {
		var page calendarPage
		get(t, a, "/api/v1/changes"+query, 200, &page)
		var got []string
		for _, e := range page.Changes {
			got = append(got, e.ID+" "+e.State)
			if len(e.Services) != 2 || e.Announced != (e.StartsAt >= e.FirstHeard) {
				t.Errorf("%+v", e)
			}
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("%q: %v; want %s", query, got, want)
		}
	}
	for _, query := range []string{"?kind=alert", "?state=open", "?suppress=maybe", "?from=noon", "?colour=red", "?limit=0"} {
		get(t, a, "/api/v1/changes"+query, 400, nil)
	}
	away, _ := announcing(t, &memoryHistory{err: errors.New("away")})
	get(t, away, "/api/v1/changes", 503, nil)
	without := newAPI(t, nil, nil)
	var page calendarPage
	if get(t, without, "/api/v1/changes", 200, &page); page.History.Answered || page.History.Reason == "" {
		t.Errorf("%+v", page)
	}
}

func TestWhatWasAnnouncedHereIsEndedHere(t *testing.T) {
	t.Parallel()
	m := schemas.KindMaintenance
	second := told("runs", source, m, schemas.StatusPlanned, -10, 20)
	second.Signal.Scope, second.Signal.Environment = "default/staging", "staging"
	a, p := announcing(t, &memoryHistory{changes: []Change{
		told("coming", source, m, schemas.StatusPlanned, 10, 20), told("runs", source, m, schemas.StatusPlanned, -10, 20), second,
		told("gone", source, m, schemas.StatusPlanned, -20, -10), told("theirs", "calendar", m, schemas.StatusPlanned, -10, 20),
	}})
	end := func(id string, want int) string {
		t.Helper()
		return send(t, a, "/api/v1/changes/"+id+"/end", `{"by":"kim","note":"done early"}`, want, nil)
	}
	end("coming", 202)
	end("runs", 202)
	if got := end("gone", 409); !strings.Contains(got, "over already") {
		t.Error(got)
	}
	if got := end("theirs", 409); !strings.Contains(got, "calendar: end it there") {
		t.Error(got)
	}
	end("none", 404)
	if len(p.got) != 3 {
		t.Fatalf("%+v", p.got)
	}
	if s := p.got[0]; s.Status != schemas.StatusCancelled || s.EndsAt.String() != "2026-11-30T12:20:00.000Z" || s.Source != source {
		t.Errorf("called off: %+v", s)
	}
	for i, env := range []string{"production", "staging"} {
		if s := p.got[i+1]; s.Status != schemas.StatusFinished || s.EndsAt.String() != "2026-11-30T12:00:00.000Z" || s.Environment != env ||
			s.Fingerprint != "runs" || s.Description != "kim: done early" {
			t.Errorf("ended in %s: %+v", env, s)
		}
	}
}

func TestWhoMayOnlyReadAnnouncesNothing(t *testing.T) {
	t.Parallel()
	a, p := announcing(t, &memoryHistory{})
	a.SetWho(func(*http.Request) (Person, bool) { return Person{Name: "grafana", Role: Read}, true })
	send(t, a, "/api/v1/changes", `{"title":"x","services":["a"],"ends_at":"2026-11-30T14:00:00Z"}`, 403, nil)
	send(t, a, "/api/v1/changes/x/end", `{}`, 403, nil)
	if len(p.got) != 0 {
		t.Error(p.got)
	}
}
