package reply

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
	"pinkstar/schemas/secret"
	"pinkstar/sinks/message"
	"pinkstar/sinks/message/standin"
	"pinkstar/sinks/web"
)

// memoryOrders notes what was ordered.
type memoryOrders struct {
	mu    sync.Mutex
	inc   schemas.Incident
	below []*schemas.Incident
	got   []schemas.Command
	keys  []string
	fails error
	slow  bool // it is not known in time what came of an order
}

func (o *memoryOrders) Order(_ context.Context, cmd schemas.Command, via, key string) (bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fails != nil {
		return false, o.fails
	}
	o.got, o.keys = append(o.got, cmd), append(o.keys, via+" "+key)
	return !o.slow, nil
}

func (o *memoryOrders) Live(id string) (*schemas.Incident, error) {
	if id != o.inc.ID {
		return nil, apierror.New(http.StatusNotFound, "incident %s is closed", id)
	}
	return &o.inc, nil
}

func (o *memoryOrders) Related(string) []*schemas.Incident { return o.below }

// last is the command that was taken since last time, in words.
func (o *memoryOrders) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []string
	for _, c := range o.got {
		out = append(out, strings.Join(strings.Fields(fmt.Sprint(c.Action, " ", c.IncidentID, " ", c.To, " by ", c.By, " ", c.Note)), " "))
	}
	o.got = nil
	return strings.Join(out, "; ")
}

const anIncident = "INC-7K3M9QX2AB4T"

// scene is a desk before stand-ins of the three systems.
type scene struct {
	t      *testing.T
	desk   *Desk
	orders *memoryOrders
	slack  *standin.Slack
	jira   *standin.Jira
	duty   *standin.PagerDuty
	at     string // where the desk is
	url    map[string]string
}

func known(_, account string) (web.Person, bool) {
	p, ok := map[string]web.Person{"U1": {Name: "ada", Role: web.Act}, "U2": {Name: "bob", Role: web.Act}, "UREAD": {Name: "eve", Role: web.Read},
		"jada": {Name: "ada", Role: web.Act}, "PADA": {Name: "ada", Role: web.Act}, "jeve": {Name: "eve", Role: web.Read}}[account]
	return p, ok
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{t: t, orders: &memoryOrders{inc: schemas.Incident{ID: anIncident, Status: schemas.IncidentOpen}}, url: map[string]string{},
		slack: &standin.Slack{Token: "xoxb-1", Secret: "s-s"}, jira: &standin.Jira{Project: "OPS", Token: "jt", Secret: "j-s", Account: "pinkstar"},
		duty: &standin.PagerDuty{RoutingKey: "R1", Secret: "p-s"}}
	serve := func(name string, h http.Handler) string {
		srv := httptest.NewServer(h)
		t.Cleanup(srv.Close)
		s.url[name] = srv.URL
		return srv.URL
	}
	s.slack.URL = serve("chat", s.slack)
	text := func(v string) *secret.Text { x := secret.New(v); return &x }
	targets := []message.Config{
		{Name: "chat", AllowPrivate: true, Slack: &message.Slack{Token: secret.New("xoxb-1"), Channel: "#ops", URL: s.slack.URL, SigningSecret: text("s-s")}},
		{Name: "tracker", AllowPrivate: true, Jira: &message.Jira{URL: serve("tracker", s.jira), Token: secret.New("jt"), Project: "OPS", WebhookSecret: text("j-s")}},
		{Name: "pager", AllowPrivate: true, PagerDuty: &message.PagerDuty{RoutingKey: secret.New("R1"), URL: serve("pager", s.duty), WebhookSecret: text("p-s")}},
		{Name: "mute", AllowPrivate: true, Slack: &message.Slack{Token: secret.New("xoxb-1"), Channel: "#ops"}},
	}
	var err error
	if s.desk, err = New(targets, s.orders, known, zerolog.Nop(), prometheus.NewRegistry(), nil); err != nil {
		t.Fatal(err)
	}
	s.at = serve("desk", s.desk)
	return s
}

