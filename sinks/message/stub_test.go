package message

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// stub is another system as its documentation has it, which misbehaves when it
// has faults.
type stub struct {
	t      *testing.T
	mu     sync.Mutex
	faults *rand.Rand
	took   []effect // what took effect, in order
}

// effect is what a message did there.
type effect struct{ key, what, text string }

// misbehave has it fail by chance from now on.
func (s *stub) misbehave(seed uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = rand.New(rand.NewPCG(seed, 1))
}

func (s *stub) effects(key string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, e := range s.took {
		if e.key == key {
			n++
		}
	}
	return n
}

// trouble is what happens to a request.
type trouble int

const (
	none trouble = iota
	tooMany
	unavailable
	broken       // 500, before any effect
	lost         // the connection breaks behind the effect
	lostBefore   // the connection breaks without an effect
	malformed    // the effect, and an answer that can't be read
	hangs        // the effect, and no answer in time
	unauthorized // a token that is just being changed
	troubles
)

func (s *stub) trouble() trouble {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults == nil || s.faults.IntN(2) == 0 {
		return none
	}
	return trouble(s.faults.IntN(int(troubles)))
}

// serve answers over HTTP: act has the effect and returns the answer.
func (s *stub) serve(act func(r *http.Request, body []byte) (status int, answer string)) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			s.t.Error(err)
		}
		how := s.trouble()
		switch how {
		case tooMany:
			w.Header().Set("Retry-After", "1")
			http.Error(w, "slow down", http.StatusTooManyRequests)
			return
		case unavailable:
			http.Error(w, "later", http.StatusServiceUnavailable)
			return
		case broken:
			http.Error(w, "<html>oops", http.StatusInternalServerError)
			return
		case unauthorized:
			http.Error(w, "who are you?", http.StatusUnauthorized)
			return
		case lostBefore:
			panic(http.ErrAbortHandler)
		}
		status, answer := act(r, body)
		switch how {
		case lost:
			panic(http.ErrAbortHandler)
		case malformed:
			answer = `{"ok":`
		case hangs:
			<-r.Context().Done()
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	s.t.Cleanup(srv.Close)
	return srv
}

// slackStub keeps one channel: messages with ts below a second, threads, edits,
// metadata.
type slackStub struct {
	stub
	posts []*slackPost
}

type slackPost struct {
	TS       string          `json:"ts"`
	Thread   string          `json:"thread_ts,omitempty"`
	Text     string          `json:"text"`
	Metadata json.RawMessage `json:"metadata,omitempty"`
	blocks   string
	loud     bool
	edits    int
}

func newSlackStub(t *testing.T) (*slackStub, *httptest.Server) {
	s := &slackStub{stub: stub{t: t}}
	return s, s.serve(s.act)
}

func slackNo(why string) (int, string) {
	return http.StatusOK, fmt.Sprintf(`{"ok":false,"error":%q}`, why)
}

func (s *slackStub) act(r *http.Request, body []byte) (int, string) {
	form := map[string]string{}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if err := json.Unmarshal(body, &form); err != nil {
			s.t.Error(err)
		}
	} else {
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		if err := r.ParseForm(); err != nil {
			s.t.Error(err)
		}
		for k := range r.Form {
			form[k] = r.Form.Get(k)
		}
	}
	if r.Header.Get("Authorization") != "Bearer xoxb-1" && form["token"] != "xoxb-1" {
		return slackNo("invalid_auth")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.URL.Path {
	case "/chat.postMessage":
		return s.post(form)
	case "/chat.update":
		for _, p := range s.posts {
			if p.TS == form["ts"] {
				p.Text, p.blocks, p.edits = form["text"], form["blocks"], p.edits+1
				p.Metadata = json.RawMessage(form["metadata"])
				return http.StatusOK, fmt.Sprintf(`{"ok":true,"channel":"C1","ts":%q,"text":""}`, p.TS)
			}
		}
		return slackNo("message_not_found")
	case "/conversations.list":
		return http.StatusOK, `{"ok":true,"channels":[{"id":"C0","name":"other"},{"id":"C1","name":"ops"}]}`
	case "/conversations.history", "/conversations.replies":
		return s.list(form, strings.HasSuffix(r.URL.Path, "replies"))
	}
	return http.StatusNotFound, ""
}

