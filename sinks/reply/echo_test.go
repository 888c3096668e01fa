package reply

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
	"pinkstar/schemas/secret"
	"pinkstar/sinks/message"
	"pinkstar/sinks/message/standin"
)

// Who quotes a comment of ours says something.
func TestAQuotationIsNoEcho(t *testing.T) {
	t.Parallel()
	const ours = `Owner. ada is in charge.\n\nPinkstar DLV-7K3M9QX2AB4T`
	paragraph := func(text string) string {
		return `{"type":"paragraph","content":[{"type":"text","text":"` + text + `"}]}`
	}
	doc := func(blocks string) string { return `{"type":"doc","version":1,"content":[` + blocks + `]}` }
	mark := paragraph("Pinkstar DLV-7K3M9QX2AB4T")
	for body, echo := range map[string]bool{
		`"` + ours + `"`:                                                                 true,
		`"` + ours + `\r\n"`:                                                             true,
		`"` + ours + `\n\nno, bob is"`:                                                   false,
		`"{quote}` + ours + `{quote}\nno, bob is"`:                                       false,
		`"no, bob is\n{quote}` + ours + `{quote}"`:                                       false,
		`"bq. Pinkstar DLV-7K3M9QX2AB4T"`:                                                false,
		`"what is Pinkstar DLV-7K3M9QX2AB4T"`:                                            false,
		doc(paragraph("Owner.") + "," + mark):                                            true,
		doc(mark + `,{"type":"paragraph"}`):                                              true,
		doc(mark + "," + paragraph("no, bob is")):                                        false,
		doc(`{"type":"blockquote","content":[` + mark + `]}`):                            false,
		doc(paragraph("no, bob is") + `,{"type":"blockquote","content":[` + mark + `]}`): false,
		doc(`"Pinkstar DLV-7K3M9QX2AB4T"`):                                               false, `7`: false, `{`: false, `""`: false, `{"content":"x"}`: false,
	} {
		if got := jiraMarked(json.RawMessage(body)); got != echo {
			t.Errorf("%s: ours %t, want %t", body, got, echo)
		}
	}
	s := newScene(t)
	s.ticket(schemas.EffectOpened, time.Now())
	s.pump()
	s.does("zoe", "comment", "{quote}Owner.\n\nPinkstar DLV-7K3M9QX2AB4T{quote}\nno, bob is", "note "+anIncident+" by zoe (tracker) OPS-1: {quote}Owner. Pinkstar DLV-7K3M9QX2AB4T{quote} no, bob is")
}

// The header with an event's identifier is not signed: with another one, a webhook
// that somebody recorded is still the same order.
func TestAnotherIdentifierMakesNoOtherOrder(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.ticket(schemas.EffectOpened, time.Now())
	s.pump()
	if err := s.jira.Do("OPS-1", "jada", "status", "In Progress"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s.jira.Rename(0)
		if _, err := s.jira.Post(t.Context(), http.DefaultClient, s.at+"/reply/tracker", 0, false); err != nil {
			t.Fatal(err)
		}
	}
	if k := s.orders.keys; len(k) != 2 || k[0] != k[1] {
		t.Errorf("the keys %v", k)
	}
}

// What is no button of ours is nothing that was refused.
func TestAnUnknownButtonIsIgnored(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	count := func(result string) float64 { return testutil.ToFloat64(s.desk.came.WithLabelValues("chat", result)) }
	if _, whisper, err := s.press(standin.Press{Member: "U1", Button: "self_destruct"}); err != nil || whisper != "Nothing was changed: there is no button self_destruct here (any more)." {
		t.Errorf("told %q, %v", whisper, err)
	}
	body, h := s.slack.Pressed(standin.Press{Member: "U9", Button: "vote", Block: "poll:1"}, time.Now())
	if _, err := s.slack.Send(t.Context(), http.DefaultClient, s.at+"/reply/chat", body, h); err != nil || len(s.slack.Whispers()) != 1 {
		t.Errorf("who votes in a poll is told %v, %v", s.slack.Whispers(), err)
	}
	if count("ignored") != 2 || count("refused") != 0 {
		t.Errorf("ignored %v, refused %v", count("ignored"), count("refused"))
	}
	if _, _, err := s.press(standin.Press{Member: "UREAD", Button: message.SlackAcknowledge}); err != nil || count("refused") != 1 {
		t.Errorf("refused %v, %v", count("refused"), err)
	}
}

