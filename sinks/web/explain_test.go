package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

type stubExplainer struct{ err error }

func (s stubExplainer) Explain(_ context.Context, _ *View, id, with string) (any, error) {
	return map[string]string{"id": id, "with": with}, s.err
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
		w := httptest.NewRecorder()
		a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/"+c.path, http.NoBody))
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s; want %d with %q", c.path, w.Code, w.Body, c.code, c.says)
		}
	}
}
