package demo

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/smtp"
	"strings"
	"testing"
	"time"
)

// What the targets did not receive ends the demo, and what they did does not.
func TestWhatIsMissingOutsideEndsTheDemo(t *testing.T) {
	var out bytes.Buffer
	s := newStage(newPage(&out), 0, time.Now)
	s.mainID = "INC-7K3M9QX2AB4T"
	var err error
	if s.outside, err = openOutside(t.Context()); err != nil {
		t.Fatal(err)
	}
	defer s.outside.close()
	brief := func(look func(context.Context) error) error {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		return look(ctx)
	}
	for name, look := range map[string]func(context.Context) error{"slack": s.toldSlack, "jira": s.toldJira, "pager": s.toldPager, "mail": s.toldCompany, "taken": s.seeTakenElsewhere} {
		if brief(look) == nil {
			t.Errorf("%s: nothing came, and nothing is said of that", name)
		}
	}
	if err := smtp.SendMail(s.outside.at[mailbox], nil, "a@b.example", []string{"everybody@pinkstar.example"}, []byte("Message-ID: <1@x>\r\nSubject: Major incident: x\r\n\r\nx\r\n")); err != nil {
		t.Fatal(err)
	}
	for _, action := range []string{"trigger", "trigger", "acknowledge", "resolve"} {
		body := `{"routing_key":"demo","event_action":"` + action + `","dedup_key":"` + s.mainID + `"}`
		resp, err := http.Post("http://"+s.outside.at[pager]+"/v2/enqueue", "application/json", strings.NewReader(body))
		if err != nil || resp.StatusCode != http.StatusAccepted {
			t.Fatal(resp, err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	for name, look := range map[string]func(context.Context) error{"pager": s.toldPager, "mail": s.toldCompany} {
		if err := look(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if !strings.Contains(out.String(), "Major incident: x") {
		t.Errorf("it says %s", out.String())
	}
}

// What is missing is said, not that the last question was cut short.
func TestWhatWasMissedIsSaid(t *testing.T) {
	t.Parallel()
	asked := false
	err := until(t.Context(), 100*time.Millisecond, "the family", func(ctx context.Context) error {
		if !asked {
			asked = true
			return errors.New("1 child, want 2")
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if err == nil || !strings.Contains(err.Error(), "1 child, want 2") {
		t.Errorf("it says %v", err)
	}
}
