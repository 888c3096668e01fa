package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Teller makes complete signals of what somebody announces, under the limits of
// the gateway, one for each scope in which it holds. pipeline/ingest has it.
type Teller func(s *schemas.Signal, receivedAt schemas.Time) ([]schemas.Signal, error)

// SetTeller lets people announce changes and windows; without, nobody can. It is
// called before Handler.
func (a *API) SetTeller(t Teller) { a.tell = t }

// announcement is a change or a window that somebody announces.
type announcement struct {
	Kind        schemas.Kind `json:"kind"` // maintenance when absent, or change
	Silence     bool         `json:"silence"`
	Title       string       `json:"title"`
	Note        string       `json:"note"`
	Services    []string     `json:"services"`
	Matchers    []string     `json:"matchers"`
	Suppress    bool         `json:"suppress"`
	Team        string       `json:"team"`
	Contact     string       `json:"contact"`
	Version     string       `json:"version"`
	URL         string       `json:"url"`
	Tenant      string       `json:"tenant"`
	Environment string       `json:"environment"`
	StartsAt    schemas.Time `json:"starts_at"` // now when absent
	EndsAt      schemas.Time `json:"ends_at"`
	Ticket      string       `json:"ticket"`
	giver
}

// typeSilence is the Change.Type of a window whose matchers mean the labels as
// they were sent, as Alertmanager's silences do.
const typeSilence = "silence"

type announceAnswer struct {
	ID  string   `json:"id"`  // of the change: by it, it is ended
	IDs []string `json:"ids"` // of its signals, one for each scope in which it holds
	By  string   `json:"by"`
}

func (a *API) announce(w http.ResponseWriter, r *http.Request) error {
	var body announcement
	if err := a.readBody(w, r, &body); err != nil {
		return err
	}
	if err := body.who(personOf(r)); err != nil {
		return err
	}
	occurrence, err := occurrenceOf(r, body.By)
	if err != nil {
		return err
	}
	now := schemas.TimeOf(a.now())
	s, err := body.signal(now)
	if err != nil {
		return err
	}
	hash := sha256.Sum256([]byte("announced/1 " + occurrence))
	s.Fingerprint = "CHG-" + strings.ToUpper(hex.EncodeToString(hash[:6]))
	return a.issueChange(w, r, []*schemas.Signal{s}, body.By)
}

// signal is the announcement in the form of what every sender tells.
func (b *announcement) signal(now schemas.Time) (*schemas.Signal, error) {
	if b.Kind == "" {
		b.Kind = schemas.KindMaintenance
	}
	if b.StartsAt == 0 {
		b.StartsAt = now
	}
	switch {
	case b.Kind != schemas.KindMaintenance && b.Kind != schemas.KindChange:
		return nil, apierror.BadField("kind", "%q is neither maintenance nor change", b.Kind)
	case b.Silence && (b.Kind != schemas.KindMaintenance || len(b.Matchers) == 0):
		return nil, apierror.BadField("matchers", "a silence is a maintenance that says by matchers which alerts it means")
	case strings.TrimSpace(b.Title) == "":
		return nil, apierror.BadField("title", "missing: what is done, in a few words")
	case b.Kind == schemas.KindChange && b.Suppress:
		return nil, apierror.BadField("suppress", "a change suppresses nothing; announce a maintenance")
	case len(b.Services) == 0 && len(b.Matchers) == 0:
		return nil, apierror.BadField("services", "missing: say by services or matchers what it is about")
	case b.EndsAt == 0 && b.Kind == schemas.KindMaintenance:
		return nil, apierror.BadField("ends_at", "missing: a window that has no end is forgotten and suppresses for ever")
	case b.EndsAt != 0 && b.EndsAt <= b.StartsAt:
		return nil, apierror.BadField("ends_at", "not after starts_at")
	case b.Kind == schemas.KindMaintenance && b.EndsAt <= now:
		return nil, apierror.BadField("ends_at", "it would be over already")
	}
	s := &schemas.Signal{
		Kind: b.Kind, Source: source, Status: schemas.StatusPlanned, Name: b.Title, Description: b.Note, URL: b.URL, Team: b.Team,
		Tenant: b.Tenant, Environment: b.Environment, StartsAt: b.StartsAt, EndsAt: b.EndsAt,
		Change: &schemas.Change{Services: b.Services, Type: "announced", Version: b.Version, By: b.By, Contact: b.Contact,
			Suppress: b.Suppress || b.Silence, Matchers: b.Matchers},
	}
	if b.Silence {
		s.Change.Type = typeSilence
	}
	if len(b.Services) > 0 {
		s.Service = b.Services[0]
	}
	if b.Kind == schemas.KindChange && b.StartsAt <= now {
		s.Status = schemas.StatusStarted
	}
	if b.Ticket != "" {
		s.Annotations = schemas.LabelsOf(map[string]string{"ticket": b.Ticket})
	}
	return s, nil
}

