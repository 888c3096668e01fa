package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// The board: pages for people over the same view, roles and commands as the API.

//go:embed board
var boardFiles embed.FS

var boardPages = template.Must(template.New("").Funcs(template.FuncMap{
	"clock": clockText, "ago": agoText, "cost": costText, "count": countText, "percent": percentText, "chance": chanceText, "bare": bare, "points": pointsText,
}).ParseFS(boardFiles, "board/*.html"))

// boardRoutes are the pages, by their patterns of net/http.
var boardRoutes = []route{
	{http.MethodGet, "/{$}", (*API).boardList, true},
	{http.MethodGet, "/incidents/{id}", (*API).boardIncident, true},
	{http.MethodPost, "/incidents/{id}", (*API).boardCommand, true},
	{http.MethodGet, "/problems", (*API).boardProblems, true},
	{http.MethodGet, "/problems/{id}", (*API).boardProblem, true},
	{http.MethodGet, "/board/changes", (*API).boardChanges, true},
}

// boardCSP lets a page load what this server has, and nothing else.
const boardCSP = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Board returns the handler of the pages.
func (a *API) Board() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range boardRoutes {
		mux.Handle(rt.method+" "+rt.pattern, a.page(rt))
	}
	files, err := fs.Sub(boardFiles, "board")
	if err != nil {
		panic("web: " + err.Error()) // it is embedded
	}
	static := http.StripPrefix("/board/", http.FileServerFS(files))
	for _, name := range []string{"board.css", "board.js"} {
		mux.Handle("GET /board/"+name, static)
	}
	return mux
}

// BoardPaths lists what Board serves, as patterns of net/http.
func BoardPaths() []string {
	return []string{"/{$}", "/incidents/{id}", "/problems", "/problems/{id}", "/board/"}
}

// page serves a page, and an error as a page.
func (a *API) page(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		rec := &recorder{ResponseWriter: w, code: http.StatusOK}
		w.Header().Set("Content-Security-Policy", boardCSP)
		w.Header().Set("Referrer-Policy", "same-origin")
		w.Header().Set("X-Frame-Options", "DENY")
		if err := a.serve(rt, rec, r); err != nil {
			a.refusePage(rec, r, err)
		}
		a.requests.WithLabelValues(rt.pattern, codeText(rec.code)).Inc()
		a.seconds.WithLabelValues(rt.pattern).Observe(time.Since(started).Seconds())
	})
}

// refusePage says why there is no page. Who is not let in gets the API's answer,
// at which a browser asks for a name and a token.
func (a *API) refusePage(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := errors.AsType[*apierror.Error](err)
	if !ok || f.Status == http.StatusUnauthorized || r.Context().Err() != nil {
		a.refuse(w, r, err)
		return
	}
	if f.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	}
	if err := a.show(w, r, f.Status, "refused", "Not possible", struct{ Why string }{f.Error()}); err != nil {
		a.refuse(w, r, err)
	}
}

// frame is what every page has around its own part.
type frame struct {
	Page, Title string
	Person      Person
	Asks        bool // nobody is asked who they are: commands need a name
	By          string
	Body        any
}

// byCookie remembers the name somebody gave on loopback, where it is only a
// signature on paper.
const byCookie = "pinkstar_by"

