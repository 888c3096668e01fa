package apierror

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestAnErrorIsTheWholeAnswer(t *testing.T) {
	e := &Error{
		Status: http.StatusServiceUnavailable, Detail: "a<b & more",
		Errors: []FieldError{{Field: "alerts[1]", Offset: 12, Detail: "x"}}, Challenges: []string{"Basic", "Bearer"}, RetryAfter: time.Millisecond,
	}
	w := httptest.NewRecorder()
	if err := e.Write(w); err != nil {
		t.Fatal(err)
	}
	if w.Code != 503 || w.Header().Get("Content-Type") != ContentType || w.Header().Get("Retry-After") != "1" ||
		len(w.Header().Values("WWW-Authenticate")) != 2 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	want := `{"type":"about:blank","title":"Service Unavailable","status":503,"detail":"a<b & more","errors":[{"field":"alerts[1]","offset":12,"detail":"x"}]}`
	if got := strings.TrimSpace(w.Body.String()); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if e.Title != "" {
		t.Error("writing changed the error: one of them may be sent from several goroutines")
	}
}

func TestABadFieldNamesItself(t *testing.T) {
	err := fmt.Errorf("wrapped: %w", BadField("limit", "%d is too many", 9))
	e, ok := errors.AsType[*Error](err)
	if !ok || e.Status != 400 || e.Field != "limit" || e.Detail != "limit: 9 is too many" {
		t.Fatalf("%+v", e)
	}
	w := httptest.NewRecorder()
	if err := e.Write(w); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got["field"] != "limit" || w.Header()["Retry-After"] != nil {
		t.Errorf("%v %v %v", got, err, w.Header())
	}
}