func (s *slackStub) post(form map[string]string) (int, string) {
	if form["channel"] != "C1" && form["channel"] != "#ops" {
		return slackNo("channel_not_found")
	}
	var blocks []any
	if form["blocks"] != "" {
		if err := json.Unmarshal([]byte(form["blocks"]), &blocks); err != nil || len(blocks) > 50 {
			return slackNo("invalid_blocks")
		}
	}
	p := &slackPost{TS: fmt.Sprintf("%d.%06d", time.Now().Unix(), len(s.posts)+1), Thread: form["thread_ts"], Text: form["text"],
		Metadata: json.RawMessage(form["metadata"]), blocks: form["blocks"], loud: form["reply_broadcast"] == "true"}
	s.posts = append(s.posts, p)
	var meta struct {
		Payload struct{ Key string } `json:"event_payload"`
	}
	if err := json.Unmarshal(p.Metadata, &meta); err != nil {
		s.t.Error(err)
	}
	s.took = append(s.took, effect{meta.Payload.Key, "post", p.Text})
	return http.StatusOK, fmt.Sprintf(`{"ok":true,"channel":"C1","ts":%q}`, p.TS)
}

func (s *slackStub) list(form map[string]string, thread bool) (int, string) {
	from, _ := strconv.Atoi(form["cursor"])
	var all []*slackPost
	for _, p := range s.posts {
		in := p.Thread == ""
		if thread {
			in = p.TS == form["ts"] || p.Thread == form["ts"]
		}
		if in && p.TS >= form["oldest"] {
			all = append(all, p)
		}
	}
	const page = 10
	next := ""
	if from+page < len(all) {
		next = strconv.Itoa(from + page)
	}
	b, err := json.Marshal(all[min(from, len(all)):min(from+page, len(all))])
	if err != nil {
		s.t.Error(err)
	}
	return http.StatusOK, fmt.Sprintf(`{"ok":true,"messages":%s,"has_more":%t,"response_metadata":{"next_cursor":%q}}`, b, next != "", next)
}

// mailStub is a mail server. A message with a known Message-ID is one that its
// reader does not see twice.
type mailStub struct {
	stub
	mails []string
}

func newMailStub(t *testing.T) (*mailStub, string) {
	s := &mailStub{stub: stub{t: t}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(func() { l.Close(); wg.Wait() })
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.talk(c) })
		}
	})
	return s, l.Addr().String()
}

func (s *mailStub) talk(c net.Conn) {
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	how := s.trouble()
	say := func(line string) { fmt.Fprintf(c, "%s\r\n", line) }
	if how == unavailable {
		say("421 too busy")
		return
	}
	say("220 stub")
	in := bufio.NewReader(c)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		switch verb := strings.ToUpper(strings.Fields(line + " x")[0]); verb {
		case "EHLO":
			say("250-stub\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME")
		case "MAIL", "RCPT", "RSET", "NOOP", "HELO":
			switch {
			case verb == "RCPT" && strings.Contains(line, "nobody@"):
				say("550 5.1.1 no such user")
			case verb == "RCPT" && how == tooMany:
				say("451 4.7.1 greylisted")
			default:
				say("250 ok")
			}
		case "DATA":
			say("354 go on")
			var b strings.Builder
			for {
				l, err := in.ReadString('\n')
				if err != nil || l == ".\r\n" {
					break
				}
				b.WriteString(l)
			}
			if how == broken {
				say("451 4.3.0 disk")
				continue
			}
			s.keep(b.String())
			if how == lost || how == hangs {
				return
			}
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("502 what?")
		}
	}
}

func (s *mailStub) keep(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mails = append(s.mails, text)
	_, id, _ := strings.Cut(text, "Message-ID: <")
	key, _, _ := strings.Cut(id, ".")
	for _, e := range s.took { // a reader sees it once
		if e.key == key {
			return
		}
	}
	s.took = append(s.took, effect{key, "mail", text})
}