// press presses a button, and returns the answer and what the presser is told.
func (s *scene) press(p standin.Press) (answer, whisper string, err error) {
	before := len(s.slack.Whispers())
	p.Block = message.SlackBlock + anIncident
	body, h := s.slack.Pressed(p, time.Now())
	answer, err = s.slack.Send(s.t.Context(), http.DefaultClient, s.at+"/reply/chat", body, h)
	if w := s.slack.Whispers(); len(w) > before {
		whisper = w[len(w)-1]
	}
	return answer, whisper, err
}

func TestWhatIsPressedIsOrdered(t *testing.T) {
	s := newScene(t)
	for _, c := range []struct {
		press         standin.Press
		want, whisper string
	}{
		{standin.Press{Member: "U1", Button: message.SlackAcknowledge}, "acknowledge " + anIncident + " by ada", "Taken, as ada: acknowledge"},
		{standin.Press{Member: "U1", Button: message.SlackAssignMe}, "assign " + anIncident + " ada by ada", "to ada"},
		{standin.Press{Member: "U1", Button: message.SlackAssign, Chosen: "U2"}, "assign " + anIncident + " bob by ada", "to bob"},
		{standin.Press{Member: "U1", Button: message.SlackReopen}, "reopen " + anIncident + " by ada", "reopen"},
		{standin.Press{Member: "U1", Button: message.SlackAssign, Chosen: "U9"}, "", "does not know who the Slack member U9 is"},
		{standin.Press{Member: "U9", Button: message.SlackAcknowledge}, "", "does not know who the Slack member U9 is"},
		{standin.Press{Member: "UREAD", Button: message.SlackAcknowledge}, "", "eve may only read"},
	} {
		answer, whisper, err := s.press(c.press)
		if got := s.orders.last(); err != nil || answer != "" || got != c.want || !strings.Contains(whisper, c.whisper) {
			t.Errorf("%+v: ordered %q, told %q, answer %q, %v", c.press, got, whisper, answer, err)
		}
	}
	s.orders.fails = apierror.New(http.StatusConflict, "incident %s is resolved, not open", anIncident)
	if _, whisper, err := s.press(standin.Press{Member: "U1", Button: message.SlackAcknowledge}); err != nil || !strings.Contains(whisper, "Nothing was changed: incident "+anIncident+" is resolved") {
		t.Errorf("a refusal is told as %q, %v", whisper, err)
	}
}

func TestDialogsAskWhatIsMissing(t *testing.T) {
	s := newScene(t)
	send := func(callback string, values map[string]string) string {
		body, h := s.slack.Sent("U1", callback, anIncident, values, time.Now())
		answer, err := s.slack.Send(t.Context(), http.DefaultClient, s.at+"/reply/chat", body, h)
		if err != nil {
			t.Fatal(err)
		}
		return answer
	}
	if _, whisper, _ := s.press(standin.Press{Member: "U1", Button: message.SlackUnrelated}); !strings.Contains(whisper, "nothing is related") {
		t.Errorf("told %q", whisper)
	}
	s.orders.below = []*schemas.Incident{{ID: "INC-2", Title: "booking slow"}}
	for button, want := range map[string]string{message.SlackResolve: `"private_metadata":"` + anIncident, message.SlackUnrelated: "INC-2: booking slow"} {
		if _, whisper, err := s.press(standin.Press{Member: "U1", Button: button}); err != nil || whisper != "" || !strings.Contains(s.slack.Dialog(), want) {
			t.Errorf("%s: told %q, asked %s, %v", button, whisper, s.slack.Dialog(), err)
		}
	}
	if got := s.orders.last(); got != "" {
		t.Errorf("before the dialog is sent: %s", got)
	}
	if answer := send(message.SlackResolve, map[string]string{"note": "disk replaced"}); answer != "" || s.orders.last() != "resolve "+anIncident+" by ada disk replaced" {
		t.Errorf("answer %q", answer)
	}
	if answer := send(message.SlackUnrelated, map[string]string{"related": "INC-2"}); answer != "" || s.orders.last() != "unlink_parent INC-2 by ada" {
		t.Errorf("answer %q", answer)
	}
	s.orders.fails = apierror.New(http.StatusConflict, "it is resolved already")
	if answer := send(message.SlackResolve, nil); !strings.Contains(answer, `"response_action":"errors"`) || !strings.Contains(answer, "resolved already") {
		t.Errorf("answer %q", answer)
	}
}

