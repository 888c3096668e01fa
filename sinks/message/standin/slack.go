package standin

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Slack has as many channels as are written to.
type Slack struct {
	Token, Secret string
	URL           string // under which it is reached: response URLs are below
	// Channels are there from the beginning, by their names; what is written to besides
	// is added. A channel's id is C and its place.
	Channels []string

	mu       sync.Mutex
	posts    []*Post
	whispers []string
	dialog   string // that was opened last: its view, as JSON
	pressed  int
}

// Post is a message.
type Post struct {
	Channel, TS, Thread string
	Text                string // as last edited
	Blocks              string
	Metadata            json.RawMessage
	Edits               int
	Broadcast           bool // a reply that the channel hears of
}

// ServeHTTP implements http.Handler.
func (s *Slack) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasPrefix(r.URL.Path, "/response/") {
		var in struct{ Text string }
		if read(w, r, &in) {
			s.whispers = append(s.whispers, in.Text)
			answer(w, http.StatusOK, "ok")
		}
		return
	}
	form := map[string]string{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		var all map[string]json.RawMessage
		if !read(w, r, &all) {
			return
		}
		for k, v := range all {
			if form[k] = string(v); json.Unmarshal(v, new(string)) == nil {
				form[k] = strings.Trim(string(v), `"`)
			}
		}
	} else {
		_ = r.ParseForm() // what can't be read is not there
		for k := range r.Form {
			form[k] = r.Form.Get(k)
		}
	}
	if r.Header.Get("Authorization") != "Bearer "+s.Token && form["token"] != s.Token {
		answer(w, http.StatusOK, `{"ok":false,"error":"invalid_auth"}`)
		return
	}
	switch r.URL.Path {
	case "/chat.postMessage":
		s.post(w, form)
	case "/chat.update":
		s.edit(w, form)
	case "/views.open":
		s.dialog = form["view"]
		answer(w, http.StatusOK, `{"ok":true,"view":{"id":"V1"}}`)
	case "/conversations.history", "/conversations.replies":
		s.list(w, form, strings.HasSuffix(r.URL.Path, "replies"))
	case "/conversations.list":
		var list []string
		for i, name := range s.Channels {
			list = append(list, fmt.Sprintf(`{"id":"C%d","name":%q}`, i+1, strings.TrimPrefix(name, "#")))
		}
		answer(w, http.StatusOK, `{"ok":true,"channels":[%s]}`, strings.Join(list, ","))
	default:
		answer(w, http.StatusOK, `{"ok":false,"error":"unknown_method"}`)
	}
}

// channel is the name of a channel and its id.
func (s *Slack) channel(named string) (name, id string) {
	i := slices.Index(s.Channels, named)
	if n := 0; i < 0 {
		if _, err := fmt.Sscanf(named, "C%d", &n); err == nil && n > 0 && n <= len(s.Channels) {
			i = n - 1
		} else {
			s.Channels = append(s.Channels, named)
			i = len(s.Channels) - 1
		}
	}
	return s.Channels[i], fmt.Sprint("C", i+1)
}

func (s *Slack) post(w http.ResponseWriter, form map[string]string) {
	name, id := s.channel(form["channel"])
	p := &Post{Channel: name, TS: fmt.Sprintf("%d.%06d", time.Now().Unix(), len(s.posts)+1), Thread: form["thread_ts"], Text: form["text"],
		Blocks: form["blocks"], Metadata: json.RawMessage(form["metadata"]), Broadcast: form["reply_broadcast"] == "true"}
	s.posts = append(s.posts, p)
	answer(w, http.StatusOK, `{"ok":true,"channel":%q,"ts":%q}`, id, p.TS)
}

func (s *Slack) edit(w http.ResponseWriter, form map[string]string) {
	for _, p := range s.posts {
		if p.TS == form["ts"] {
			p.Text, p.Blocks, p.Metadata, p.Edits = form["text"], form["blocks"], json.RawMessage(form["metadata"]), p.Edits+1
			answer(w, http.StatusOK, `{"ok":true,"channel":%q,"ts":%q,"text":""}`, form["channel"], p.TS)
			return
		}
	}
	answer(w, http.StatusOK, `{"ok":false,"error":"message_not_found"}`)
}

func (s *Slack) list(w http.ResponseWriter, form map[string]string, thread bool) {
	name, _ := s.channel(form["channel"])
	var all []string
	for _, p := range s.posts {
		in := p.Thread == ""
		if thread {
			in = p.TS == form["ts"] || p.Thread == form["ts"]
		}
		if in && p.Channel == name && p.TS >= form["oldest"] {
			all = append(all, string(object(map[string]any{"ts": p.TS, "thread_ts": p.Thread, "text": p.Text, "metadata": p.Metadata})))
		}
	}
	answer(w, http.StatusOK, `{"ok":true,"messages":[%s],"has_more":false,"response_metadata":{"next_cursor":""}}`, strings.Join(all, ","))
}

// Posts returns what was posted.
func (s *Slack) Posts() []Post {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]Post, len(s.posts))
	for i, p := range s.posts {
		out[i] = *p
	}
	return out
}

// Whispers returns what was told to one person alone.
func (s *Slack) Whispers() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.whispers)
}

// Dialog returns the dialog that was opened last, as JSON.
func (s *Slack) Dialog() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dialog
}

// Press is what a member does to a message: the button it presses, and the person it
// chooses.
type Press struct{ Member, Block, Button, Chosen string }

// Pressed is the request that Slack makes of it, signed at that time.
func (s *Slack) Pressed(p Press, at time.Time) (body []byte, h http.Header) {
	s.mu.Lock()
	s.pressed++
	n := s.pressed
	s.mu.Unlock()
	return s.interaction(at, map[string]any{
		"type": "block_actions", "user": map[string]string{"id": p.Member}, "trigger_id": fmt.Sprint("T", n), "response_url": s.URL + "/response/1",
		"actions": []any{map[string]any{"type": "button", "action_id": p.Button, "block_id": p.Block, "action_ts": fmt.Sprintf("%d.%06d", at.Unix(), n), "selected_user": p.Chosen}},
	})
}

// Sent is the request that Slack makes when a member sends a dialog with these
// values, each the text or the choice of the input of that name.
func (s *Slack) Sent(member, callback, incident string, values map[string]string, at time.Time) (body []byte, h http.Header) {
	s.mu.Lock()
	s.pressed++
	n := s.pressed
	s.mu.Unlock()
	state := map[string]any{}
	for name, v := range values {
		state[name] = map[string]any{name: map[string]any{"value": v, "selected_option": map[string]string{"value": v}}}
	}
	return s.interaction(at, map[string]any{
		"type": "view_submission", "user": map[string]string{"id": member},
		"view": map[string]any{"id": fmt.Sprint("V", n), "callback_id": callback, "private_metadata": incident, "state": map[string]any{"values": state}},
	})
}

func (s *Slack) interaction(at time.Time, payload map[string]any) ([]byte, http.Header) {
	body := url.Values{"payload": {string(object(payload))}}.Encode()
	stamp := fmt.Sprint(at.Unix())
	h := header(map[string]string{"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + hexHMAC(s.Secret, "v0:"+stamp+":"+body)})
	h.Set("Content-Type", "application/x-www-form-urlencoded")
	return []byte(body), h
}

// Send makes a request of Slack's to url and returns its answer.
func (s *Slack) Send(ctx context.Context, c *http.Client, url string, body []byte, h http.Header) (string, error) {
	return send(ctx, c, url, body, h)
}