type endBody struct {
	Note string `json:"note"`
	giver
}

// endChange ends what was announced here, at once; what has not begun is called
// off. What another system told is ended there: it would tell it again.
func (a *API) endChange(w http.ResponseWriter, r *http.Request) error {
	var body endBody
	if err := a.readBody(w, r, &body); err != nil {
		return err
	}
	if err := body.who(personOf(r)); err != nil {
		return err
	}
	if _, err := occurrenceOf(r, body.By); err != nil {
		return err
	}
	list, err := a.changesCalled(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	now := schemas.TimeOf(a.now())
	var ends []*schemas.Signal
	for i := range list {
		s := &list[i].Signal
		state := changeState(s, now)
		if state == changeOver || state == changeCancelled {
			continue
		}
		end := *s
		end.ID, end.Occurrence, end.Flags = "", "", nil
		end.Status = schemas.StatusFinished
		if state == changePlanned {
			end.Status = schemas.StatusCancelled
		} else {
			end.EndsAt = now
		}
		if body.Note != "" {
			end.Description = strings.TrimSpace(s.Description + "\n" + body.By + ": " + body.Note)
		}
		ends = append(ends, &end)
	}
	if len(ends) == 0 {
		return apierror.New(http.StatusConflict, "%s is %s already", r.PathValue("id"), changeState(&list[0].Signal, now))
	}
	return a.issueChange(w, r, ends, body.By)
}

// changesCalled finds what was announced here under id, in each scope.
func (a *API) changesCalled(ctx context.Context, id string) ([]Change, error) {
	list, state, err := a.changes(ctx, ChangeQuery{ID: id, Limit: a.cfg.MaxPageSize})
	if err != nil {
		return nil, err
	}
	if !state.Answered {
		return nil, apierror.New(http.StatusServiceUnavailable, "%s", state.Reason)
	}
	var own []Change
	for _, c := range list {
		if c.Signal.Source == source {
			own = append(own, c)
		}
	}
	switch {
	case len(list) == 0:
		return nil, apierror.New(http.StatusNotFound, "there is no change or window %q; one that was just announced takes a moment to be seen", id)
	case len(own) == 0:
		return nil, apierror.New(http.StatusConflict, "%s was told by %s: end it there, else it would be told again", id, list[0].Signal.Source)
	}
	return own, nil
}

// issueChange makes what is announced durable, in every scope in which it holds.
func (a *API) issueChange(w http.ResponseWriter, r *http.Request, told []*schemas.Signal, by string) error {
	if a.tell == nil {
		return apierror.New(http.StatusNotImplemented, "nothing can be announced here")
	}
	ans := announceAnswer{ID: told[0].Fingerprint, By: by, IDs: []string{}}
	var all []schemas.Signal
	for _, s := range told {
		signals, err := a.tell(s, schemas.TimeOf(a.now()))
		if err != nil {
			return apierror.New(http.StatusBadRequest, "%v", err)
		}
		for i := range signals {
			ans.IDs = append(ans.IDs, signals[i].ID)
		}
		all = append(all, signals...)
	}
	if err := a.produce(r.Context(), all); err != nil {
		return err
	}
	a.silences.Note(all)
	a.log.Info().Str("by", by).Str("change", ans.ID).Str("status", string(told[0].Status)).Bool("suppress", told[0].Change.Suppress).Msg("announcement taken")
	return a.answer(w, http.StatusAccepted, ans)
}
