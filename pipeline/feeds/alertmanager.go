package feeds

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/prometheus/alertmanager/matcher/compat"
	"github.com/prometheus/alertmanager/pkg/labels"
	"github.com/rs/zerolog"

	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// silences are those of an Alertmanager: its own become windows here, those
// announced here are made known there.
type silences struct {
	*fetcher
	told
	translator   *ingest.Translator
	push         bool
	announced    func(context.Context) ([]schemas.Signal, error)
	environments int
	log          zerolog.Logger
}

// silence is one as Alertmanager's API v2 has it.
type silence struct {
	ID        string    `json:"id,omitempty"`
	Matchers  []matcher `json:"matchers"`
	StartsAt  time.Time `json:"startsAt"`
	EndsAt    time.Time `json:"endsAt"`
	CreatedBy string    `json:"createdBy"`
	Comment   string    `json:"comment"`
	Status    *struct {
		State string `json:"state"`
	} `json:"status,omitempty"`
}

type matcher struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	IsRegex bool   `json:"isRegex"`
	IsEqual bool   `json:"isEqual"`
}

func (s *silence) expired() bool { return s.Status != nil && s.Status.State == "expired" }

// marker finds the id of a silence of ours in the comment.
var marker = regexp.MustCompile(`\[pinkstar (CHG-[0-9A-F]+)\]`)

func (s *silence) own() string {
	if m := marker.FindStringSubmatch(s.Comment); m != nil {
		return m[1]
	}
	return ""
}

// longOver is how long ago a silence may have ended that is told when it was not
// heard of before.
const longOver = time.Hour

