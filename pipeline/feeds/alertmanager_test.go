package feeds

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/pipeline/alertmanagertest"
	"pinkstar/schemas"
	"pinkstar/schemas/secret"
)

// stub is as much of an Alertmanager as silences need.
type stub struct {
	*httptest.Server
	mu   sync.Mutex
	list []silence
	lose bool // the next order has its effect, and its answer is lost
}

func newStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /am/api/v2/silences", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(s.list) })
	mux.HandleFunc("POST /am/api/v2/silences", func(w http.ResponseWriter, r *http.Request) {
		var x silence
		if err := json.NewDecoder(r.Body).Decode(&x); err != nil || x.ID != "" || len(x.Matchers) == 0 || !x.EndsAt.After(x.StartsAt) {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `"bad silence"`)
			return
		}
		x.ID = fmt.Sprintf("id-%d", len(s.list))
		x.Status = &struct {
			State string `json:"state"`
		}{"active"}
		s.list = append(s.list, x)
		_, _ = fmt.Fprintf(w, `{"silenceID":%q}`, x.ID)
	})
	mux.HandleFunc("DELETE /am/api/v2/silence/{id}", func(w http.ResponseWriter, r *http.Request) {
		for i := range s.list {
			if s.list[i].ID == r.PathValue("id") && s.list[i].Status.State == "active" {
				s.list[i].Status.State, s.list[i].EndsAt = "expired", time.Now()
				return
			}
		}
		w.WriteHeader(http.StatusNotFound)
	})
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if user, password, _ := r.BasicAuth(); user != "pinkstar" || password != "hush" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method != http.MethodGet && s.lose {
			s.lose = false
			mux.ServeHTTP(httptest.NewRecorder(), r)
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// here is what is announced in an installation.
type here struct{ list []schemas.Signal }

func (h *here) announce(id string, status schemas.Status, now time.Time) {
	for i := range h.list {
		if h.list[i].Fingerprint == id {
			h.list[i].Status = status
			return
		}
	}
	h.list = append(h.list, schemas.Signal{
		Kind: schemas.KindMaintenance, Source: "pinkstar-api", Fingerprint: id, Status: status, Name: "the tap",
		Tenant: "default", Environment: "production", Scope: "default/production",
		StartsAt: schemas.TimeOf(now.Add(-time.Minute)), EndsAt: schemas.TimeOf(now.Add(time.Hour)),
		Change: &schemas.Change{Type: "silence", By: "kim", Suppress: true, Matchers: []string{`alertname="Drip"`, `host!~"h[0-9]+"`}},
	})
}

// both is an Alertmanager and an installation beside it.
type both struct {
	t *testing.T
	*silences
	*memory
	here
}

func beside(t *testing.T, at Address) *both {
	t.Helper()
	b := &both{t: t, memory: &memory{}}
	cfg := DefaultConfig()
	cfg.Alertmanagers = []Alertmanager{{Address: at, Push: true}}
	f, err := New(cfg, Deps{Translator: translator(), Producer: b.memory, Now: time.Now, Environments: 1,
		Announced: func(context.Context) ([]schemas.Signal, error) { return slices.Clone(b.list), nil },
		Log:       zerolog.Nop(), Registerer: prometheus.NewRegistry()})
	if err != nil {
		t.Fatal(err)
	}
	b.silences = f.feeds[0].looker.(*silences)
	return b
}

// look looks, and returns what came of it here.
func (b *both) look() []string {
	b.t.Helper()
	if _, err := b.silences.look(b.t.Context(), time.Now()); err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for _, s := range b.got {
		out = append(out, s.Source+" "+string(s.Status)+" "+s.Name)
	}
	b.got = nil
	return out
}

// there lists what is active at Alertmanager and has a comment with text.
func (b *both) there(text string) []silence {
	b.t.Helper()
	r, err := b.request(b.t.Context(), http.MethodGet, "api/v2/silences", "")
	if err != nil {
		b.t.Fatal(err)
	}
	a, err := b.do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	var list []silence
	if err := json.Unmarshal(a.body, &list); err != nil {
		b.t.Fatalf("%v: %s", err, a.body)
	}
	return slices.DeleteFunc(list, func(s silence) bool { return s.expired() || !strings.Contains(s.Comment, text) })
}

// silencesBothWays is what holds with the stub and with a real Alertmanager.
func silencesBothWays(t *testing.T, b *both, byHand func(comment string)) {
	t.Helper()
	byHand("made there")
	expect(t, "made there", b.look(), "alertmanager started Silence: made there")
	expect(t, "no news", b.look())

	now := time.Now()
	b.announce("CHG-0A1", schemas.StatusPlanned, now)
	expect(t, "announced here", b.look())
	posted := b.there("[pinkstar CHG-0A1]")
	if len(posted) != 1 || posted[0].CreatedBy != "kim" || len(posted[0].Matchers) != 2 {
		t.Fatalf("%+v", posted)
	}
	slices.SortFunc(posted[0].Matchers, func(a, b matcher) int { return strings.Compare(a.Name, b.Name) })
	if posted[0].Matchers[0] != (matcher{"alertname", "Drip", false, true}) || posted[0].Matchers[1] != (matcher{"host", "h[0-9]+", true, false}) {
		t.Errorf("%+v", posted[0].Matchers)
	}
	expect(t, "its echo", b.look())
	if n := len(b.there("CHG-0A1")); n != 1 {
		t.Errorf("it is there %d times", n)
	}
	b.announce("CHG-0A1", schemas.StatusFinished, now)
	expect(t, "ended here", b.look())
	if n := len(b.there("CHG-0A1")); n != 0 {
		t.Errorf("ended here, it is there %d times", n)
	}
	expect(t, "its end's echo", b.look())

	b.announce("CHG-0A2", schemas.StatusPlanned, now)
	expect(t, "another", b.look())
	if err := b.expire(t.Context(), b.there("CHG-0A2")[0].ID); err != nil {
		t.Fatal(err)
	}
	expect(t, "ended there", b.look(), "pinkstar-api finished the tap")
	b.announce("CHG-0A2", schemas.StatusFinished, now)
	expect(t, "known here", b.look())
	if err := b.expire(t.Context(), b.there("made there")[0].ID); err != nil {
		t.Fatal(err)
	}
	expect(t, "theirs has ended", b.look(), "alertmanager finished Silence: made there")
}

func TestSilencesGoBothWays(t *testing.T) {
	t.Parallel()
	s := newStub(t)
	at := Address{Name: "am", URL: secret.New(s.URL + "/am/"), User: "pinkstar", Password: secret.New("hush"), AllowPrivate: true}
	b := beside(t, at)
	silencesBothWays(t, b, func(comment string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		x := silence{ID: "theirs", Matchers: []matcher{{"a", "b", false, true}}, StartsAt: time.Now().Add(-time.Minute), EndsAt: time.Now().Add(time.Hour), CreatedBy: "bo", Comment: comment}
		x.Status = &struct {
			State string `json:"state"`
		}{"active"}
		s.list = append(s.list, x)
	})
	now := time.Now()
	b.announce("CHG-0B1", schemas.StatusPlanned, now)
	s.mu.Lock()
	s.lose = true
	s.mu.Unlock()
	if _, err := b.silences.look(t.Context(), now); err == nil || !strings.Contains(err.Error(), "CHG-0B1") {
		t.Errorf("a lost answer: %v", err)
	}
	b.look()
	if n := len(b.there("CHG-0B1")); n != 1 {
		t.Errorf("after a lost answer it is there %d times", n)
	}
	b.environments = 2
	b.announce("CHG-0B2", schemas.StatusPlanned, now)
	if _, err := b.silences.look(t.Context(), now); err == nil || !strings.Contains(err.Error(), "some of labels.environments") || len(b.there("CHG-0B2")) != 0 {
		t.Errorf("one for a part of the environments: %v", err)
	}
	at.Password = secret.New("no")
	if _, err := beside(t, at).silences.look(t.Context(), now); err == nil || !strings.Contains(err.Error(), "401") {
		t.Error(err)
	}
}

func TestSilencesGoBothWaysWithAlertmanager(t *testing.T) {
	t.Parallel()
	am := alertmanagertest.Start(t, alertmanagertest.Config("http://127.0.0.1:1/", "", "", ""))
	b := beside(t, Address{Name: "am", URL: secret.New(am.URL), AllowPrivate: true})
	silencesBothWays(t, b, func(comment string) { am.Silence("a", "b", "bo", comment) })
}
