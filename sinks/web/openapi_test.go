package web

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"pinkstar/schemas/apierror"
)

// described is the description that the API serves.
var described = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromData(openAPI)
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

// fits returns what is not as the description says in an answer to r, or nil.
func fits(r *http.Request, w *httptest.ResponseRecorder) error {
	doc, err := described()
	if err != nil {
		return err
	}
	router, err := legacy.NewRouter(doc)
	if err != nil {
		return err
	}
	route, params, err := router.FindRoute(r)
	if err != nil && (w.Code == http.StatusNotFound || w.Code == http.StatusMethodNotAllowed) {
		// The paths that are not served refuse as the others do.
		refused := doc.Components.Responses["Problem"]
		responses := openapi3.NewResponses(openapi3.WithName("default", refused.Value))
		route, err = &routers.Route{Spec: doc, Operation: &openapi3.Operation{Responses: responses}}, nil
	}
	if err != nil {
		return err
	}
	return openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route},
		Status:                 w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
		Options: &openapi3filter.Options{IncludeResponseStatus: true, MultiError: true},
	})
}

// The check of every answer in these tests tells right from wrong.
func TestWhatFitsTheDescription(t *testing.T) {
	const page = `{"incidents":[],"history":{"asked":true,"answered":true}}`
	const refusal = `{"type":"about:blank","title":"Bad Request","status":400,"detail":"x"}`
	for _, c := range []struct {
		path, contentType, body string
		code                    int
		ok                      bool
	}{
		{"/api/v1/incidents", "application/json", page, 200, true},
		{"/api/v1/incidents", "text/plain", page, 200, false},
		{"/api/v1/incidents", "application/json", `{"incidents":[]}`, 200, false},
		{"/api/v1/incidents", "application/json", `{"incidents":[{"id":7}],"history":{"asked":true,"answered":true}}`, 200, false},
		{"/api/v1/incidents", apierror.ContentType, refusal, 400, true},
		{"/api/v1/incidents", "application/json", refusal, 400, false},
		{"/api/v1/incidents", apierror.ContentType, `{"title":"Bad Request"}`, 400, false},
		{"/api/v1/nothing", apierror.ContentType, refusal, 404, true},
		{"/api/v1/nothing", apierror.ContentType, `{}`, 404, false},
		{"/api/v1/nothing", "application/json", page, 200, false},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", c.contentType)
		w.WriteHeader(c.code)
		_, _ = w.WriteString(c.body) // a recorder takes everything
		err := fits(httptest.NewRequest(http.MethodGet, c.path, http.NoBody), w)
		if (err == nil) != c.ok {
			t.Errorf("%s %d %s %s: %v, want it to fit: %v", c.path, c.code, c.contentType, c.body, err, c.ok)
		}
	}
}
