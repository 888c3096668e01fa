package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Forms of the pages are the API's commands: they are handed to its routes, under
// their checks.

// form is what a form sends, and which of the API's routes takes it.
type form struct {
	fields  []string          // texts
	numbers []string          // whole numbers
	dates   map[string]string // days, and what they are called in the body
	back    string            // where the path's id is shown; "": where the form says
	action  string            // what was ordered, where no field says it
	named   map[string]string // or by the field status
	to      func(*API, http.ResponseWriter, *http.Request) error
}

// commandFields are what a form may send of a command.
var commandFields = []string{"action", "by", "to", "note", "parent_id", "signal_id", "problem_id"}

// boardCommand takes a command from a form. A page of another site can't send
// one: the door refuses what a browser says comes from there.
func (a *API) boardCommand(w http.ResponseWriter, r *http.Request) error {
	return a.fromForm(w, r, form{fields: commandFields, numbers: []string{"step"}, back: "/incidents/", to: (*API).commandIncident})
}

// boardSolve takes a command about a problem.
func (a *API) boardSolve(w http.ResponseWriter, r *http.Request) error {
	return a.fromForm(w, r, form{fields: commandFields, back: "/problems/", to: (*API).commandProblem})
}

// readForm reads a form within the limit of a command.
func (a *API) readForm(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, a.cfg.MaxBody)
	err := r.ParseForm()
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return apierror.New(http.StatusRequestEntityTooLarge, "a form may have %d bytes", a.cfg.MaxBody)
	}
	if err != nil {
		return apierror.New(http.StatusBadRequest, "the form can't be read: %v", err)
	}
	return nil
}

// fromForm hands a form to the API and leads back to the page.
func (a *API) fromForm(w http.ResponseWriter, r *http.Request, f form) error {
	if err := a.readForm(w, r); err != nil {
		return err
	}
	body, err := f.body(r.PostForm)
	if err != nil {
		return err
	}
	same := r.Clone(r.Context())
	same.Header.Set("Content-Type", schemas.ContentTypeJSON)
	same.Body = io.NopCloser(bytes.NewReader(body))
	if err := f.to(a, discard{http.Header{}}, same); err != nil {
		return err
	}
	if personOf(r).Name == Local {
		// Not Secure: it is a name, on loopback, which has no TLS.
		http.SetCookie(w, &http.Cookie{Name: byCookie, Value: url.QueryEscape(r.PostForm.Get("by")), Path: "/", MaxAge: 30 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // see above
	}
	http.Redirect(w, r, f.after(r), http.StatusSeeOther) //nolint:gosec // to a page of this board alone
	return nil
}

// body is the form as the API takes it.
func (f *form) body(v url.Values) ([]byte, error) {
	out := map[string]any{}
	for _, name := range f.fields {
		if text := strings.TrimSpace(v.Get(name)); text != "" {
			out[name] = text
		}
	}
	for _, name := range f.numbers {
		if text := v.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil {
				return nil, apierror.BadField(name, "%q is not a number", text)
			}
			out[name] = n
		}
	}
	for name, called := range f.dates {
		if text := strings.TrimSpace(v.Get(name)); text != "" {
			day, err := time.Parse(time.DateOnly, text)
			if err != nil {
				return nil, apierror.BadField(name, "%q is not a day such as 2026-12-24", text)
			}
			out[called] = schemas.EndOfDay(day)
		}
	}
	return json.Marshal(out)
}

// after is the page that follows: the one that shows what the form is about, with
// what was ordered.
func (f *form) after(r *http.Request) string {
	action := f.action
	switch {
	case f.named != nil:
		action = f.named[r.PostForm.Get("status")]
	case action == "":
		action = r.PostForm.Get("action")
	}
	if f.back != "" {
		return f.back + url.PathEscape(r.PathValue("id")) + "?done=" + url.QueryEscape(action)
	}
	u, err := url.Parse(ownPage(r.PostForm.Get("back")))
	if err != nil {
		return "/"
	}
	q := u.Query()
	q.Set("done", action)
	return u.Path + "?" + q.Encode() + "#actions"
}

// doneText is the command that was just given, in words.
func doneText(v url.Values) string {
	if done := schemas.Action(v.Get("done")); done.Known() {
		return bare(done)
	}
	return ""
}

// discard takes the API's answer: the page that follows says it.
type discard struct{ h http.Header }

func (d discard) Header() http.Header       { return d.h }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