// Jira is asked once which account is ours, by one of those who want to know; when it
// can't be asked, not again for a minute by the desk's clock; who has gone waits for
// nothing.
func TestOneAsksWhichAccountIsOurs(t *testing.T) {
	t.Parallel()
	var asked, fails atomic.Int64
	fails.Store(1)
	hold, came := make(chan struct{}), make(chan struct{}, 100)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		came <- struct{}{}
		<-hold
		if fails.Load() == 1 {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		_, _ = w.Write([]byte(`{"key":"K1","name":"pinkstar"}`))
	}))
	t.Cleanup(srv.Close)
	signed := secret.New("j-s")
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	var clock atomic.Pointer[time.Time]
	clock.Store(&now)
	desk, err := New([]message.Config{{Name: "tracker", AllowPrivate: true, Jira: &message.Jira{URL: srv.URL, Token: secret.New("jt"), Project: "OPS", WebhookSecret: &signed}}},
		&memoryOrders{}, known, zerolog.Nop(), prometheus.NewRegistry(), func() time.Time { return *clock.Load() })
	if err != nil {
		t.Fatal(err)
	}
	l := desk.lines["tracker"]
	var wg sync.WaitGroup
	ask := func(want int) {
		for range 20 {
			wg.Go(func() {
				if got := desk.jiraOwn(t.Context(), l); len(got) != want {
					t.Errorf("ours is %v", got)
				}
			})
		}
	}
	ask(0)
	<-came
	gone, leave := context.WithCancel(t.Context())
	leave()
	if got := desk.jiraOwn(gone, l); got != nil { // returns though Jira does not answer
		t.Errorf("ours is %v", got)
	}
	hold <- struct{}{}
	wg.Wait()
	desk.jiraOwn(t.Context(), l)
	if n := asked.Load(); n != 1 {
		t.Fatalf("asked %d times", n)
	}
	later := now.Add(jiraAskAgain)
	clock.Store(&later)
	fails.Store(0)
	close(hold)
	ask(2)
	wg.Wait()
	if n := asked.Load(); n != 2 {
		t.Errorf("asked %d times", n)
	}
}

// Who moved a ticket and was refused reads it below the ticket, once.
func TestARefusalIsSaidBelowTheTicket(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.ticket(schemas.EffectOpened, time.Now())
	s.pump()
	s.orders.fails = apierror.New(http.StatusConflict, "incident %s was linked to another a moment ago", anIncident)
	if err := s.jira.Do("OPS-1", "jada", "status", "Done"); err != nil {
		t.Fatal(err)
	}
	s.pump() // each webhook twice
	s.orders.fails = nil
	s.pump() // the comment comes back, and is no note
	list := s.jira.Issues()[0].Comments
	if len(list) != 1 || !strings.HasPrefix(list[0], "Nothing was changed: incident "+anIncident+" was linked to another a moment ago\n") {
		t.Errorf("the ticket says %q", list)
	}
	if got := s.orders.last(); got != "" {
		t.Errorf("ordered %s", got)
	}
	if b, _ := json.Marshal(list[0]); !jiraMarked(b) {
		t.Errorf("%s is not known as ours", b)
	}
}

// Whose order is on the log but has not been carried out is not told that it was.
func TestWhatWaitsIsNotSaidToBeDone(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for slow, says := range map[bool]string{false: anIncident + ".", true: "It waits for its turn"} {
		s.orders.slow = slow
		if _, whisper, err := s.press(standin.Press{Member: "U1", Button: message.SlackAcknowledge}); err != nil || !strings.Contains(whisper, says) || strings.Contains(whisper, "turn") != slow {
			t.Errorf("told %q, %v", whisper, err)
		}
	}
}
