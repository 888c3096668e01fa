package message

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
	"pinkstar/schemas/secret"
)

// What can be pressed is what the incident as it is would take.
func TestButtonsFitTheIncident(t *testing.T) {
	s, srv := newSlackStub(t)
	signed := secret.New("s-s")
	x := made(t, &Config{Slack: &Slack{Token: secret.New("xoxb-1"), Channel: "C1", URL: srv.URL, SigningSecret: &signed}})
	for i, c := range []struct {
		status schemas.IncidentStatus
		parent string
		parts  int64
		want   []string
	}{
		{schemas.IncidentOpen, "", 1, []string{SlackAcknowledge, SlackAssignMe, SlackAssign, SlackResolve}},
		{schemas.IncidentOpen, "", 3, []string{SlackAcknowledge, SlackAssignMe, SlackAssign, SlackResolve, SlackUnrelated}},
		{schemas.IncidentAcknowledged, "", 1, []string{SlackAssignMe, SlackAssign, SlackResolve}},
		{schemas.IncidentResolved, "", 2, []string{SlackReopen}},
		{schemas.IncidentOpen, "INC-1", 1, []string{SlackUnrelated}},
	} {
		e := sample(schemas.EffectOpened, i)
		e.Head.Status, e.Head.ParentID, e.Head.Incidents = c.status, c.parent, c.parts
		if _, err := x.Deliver(t.Context(), &outbound.Message{Key: fmt.Sprint("DLV-", i), Effect: e}); err != nil {
			t.Fatal(err)
		}
		if got := buttonsIn(t, s.posts[len(s.posts)-1].blocks, SlackBlock+e.IncidentID); !slices.Equal(got, c.want) {
			t.Errorf("%s below %q with %d: %v, want %v", c.status, c.parent, c.parts, got, c.want)
		}
	}
	// Without the secret nobody could be believed, so nothing is to be pressed.
	plain := made(t, &Config{Slack: &Slack{Token: secret.New("xoxb-1"), Channel: "C1", URL: srv.URL}})
	if _, err := plain.Deliver(t.Context(), &outbound.Message{Key: "DLV-9", Effect: sample(schemas.EffectOpened, 9)}); err != nil {
		t.Fatal(err)
	}
	if got := buttonsIn(t, s.posts[len(s.posts)-1].blocks, ""); got != nil {
		t.Errorf("without a secret: %v", got)
	}
}

func buttonsIn(t *testing.T, blocks, want string) (ids []string) {
	t.Helper()
	var all []struct {
		Type     string
		BlockID  string `json:"block_id"`
		Elements []struct {
			ID string `json:"action_id"`
		}
	}
	if err := json.Unmarshal([]byte(blocks), &all); err != nil {
		t.Fatal(err)
	}
	for _, b := range all {
		if b.Type != "actions" {
			continue
		}
		if b.BlockID != want {
			t.Errorf("the block is %s", b.BlockID)
		}
		for _, e := range b.Elements {
			ids = append(ids, e.ID)
		}
	}
	return ids
}
