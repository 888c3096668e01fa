package message

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// MSTeams posts an adaptive card to a workflow of Microsoft Teams ("When a Teams
// webhook request is received"). A workflow answers nothing that names the card,
// so there are no edits and no threads, and a card whose answer was lost can't be
// looked for: see unanswered.
type MSTeams struct {
	URL secret.Text `yaml:"url"` // whoever has it can post
}

func (m *MSTeams) validate() error {
	if m.URL.IsZero() {
		return errors.New("url: it is missing")
	}
	return nil
}

func (m *MSTeams) secrets() map[string]*secret.Text { return map[string]*secret.Text{"url": &m.URL} }

func (m *MSTeams) target(c *Config, board string) (outbound.Target, error) {
	if err := CheckURL(m.URL.Reveal()); err != nil {
		return nil, fmt.Errorf("msteams.url: %w", err)
	}
	return &msTeams{cfg: *m, client: newClient(c.AllowPrivate), board: board}, nil
}

type msTeams struct {
	keyed
	cfg    MSTeams
	client *http.Client
	board  string
}

// Takes implements outbound.Target: what would only edit a message elsewhere is
// left out.
func (*msTeams) Takes(e *schemas.Effect) bool {
	return e.Kind == schemas.EffectOpened || replied(e.Kind) && e.Kind != schemas.EffectMailAnnounce && e.Kind != schemas.EffectMailClose
}

// Limit implements outbound.Target: four requests a second for a workflow
// (https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using).
func (*msTeams) Limit() (time.Duration, int) { return 300 * time.Millisecond, 3 }

// Deliver implements outbound.Target.
func (t *msTeams) Deliver(ctx context.Context, m *outbound.Message) (outbound.Receipt, error) {
	w := wordsOf(m.Effect, t.board)
	body, err := json.Marshal(map[string]any{"type": "message", "attachments": []any{map[string]any{
		"contentType": "application/vnd.microsoft.card.adaptive", "content": teamsCard(&w),
	}}})
	if err != nil {
		return outbound.Receipt{}, &outbound.RefusedError{Err: err}
	}
	r, err := request(ctx, http.MethodPost, t.cfg.URL.Reveal(), body)
	if err != nil {
		return outbound.Receipt{}, err
	}
	resp, err := t.client.Do(r)
	if err != nil {
		return outbound.Receipt{}, unanswered(outbound.WithoutURL(err), m.Effect)
	}
	defer resp.Body.Close()
	if err := status(resp, nil); err != nil {
		if resp.StatusCode >= 500 && resp.StatusCode != http.StatusServiceUnavailable {
			err = unanswered(errors.New(err.Error()), m.Effect)
		}
		return outbound.Receipt{}, err
	}
	return outbound.Receipt{Ref: m.Key}, nil
}

// unanswered judges a failure behind which the card may be there. Somebody who is to
// be woken is told twice rather than not at all; news is not told twice.
func unanswered(err error, e *schemas.Effect) error {
	if isVerdict(err) { // it never came so far
		return err
	}
	if e.Kind == schemas.EffectPage || e.Kind == schemas.EffectEscalated {
		return &outbound.RetryError{Err: fmt.Errorf("%w; the card may be there already, and is sent again because it is to wake somebody", err)}
	}
	return outbound.Refusedf("%w: the card may be there, which a workflow can't be asked, so it is not sent again", err)
}

// Teams takes some 28 KB.
const teamsText = 1000

// teamsCard is an adaptive card, version 1.4, which Teams' mobile clients know.
func teamsCard(w *words) map[string]any {
	block := func(text string, more map[string]any) map[string]any {
		b := map[string]any{"type": "TextBlock", "text": clip(text, teamsText), "wrap": true}
		maps.Copy(b, more)
		return b
	}
	body := []any{block(w.Headline, map[string]any{"size": "Large", "weight": "Bolder"}), block(w.Changed, nil)}
	var facts, actions []any
	for i, f := range w.Fields {
		if i < 12 {
			facts = append(facts, map[string]string{"title": f.Name, "value": clip(f.Value, teamsText/2)})
		}
	}
	body = append(body, map[string]any{"type": "FactSet", "facts": facts})
	for i, s := range w.Steps {
		if i < 10 {
			body = append(body, block(fmt.Sprintf("%d. %s", i+1, clip(s.Text, 300)), nil))
		}
	}
	if w.URL != "" {
		actions = append(actions, map[string]string{"type": "Action.OpenUrl", "title": "Open the incident", "url": w.URL})
	}
	return map[string]any{"type": "AdaptiveCard", "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "version": "1.4", "body": body, "actions": actions,
		"msteams": map[string]string{"width": "Full"}}
}