// Nobody is believed who can't sign, too late, or a second time.
func TestWhoCanNotSignIsNotBelieved(t *testing.T) {
	s := newScene(t)
	press := standin.Press{Member: "U1", Button: message.SlackAcknowledge, Block: message.SlackBlock + anIncident}
	send := func(target string, body []byte, h http.Header) error {
		_, err := s.slack.Send(t.Context(), http.DefaultClient, s.at+"/reply/"+target, body, h)
		return err
	}
	body, h := s.slack.Pressed(press, time.Now())
	if err := send("chat", []byte(strings.Replace(string(body), "U1", "U2", 1)), h); err == nil || !strings.Contains(err.Error(), "does not fit") {
		t.Errorf("a changed body: %v", err)
	}
	for _, target := range []string{"mute", "fax"} {
		if err := send(target, body, h); err == nil || !strings.Contains(err.Error(), "404") {
			t.Errorf("%s: %v", target, err)
		}
	}
	if err := send("chat", body, h); err != nil {
		t.Errorf("the original: %v", err)
	}
	if err := send("chat", body, h); err == nil || !strings.Contains(err.Error(), "sent before") {
		t.Errorf("again: %v", err)
	}
	sent := h.Get("X-Slack-Signature")
	for _, same := range []string{"v0=" + strings.ToUpper(strings.TrimPrefix(sent, "v0=")), " " + sent + ",", "v0=00," + sent} {
		h.Set("X-Slack-Signature", same)
		if err := send("chat", body, h); err == nil || !strings.Contains(err.Error(), "sent before") {
			t.Errorf("again, with the signature written as %q: %v", same, err)
		}
	}
	for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
		body, h = s.slack.Pressed(press, time.Now().Add(off))
		if err := send("chat", body, h); err == nil || !strings.Contains(err.Error(), "from now") {
			t.Errorf("%s off: %v", off, err)
		}
	}
	for target, header := range map[string]string{"tracker": "X-Hub-Signature", "pager": "X-PagerDuty-Signature"} {
		for _, h := range []http.Header{{}, {header: {"sha256=00"}}, {"Authorization": {"Bearer no"}}} {
			if err := send(target, []byte(`{}`), h); err == nil || !strings.Contains(err.Error(), "401") {
				t.Errorf("%s with %v: %v", target, h, err)
			}
		}
	}
	if err := send("tracker", []byte(`{"issue":{"key":"X-1"}}`), http.Header{"Authorization": {"Bearer j-s"}}); err != nil {
		t.Errorf("the secret as a bearer token: %v", err)
	}
	if got := s.orders.last(); got != "acknowledge "+anIncident+" by ada" {
		t.Errorf("ordered %q", got)
	}
}

// A response_url is followed to Slack alone, though a signed request has another.
func TestWhispersGoToSlackAlone(t *testing.T) {
	s := newScene(t)
	l := s.desk.lines["chat"]
	for address, fine := range map[string]bool{
		"https://hooks.slack.com/actions/1": true, s.slack.URL + "/response/1": true, "http://hooks.slack.com/1": false,
		"https://hooks.slack.com.example/1": false, "http://169.254.169.254/": false, "://": false,
	} {
		if err := l.slackAddress(address); (err == nil) != fine {
			t.Errorf("%s: %v", address, err)
		}
	}
}

