package message

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// jiraStub keeps tickets, and a search that lags behind them.
type jiraStub struct {
	stub
	issues map[string]*jiraTicket
	order  []string
	noMark bool // the screen has no labels
	lag    time.Duration
}

type jiraTicket struct {
	key, text string
	labels    []string
	made      time.Time
	done      bool
	comments  []string
	links     map[string]string // id -> other
}

// jiraLag is how far its search is behind usually, and jiraGrace what the target allows.
const (
	jiraLag   = 60 * time.Millisecond
	jiraGrace = 400 * time.Millisecond
)

func newJiraStub(t *testing.T) (*jiraStub, *httptest.Server) {
	s := &jiraStub{stub: stub{t: t}, issues: map[string]*jiraTicket{}, lag: jiraLag}
	return s, s.serve(s.act)
}

// markOf is the delivery that wrote a text.
func markOf(text string) string {
	_, after, _ := strings.Cut(text, "Pinkstar DLV")
	end := strings.IndexAny(after, `"\ `)
	if end < 0 {
		end = len(after)
	}
	return "DLV" + after[:end]
}

func (s *jiraStub) act(r *http.Request, body []byte) (int, string) {
	if _, token, _ := r.BasicAuth(); token != "jt" {
		return http.StatusUnauthorized, "{}"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(r.URL.Path, "/rest/api/2")
	parts := strings.Split(strings.Trim(path, "/"), "/")
	switch {
	case path == "/issue":
		return s.create(body)
	case path == "/search":
		return s.search(body)
	case path == "/issueLink":
		var l struct {
			InwardIssue, OutwardIssue struct{ Key string }
		}
		s.read(body, &l)
		t := s.issues[l.InwardIssue.Key]
		for _, other := range t.links {
			if other == l.OutwardIssue.Key {
				return http.StatusCreated, ""
			}
		}
		t.links[fmt.Sprint(len(t.links)+1)] = l.OutwardIssue.Key
		return http.StatusCreated, ""
	case parts[0] == "issueLink":
		for _, t := range s.issues {
			delete(t.links, parts[1])
		}
		return http.StatusNoContent, ""
	}
	t := s.issues[parts[1]]
	if t == nil {
		return http.StatusNotFound, "{}"
	}
	return s.one(r, t, parts[2:], body)
}

func (s *jiraStub) read(body []byte, v any) {
	if err := json.Unmarshal(body, v); err != nil {
		s.t.Errorf("%v: %s", err, body)
	}
}

func (s *jiraStub) create(body []byte) (int, string) {
	var in struct {
		Fields struct {
			Summary, Description string
			Labels               []string
			Project              struct{ Key string }
		}
	}
	s.read(body, &in)
	if in.Fields.Project.Key != "OPS" {
		return http.StatusBadRequest, `{"errors":{"project":"valid project is required"}}`
	}
	if s.noMark && len(in.Fields.Labels) > 0 {
		return http.StatusBadRequest, `{"errors":{"labels":"Field 'labels' cannot be set. It is not on the appropriate screen, or unknown."}}`
	}
	if len(in.Fields.Summary) > 255 || strings.ContainsAny(in.Fields.Summary, "\n\r") {
		return http.StatusBadRequest, `{"errors":{"summary":"must be one line of at most 255 characters"}}`
	}
	t := &jiraTicket{key: fmt.Sprint("OPS-", len(s.order)+1), text: in.Fields.Description, labels: in.Fields.Labels, made: time.Now(), links: map[string]string{}}
	s.issues[t.key] = t
	s.order = append(s.order, t.key)
	s.took = append(s.took, effect{markOf(t.text), "issue", t.text})
	return http.StatusCreated, fmt.Sprintf(`{"id":"1","key":%q}`, t.key)
}

// search knows the two questions that the target asks.
func (s *jiraStub) search(body []byte) (int, string) {
	var in struct{ JQL string }
	s.read(body, &in)
	var keys []string
	for _, k := range s.order {
		t := s.issues[k]
		if time.Since(t.made) < s.lag {
			continue
		}
		for _, l := range t.labels {
			if strings.HasSuffix(in.JQL, fmt.Sprintf("labels = %q", l)) {
				keys = append(keys, fmt.Sprintf(`{"key":%q}`, k))
			}
		}
		if mark := markOf(t.text); strings.Contains(in.JQL, "text ~") && strings.Contains(in.JQL, mark) {
			keys = append(keys, fmt.Sprintf(`{"key":%q}`, k))
		}
	}
	return http.StatusOK, `{"issues":[` + strings.Join(keys, ",") + `]}`
}

func (s *jiraStub) one(r *http.Request, t *jiraTicket, rest []string, body []byte) (int, string) {
	category := map[bool]string{true: "done", false: "indeterminate"}
	switch {
	case len(rest) == 0:
		links := make([]string, 0, len(t.links))
		for id, other := range t.links {
			links = append(links, fmt.Sprintf(`{"id":%q,"outwardIssue":{"key":%q}}`, id, other))
		}
		return http.StatusOK, fmt.Sprintf(`{"fields":{"status":{"statusCategory":{"key":%q}},"issuelinks":[%s]}}`, category[t.done], strings.Join(links, ","))
	case rest[0] == "comment" && r.Method == http.MethodPost:
		var c struct{ Body string }
		s.read(body, &c)
		t.comments = append(t.comments, c.Body)
		s.took = append(s.took, effect{markOf(c.Body), "comment", c.Body})
		return http.StatusCreated, `{"id":"1"}`
	case rest[0] == "comment":
		list := make([]string, len(t.comments))
		for i, c := range t.comments {
			b, _ := json.Marshal(c)
			list[i] = `{"body":` + string(b) + `}`
		}
		return http.StatusOK, `{"comments":[` + strings.Join(list, ",") + `]}`
	case r.Method == http.MethodPost:
		t.done = strings.Contains(string(body), `"31"`)
		return http.StatusNoContent, ""
	default:
		return http.StatusOK, `{"transitions":[{"id":"21","name":"Work on it","to":{"statusCategory":{"key":"indeterminate"}}},{"id":"31","name":"Close","to":{"statusCategory":{"key":"done"}}}]}`
	}
}