func (a *API) show(w http.ResponseWriter, r *http.Request, status int, page, title string, body any) error {
	f := frame{Page: page, Title: title, Person: personOf(r), Body: body}
	if f.Asks = f.Person.Name == Local; f.Asks {
		if c, err := r.Cookie(byCookie); err == nil {
			f.By, _ = url.QueryUnescape(c.Value)
		}
	}
	var out bytes.Buffer
	if err := boardPages.ExecuteTemplate(&out, "frame", f); err != nil {
		return fmt.Errorf("page %s: %w", page, err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := out.WriteTo(w); err != nil {
		a.log.Debug().Err(err).Msg("page not delivered")
	}
	return nil
}

// incidentBody is the page of one incident.
type incidentBody struct {
	incidentAnswer
	Tree   schemas.IncidentTree
	Done   string // a command that was just given
	Active bool   // takes commands
}

func (a *API) boardIncident(w http.ResponseWriter, r *http.Request) error {
	if err := known(r.URL.Query(), []string{"done"}); err != nil {
		return err
	}
	ans, err := a.incident(r, r.PathValue("id"))
	if err != nil {
		return err
	}
	inc := ans.Incident
	b := incidentBody{incidentAnswer: *ans, Tree: treeOf(inc), Active: inc.Status != schemas.IncidentClosed && personOf(r).Role >= Act}
	if done := r.URL.Query().Get("done"); slices.Contains(schemas.Actions, schemas.Action(done)) {
		b.Done = bare(done)
	}
	return a.show(w, r, http.StatusOK, "incident", inc.Title, &b)
}

// boardCommand takes a command from a form. A page of another site can't send
// one: the door refuses what a browser says comes from there.
func (a *API) boardCommand(w http.ResponseWriter, r *http.Request) error {
	r.Body = http.MaxBytesReader(w, r.Body, a.cfg.MaxBody)
	if err := r.ParseForm(); err != nil {
		return apierror.New(http.StatusBadRequest, "the form can't be read: %v", err)
	}
	body := map[string]string{}
	for _, name := range []string{"action", "by", "to", "note", "parent_id"} {
		if v := strings.TrimSpace(r.PostForm.Get(name)); v != "" {
			body[name] = v
		}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	same := r.Clone(r.Context())
	same.Header.Set("Content-Type", schemas.ContentTypeJSON)
	same.Body = io.NopCloser(bytes.NewReader(text))
	if err := a.commandIncident(discard{http.Header{}}, same); err != nil {
		return err
	}
	if personOf(r).Name == Local {
		// Not Secure: it is a name, on loopback, which has no TLS.
		http.SetCookie(w, &http.Cookie{Name: byCookie, Value: url.QueryEscape(body["by"]), Path: "/", MaxAge: 30 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteStrictMode}) //nolint:gosec // see above
	}
	http.Redirect(w, r, "/incidents/"+url.PathEscape(r.PathValue("id"))+"?done="+url.QueryEscape(body["action"]), http.StatusSeeOther)
	return nil
}

// discard takes the API's answer: the page that follows says it.
type discard struct{ h http.Header }

func (d discard) Header() http.Header       { return d.h }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func (a *API) boardProblems(w http.ResponseWriter, r *http.Request) error {
	return a.show(w, r, http.StatusOK, "problems", "Problems", a.view.Problems())
}

func (a *API) boardProblem(w http.ResponseWriter, r *http.Request) error {
	p, ok := a.view.Problem(r.PathValue("id"))
	if !ok {
		return apierror.New(http.StatusNotFound, "there is no problem %q", r.PathValue("id"))
	}
	return a.show(w, r, http.StatusOK, "problem", p.Title, p)
}

// Words and figures of the pages.

func clockText(t schemas.Time) string {
	if t == 0 {
		return "–"
	}
	return t.Std().Format("2006-01-02 15:04:05")
}

// agoText is how long ago t was by now: log time of the newest thing the page
// shows would stand still, so the page's own clock goes on in the browser.
func agoText(t schemas.Time) string {
	if t == 0 {
		return "–"
	}
	return t.Std().Format(time.RFC3339)
}

func costText(r schemas.ImpactRange) string {
	if likelyCost(&r) <= 0 {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%.0f %s", likelyCost(&r), r.Currency))
}

func likelyCost(r *schemas.ImpactRange) float64 { return r.LostRevenue.Likely + r.Cost.Likely }

func countText(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// chanceText is a probability as people say it.
func chanceText(p float64) string { return fmt.Sprintf("%.0f %%", 100*p) }

func percentText(thousandths int64) string { return fmt.Sprintf("%d %%", (thousandths+5)/10) }

// pointsText is a score as people read it: they are kept in thousandths.
func pointsText(thousandths int64) string { return fmt.Sprintf("%.2f", float64(thousandths)/1000) }

// bare is a word of the contract as people write it.
func bare(v any) string { return strings.ReplaceAll(fmt.Sprint(v), "_", " ") }