// ticket makes a ticket as the target does, and tells the desk of its delivery.
func (s *scene) ticket(kind schemas.EffectKind, tried time.Time) string {
	s.t.Helper()
	if len(s.jira.Issues()) == 0 {
		body := `{"fields":{"project":{"key":"OPS"},"summary":"x","description":"Pinkstar DLV-1","labels":["pinkstar"]}}`
		r, _ := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.url["tracker"]+"/rest/api/2/issue", strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer jt")
		if resp, err := http.DefaultClient.Do(r); err != nil || resp.StatusCode != http.StatusCreated {
			s.t.Fatal(resp, err)
		}
	}
	s.note(kind, tried)
	return s.jira.Issues()[0].Key
}

func (s *scene) note(kind schemas.EffectKind, tried time.Time) {
	s.t.Helper()
	x := schemas.Delivery{ID: "DLV-" + string(kind), Revision: 1, IncidentID: anIncident, Kind: kind, Target: "tracker:OPS", State: schemas.DeliverySent,
		At: schemas.TimeOf(tried), TriedAt: schemas.TimeOf(tried), Thread: schemas.LabelsOf(map[string]string{message.JiraTicket: "OPS-1"})}
	if err := s.desk.Take(schemas.AppendDelivery(nil, &x)); err != nil {
		s.t.Fatal(err)
	}
}

// pump sends all webhooks of Jira, each twice.
func (s *scene) pump() (answers []string) {
	s.t.Helper()
	for s.jira.Waiting() > 0 {
		for _, forget := range []bool{false, true} {
			answer, err := s.jira.Post(s.t.Context(), http.DefaultClient, s.at+"/reply/tracker", 0, forget)
			if err != nil {
				s.t.Fatal(err)
			}
			answers = append(answers, answer)
		}
	}
	return answers
}

func (s *scene) does(who, what, value, want string) {
	s.t.Helper()
	if err := s.jira.Do("OPS-1", who, what, value); err != nil {
		s.t.Fatal(err)
	}
	answers := s.pump()
	// The second sending has the same key, by which the engine knows it.
	if got := s.orders.last(); got != want && got != want+"; "+want {
		s.t.Errorf("%s, %s %s: ordered %q, want %q; answers %v", who, what, value, got, want, answers)
	}
	if k := slices.Compact(s.orders.keys); len(k) > 1 {
		s.t.Errorf("sent twice, it has the keys %v", k)
	}
	s.orders.keys = nil
}