func (s *silences) look(ctx context.Context, now time.Time) (int, error) {
	r, err := s.request(ctx, http.MethodGet, "api/v2/silences", "")
	if err != nil {
		return 0, err
	}
	a, err := s.do(r)
	if err != nil {
		return 0, err
	}
	if a.code != http.StatusOK {
		return 0, a.refusal()
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(a.body, &raw); err != nil {
		return 0, fmt.Errorf("this is no list of silences: %w", err)
	}
	there := map[string][]silence{} // ours, by their id here
	theirs := raw[:0:0]
	for _, text := range raw {
		var one silence
		if err := json.Unmarshal(text, &one); err != nil {
			return 0, fmt.Errorf("this is no silence: %w", err)
		}
		switch id := one.own(); {
		case id != "":
			there[id] = append(there[id], one)
		case !one.expired() || now.Sub(one.EndsAt) < longOver:
			theirs = append(theirs, text)
		}
	}
	n, err := s.pulled(ctx, theirs, now)
	if !s.push {
		return n, err
	}
	more, errPush := s.pushed(ctx, there, now)
	return n + more, errors.Join(err, errPush)
}

// pulled has Alertmanager's own silences be windows here.
func (s *silences) pulled(ctx context.Context, theirs []json.RawMessage, now time.Time) (int, error) {
	if len(theirs) == 0 {
		return 0, nil
	}
	list, err := json.Marshal(theirs)
	if err != nil {
		return 0, err
	}
	signals, refused := s.translator.Translate(ingest.SourceSilences, list, ingest.Meta{ReceivedAt: schemas.TimeOf(now), Feed: &ingest.Feed{
		Tenant: s.at.Tenant, Environment: s.at.Environment}})
	n, err := s.newer(ctx, signals)
	return n, errors.Join(err, refused)
}

// pushed makes what is announced here known there, and ends what has ended here
// or there.
func (s *silences) pushed(ctx context.Context, there map[string][]silence, now time.Time) (int, error) {
	if s.announced == nil {
		return 0, errors.New("silences that are announced here can't be pushed: they are read from ClickHouse, and none is configured")
	}
	list, err := s.announced(ctx)
	if err != nil {
		return 0, fmt.Errorf("silences that are announced here can't be pushed now: %w", err)
	}
	byID := map[string][]*schemas.Signal{}
	var ids []string
	for i := range list {
		id := list[i].Fingerprint
		if byID[id] == nil {
			ids = append(ids, id)
		}
		byID[id] = append(byID[id], &list[i])
	}
	n := 0
	var errs []error
	for _, id := range ids {
		did, err := s.one(ctx, byID[id], there[id], now)
		if err != nil {
			errs = append(errs, fmt.Errorf("silence %s: %w", id, err))
		}
		if did {
			n++
		}
	}
	return n, errors.Join(errs...)
}

// one brings one silence into line. here is what is announced, in each scope.
func (s *silences) one(ctx context.Context, here []*schemas.Signal, there []silence, now time.Time) (did bool, err error) {
	lasts := func(w *schemas.Signal) bool {
		return w.Status != schemas.StatusFinished && w.Status != schemas.StatusCancelled && w.EndsAt > schemas.TimeOf(now)
	}
	active := slices.DeleteFunc(slices.Clone(there), func(x silence) bool { return x.expired() })
	switch w := here[0]; {
	case !slices.ContainsFunc(here, lasts):
		for i := range active {
			if err := s.expire(ctx, active[i].ID); err != nil {
				return did, err
			}
			did = true
		}
		return did, nil
	case len(active) > 0:
		return false, nil // it knows
	case len(there) > 0:
		return true, s.endHere(ctx, here, there, now)
	case len(here) < s.environments:
		return false, errors.New("it holds in some of labels.environments only, and Alertmanager's would hold in all")
	default:
		return true, s.post(ctx, w)
	}
}

func (s *silences) post(ctx context.Context, w *schemas.Signal) error {
	x := silence{StartsAt: w.StartsAt.Std(), EndsAt: w.EndsAt.Std(), CreatedBy: w.Change.By, Comment: w.Name + " [pinkstar " + w.Fingerprint + "]"}
	for _, text := range w.Change.Matchers {
		m, err := compat.Matcher(text, "announced")
		if err != nil {
			return err
		}
		x.Matchers = append(x.Matchers, matcher{m.Name, m.Value, m.Type == labels.MatchRegexp || m.Type == labels.MatchNotRegexp,
			m.Type == labels.MatchEqual || m.Type == labels.MatchRegexp})
	}
	body, err := json.Marshal(&x)
	if err != nil {
		return err
	}
	if err := s.order(ctx, http.MethodPost, "api/v2/silences", string(body)); err != nil {
		return err
	}
	s.log.Info().Str("silence", w.Fingerprint).Str("alertmanager", s.at.Name).Msg("silence made known")
	return nil
}

func (s *silences) expire(ctx context.Context, id string) error {
	return s.order(ctx, http.MethodDelete, "api/v2/silence/"+url.PathEscape(id), "")
}

func (s *silences) order(ctx context.Context, method, path, body string) error {
	r, err := s.request(ctx, method, path, body)
	if err != nil {
		return err
	}
	a, err := s.do(r)
	if err != nil {
		return err
	}
	if a.code != http.StatusOK {
		err := a.refusal()
		var text string
		if json.Unmarshal(a.body, &text) == nil && text != "" {
			err = fmt.Errorf("%w: %.200s", err, text)
		}
		return err
	}
	return nil
}

// endHere ends a silence that somebody ended at Alertmanager.
func (s *silences) endHere(ctx context.Context, here []*schemas.Signal, there []silence, now time.Time) error {
	ended := there[0].EndsAt
	for i := range there {
		if there[i].EndsAt.After(ended) {
			ended = there[i].EndsAt
		}
	}
	var ends []schemas.Signal
	for _, w := range here {
		end := *w
		end.ID, end.Occurrence, end.Flags = "", "", nil
		end.Status, end.EndsAt = schemas.StatusFinished, min(schemas.TimeOf(ended), schemas.TimeOf(now))
		if end.EndsAt <= end.StartsAt {
			end.Status, end.EndsAt = schemas.StatusCancelled, w.EndsAt
		}
		signals, err := s.translator.Translate(ingest.SourceSignals, schemas.AppendSignal(nil, &end), ingest.Meta{ReceivedAt: schemas.TimeOf(now)})
		if err != nil {
			return err
		}
		ends = append(ends, signals...)
	}
	s.log.Info().Str("silence", here[0].Fingerprint).Str("alertmanager", s.at.Name).Msg("silence was ended there")
	return s.producer.Produce(ctx, ends)
}
