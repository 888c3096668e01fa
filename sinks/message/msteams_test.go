package message

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// A card can't be looked for: news is never told twice, and a page never lost.
func TestCardsAreNotDoubledAndPagesNotLost(t *testing.T) {
	s := &stub{t: t}
	srv := s.serve(func(_ *http.Request, body []byte) (int, string) {
		var m struct {
			Attachments []struct {
				Content struct{ Body []struct{ Text string } }
			}
		}
		if err := json.Unmarshal(body, &m); err != nil || len(m.Attachments) != 1 || len(body) > 28<<10 {
			return http.StatusBadRequest, ""
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.took = append(s.took, effect{m.Attachments[0].Content.Body[1].Text, "card", string(body)})
		return http.StatusAccepted, ""
	})
	x := made(t, &Config{MSTeams: &MSTeams{URL: secret.New(srv.URL + "/hush-hush")}})
	refused := 0
	for seed := range uint64(20) {
		s.misbehave(seed)
		for _, kind := range []schemas.EffectKind{schemas.EffectOpened, schemas.EffectPage} {
			e := sample(kind, 1)
			e.Reason = schemas.DeliveryID(string(kind), string(rune('a'+seed)))
			_, err := bring(t, x, &outbound.Message{Key: e.Reason, Effect: e}, false)
			_, isRefused := errors.AsType[*outbound.RefusedError](err)
			n := s.effects(e.Reason)
			switch {
			case isRefused && kind == schemas.EffectOpened:
				refused++
				if strings.Contains(err.Error(), "hush") {
					t.Errorf("a secret is told: %v", err)
				}
			case err != nil:
				t.Error(err)
			}
			if kind == schemas.EffectOpened && n > 1 || kind == schemas.EffectPage && n == 0 || !isRefused && n == 0 {
				t.Errorf("seed %d: %s took effect %d times", seed, kind, n)
			}
		}
	}
	if refused == 0 {
		t.Error("no answer was lost")
	}
}