func TestATicketThatIsMovedIsAnOrder(t *testing.T) {
	s := newScene(t)
	s.ticket(schemas.EffectOpened, time.Now())
	s.pump()
	if got := s.orders.last(); got != "" {
		t.Errorf("its making: %s", got)
	}
	s.does("jada", "status", "In Progress", "acknowledge "+anIncident+" by ada OPS-1 is In Progress")
	s.does("jada", "assignee", "jada", "assign "+anIncident+" ada by ada")
	s.does("zoe", "priority", "Highest", "set_severity "+anIncident+" critical by zoe (tracker)")
	s.does("zoe", "priority", "Whatever", "")
	s.does("zoe", "comment", "it was the disk", "note "+anIncident+" by zoe (tracker) OPS-1: it was the disk")
	s.does("pinkstar", "comment", "Owner. ada is in charge.\n\nPinkstar DLV-7K3M9QX2AB4T", "")
	s.does("jada", "status", "Done", "resolve "+anIncident+" by ada OPS-1 is Done")
	s.orders.inc.Status = schemas.IncidentResolved
	s.does("jada", "status", "In Progress", "reopen "+anIncident+" by ada OPS-1 is In Progress")
	s.does("jeve", "status", "To Do", "") // may only read
	s.does("jada", "status", "Done", "")  // it is over already
	s.orders.inc.Status = schemas.IncidentOpen
	s.does("pinkstar", "status", "In Progress", "") // our own account
	// Of two moves the first comes last: the ticket is asked how it is.
	s.orders.inc.Status = schemas.IncidentOpen
	for _, to := range []string{"Done", "In Progress"} {
		if err := s.jira.Do("OPS-1", "jada", "status", to); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.jira.Post(t.Context(), http.DefaultClient, s.at+"/reply/tracker", 1, true); err != nil {
		t.Fatal(err)
	}
	if s.pump(); s.orders.last() != "acknowledge "+anIncident+" by ada OPS-1 is In Progress" {
		t.Error("what came late was ordered, or what is so was not")
	}
	s.orders.fails = apierror.New(http.StatusServiceUnavailable, "not yet")
	if err := s.jira.Do("OPS-1", "jada", "status", "Done"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.jira.Post(t.Context(), http.DefaultClient, s.at+"/reply/tracker", 0, true); err == nil || !strings.Contains(err.Error(), "503") || s.jira.Waiting() != 1 {
		t.Errorf("what another try can mend is not told so: %v", err)
	}
}

// Where Jira does not say which account is ours, what the deliveries say we wrote
// tells our own doing from a person's.
func TestEchoesAreKnownByWhatWasWritten(t *testing.T) {
	s := newScene(t)
	s.desk.lines["tracker"].jira.asked = s.desk.now() // and the answer was none
	s.ticket(schemas.EffectOpened, time.Now())
	s.pump()
	s.note(schemas.EffectResolved, time.Now())
	s.does("pinkstar", "status", "Done", "")
	s.note(schemas.EffectResolved, time.Now().Add(-time.Hour))
	s.does("jada", "status", "In Progress", "acknowledge "+anIncident+" by ada OPS-1 is In Progress")
	s.note(schemas.EffectOwner, time.Now())
	s.does("pinkstar", "status", "To Do", "")
	s.does("pinkstar", "status", "In Progress", "")
}

func TestAnswersOnThePager(t *testing.T) {
	s := newScene(t)
	trigger := func(action string) {
		body := fmt.Sprintf(`{"routing_key":"R1","event_action":%q,"dedup_key":%q,"payload":{"summary":"x"}}`, action, anIncident)
		resp, err := http.Post(s.url["pager"]+"/v2/enqueue", "application/json", strings.NewReader(body))
		if err != nil || resp.StatusCode != http.StatusAccepted {
			t.Fatal(resp, err)
		}
	}
	post := func() {
		for s.duty.Waiting() > 0 {
			if _, err := s.duty.Post(t.Context(), http.DefaultClient, s.at+"/reply/pager", 0, true); err != nil {
				t.Fatal(err)
			}
		}
	}
	trigger("trigger")
	post()
	for _, c := range []struct{ user, action, to, want string }{
		{"PADA", "acknowledge", "", "acknowledge " + anIncident + " by ada"},
		{"PZOE", "reassign", "PADA", "assign " + anIncident + " ada by Zoe (pager)"},
		{"PADA", "resolve", "", "resolve " + anIncident + " by ada"},
		{"PADA", "reopen", "", "reopen " + anIncident + " by ada"},
	} {
		if err := s.duty.Act(anIncident, c.user, "Zoe", c.action, c.to); err != nil {
			t.Fatal(err)
		}
		post()
		if got := s.orders.last(); got != c.want {
			t.Errorf("%s: ordered %q, want %q", c.action, got, c.want)
		}
	}
	// What comes late changes nothing: it was told since what happened then.
	if err := s.duty.Act(anIncident, "PADA", "Ada", "acknowledge", ""); err != nil {
		t.Fatal(err)
	}
	time.Sleep(5 * time.Millisecond) // times are told to the millisecond
	if err := s.duty.Act(anIncident, "PADA", "Ada", "resolve", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := s.duty.Post(t.Context(), http.DefaultClient, s.at+"/reply/pager", 1, true); err != nil {
		t.Fatal(err)
	}
	if post(); s.orders.last() != "resolve "+anIncident+" by ada" {
		t.Error("an acknowledgement that came late was ordered, or the resolution was not")
	}
	// It is not late for another thing: who is assigned does not say whether it is acknowledged.
	if err := s.duty.Act(anIncident, "PADA", "Ada", "reopen", ""); err != nil {
		t.Fatal(err)
	}
	post()
	s.orders.last()
	for _, action := range []string{"acknowledge", "reassign"} {
		time.Sleep(5 * time.Millisecond) // times are told to the millisecond
		if err := s.duty.Act(anIncident, "PADA", "Ada", action, "PADA"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.duty.Post(t.Context(), http.DefaultClient, s.at+"/reply/pager", 1, true); err != nil {
		t.Fatal(err)
	}
	if post(); s.orders.last() != "assign "+anIncident+" ada by ada; acknowledge "+anIncident+" by ada" {
		t.Error("an acknowledgement that came behind an assignment is lost")
	}
	trigger("trigger")
	trigger("acknowledge") // our own doing comes back
	trigger("resolve")
	post()
	if got := s.orders.last(); got != "" {
		t.Errorf("an echo: %s", got)
	}
}

// A comment is read in one go: what is nested as deep as JSON may be costs no more
// than its length.
func TestCommentsOfAnyDepthAreReadOnce(t *testing.T) {
	const depth, tail = 2000, 64 << 10
	deep := strings.Repeat(`{"content":[`, depth) + `{"text":"` + strings.Repeat("x", tail) + `"}` + strings.Repeat(`]}`, depth)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := documentText(json.RawMessage(deep))
	runtime.ReadMemStats(&after)
	if len(got) != tail {
		t.Errorf("read %d bytes of %d", len(got), tail)
	}
	if took := after.TotalAlloc - before.TotalAlloc; took > 100*uint64(len(deep)) {
		t.Errorf("%d bytes of memory for a comment of %d", took, len(deep))
	}
	for body, want := range map[string]string{
		`"  as it is\n there "`: "as it is\n there",
		`{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"a  b"},{"type":"text","text":"c"}]},"d"]}`: "a b c d",
		`{"content":"x"}`: "", `7`: "", `{`: "",
	} {
		if got := documentText(json.RawMessage(body)); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

// What is remembered is bounded, and the oldest goes.
func TestTheBookIsBounded(t *testing.T) {
	b := newBook()
	b.limit = 100
	for i := range 1000 {
		x := schemas.Delivery{ID: fmt.Sprint("DLV-", i), Revision: 1, IncidentID: fmt.Sprint("INC-", i), Target: "tracker", Kind: schemas.EffectResolved,
			At: schemas.Time(i + 1), TriedAt: schemas.Time(i + 1), Thread: schemas.LabelsOf(map[string]string{message.JiraTicket: fmt.Sprint("OPS-", i)})}
		if err := b.take(schemas.AppendDelivery(nil, &x)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(b.tickets) + len(b.wrote); n > 200 || b.owner("tracker", "OPS-999") != "INC-999" || b.owner("tracker", "OPS-1") != "" {
		t.Errorf("%d are kept, OPS-999 of %q, OPS-1 of %q", n, b.owner("tracker", "OPS-999"), b.owner("tracker", "OPS-1"))
	}
}

// Atlassian's document format is read as the words in it.
func TestDocuments(t *testing.T) {
	doc := `{"type":"doc","version":1,"content":[{"type":"paragraph","content":[{"type":"text","text":"it was"},{"type":"text","text":"the disk"}]},{"type":"paragraph"}]}`
	if got := documentText(json.RawMessage(doc)); got != "it was the disk" {
		t.Errorf("%q", got)
	}
}
