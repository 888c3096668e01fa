package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

type stubExplainer struct{ err error }

func (s stubExplainer) Explain(_ context.Context, _ *View, id, with string) (any, error) {
	return map[string]string{"kind": "signal", "id": id, "with": with}, s.err
}

// blockedExplainer answers when it is let, and says when it was asked and when it
// was cancelled.
type blockedExplainer struct{ entered, let, gone chan struct{} }

func (b blockedExplainer) Explain(ctx context.Context, _ *View, _, _ string) (any, error) {
	b.entered <- struct{}{}
	select {
	case <-b.let:
		return "answer", nil
	case <-ctx.Done():
		b.gone <- struct{}{}
		return nil, ctx.Err()
	}
}

// TestFewQuestionsAtOnce: one is worked on, four wait, the sixth is told to come
// again; one whose caller goes is cancelled and makes room; one that takes too
// long ends.
func TestFewQuestionsAtOnce(t *testing.T) {
	x := blockedExplainer{make(chan struct{}), make(chan struct{}), make(chan struct{}, 1)}
	a := newAPI(t, nil, &memoryProducer{})
	a.SetExplainer(x)
	h := a.Handler()
	ask := func(ctx context.Context) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/incidents/INC-1/explanation?with=INC-2", http.NoBody).WithContext(ctx))
		return w.Code
	}
	ctx, cancel := context.WithCancel(t.Context())
	gone, codes := make(chan int), make(chan int, 10)
	go func() { gone <- ask(ctx) }()
	<-x.entered
	for range 4 {
		go func() { codes <- ask(t.Context()) }()
	}
	for len(a.whyNots.inside) < 5 {
		time.Sleep(time.Millisecond)
	}
	if code := ask(t.Context()); code != http.StatusServiceUnavailable {
		t.Errorf("the sixth: %d", code)
	}
	select {
	case <-x.entered:
		t.Error("two are worked on at once")
	default:
	}
	cancel()
	<-x.gone
	<-gone
	for range 4 {
		<-x.entered
		x.let <- struct{}{}
		if code := <-codes; code != http.StatusOK {
			t.Errorf("one that waited: %d", code)
		}
	}
	a.cfg.ExplainTimeout = time.Millisecond
	go func() { codes <- ask(t.Context()) }()
	<-x.entered
	if code := <-codes; code != http.StatusServiceUnavailable {
		t.Errorf("one that takes too long: %d", code)
	}
	if len(a.whyNots.inside)+len(a.whyNots.work) != 0 {
		t.Error("places are lost")
	}
}

func TestExplanationRoutes(t *testing.T) {
	const signal = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct {
		path string
		x    Explainer
		code int
		says string
	}{
		{"incidents/INC-1/explanation", stubExplainer{}, http.StatusOK, `"id":"INC-1"`},
		{"signals/" + signal + "/explanation?with=INC-2", stubExplainer{}, http.StatusOK, `"with":"INC-2"`},
		{"signals/short/explanation", stubExplainer{}, http.StatusBadRequest, "32 hexadecimal digits"},
		{"incidents/INC-1/explanation?whith=x", stubExplainer{}, http.StatusBadRequest, "whith"},
		{"incidents/INC-1/explanation", stubExplainer{fmt.Errorf("%w: INC-1", ErrUnknown)}, http.StatusNotFound, "INC-1"},
		{"incidents/INC-1/explanation", stubExplainer{errors.New("dial: refused")}, http.StatusServiceUnavailable, "ClickHouse"},
		{"incidents/INC-1/explanation", nil, http.StatusServiceUnavailable, "nobody"},
	} {
		a := newAPI(t, nil, &memoryProducer{})
		a.SetExplainer(c.x)
		w := get(t, a, "/api/v1/"+c.path, c.code, nil)
		if !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s; want %d with %q", c.path, w.Code, w.Body, c.code, c.says)
		}
	}
}
