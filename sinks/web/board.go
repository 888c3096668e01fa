package web

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"math"
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

// boardPages are the pages by name, each within the frame.
var boardPages = func() map[string]*template.Template {
	base := template.Must(template.New("").Funcs(template.FuncMap{
		"clock": clockText, "ago": agoText, "cost": costText, "count": countText, "percent": percentText, "chance": chanceText, "bare": bare, "points": pointsText,
		"minutes": minutesText, "lasted": lastedText, "day": dayText, "second": secondText, "unsaid": unsaid, "over": isOver, "in": inFrame, "brief": briefText, "long": longText,
		"seconds": secondsText, "percentage": percentageText, "days": func(d float64) float64 { return d * 24 * 60 }, "len64": func(l []Precedent) int64 { return int64(len(l)) },
	}).ParseFS(boardFiles, "board/*.html"))
	out := map[string]*template.Template{}
	for _, t := range base.Templates() {
		if name, ok := strings.CutPrefix(t.Name(), "page-"); ok {
			out[name] = template.Must(template.Must(base.Clone()).Parse(`{{define "main"}}{{template "page-` + name + `" .}}{{end}}`))
		}
	}
	return out
}()

// boardRoutes are the pages, by their patterns of net/http.
var boardRoutes = []route{
	{method: http.MethodGet, pattern: "/{$}", serve: (*API).boardList, needsView: true},
	{method: http.MethodGet, pattern: "/incidents/{id}", serve: (*API).boardIncident, needsView: true},
	{method: http.MethodPost, pattern: "/incidents/{id}", serve: (*API).boardCommand, needsView: true},
	{method: http.MethodGet, pattern: "/incidents/{id}/postmortem", serve: (*API).boardPostmortem, needsView: true},
	{method: http.MethodGet, pattern: "/why", serve: (*API).boardWhy, needsView: true},
	{method: http.MethodGet, pattern: "/problems", serve: (*API).boardProblems, needsView: true},
	{method: http.MethodGet, pattern: "/problems/{id}", serve: (*API).boardProblem, needsView: true},
	{method: http.MethodPost, pattern: "/problems/{id}", serve: (*API).boardSolve, needsView: true},
	{method: http.MethodGet, pattern: "/actions", serve: (*API).boardActions},
	{method: http.MethodPost, pattern: "/actions", serve: (*API).boardAddAction, needsView: true},
	{method: http.MethodPost, pattern: "/actions/{id}", serve: (*API).boardEndAction},
	{method: http.MethodGet, pattern: "/oncall", serve: (*API).boardOnCall},
	{method: http.MethodGet, pattern: "/changes", serve: (*API).boardCalendar},
	{method: http.MethodGet, pattern: "/messages", serve: (*API).boardMessages},
	{method: http.MethodGet, pattern: "/apart", serve: (*API).boardApart},
	{method: http.MethodGet, pattern: "/uncovered", serve: (*API).boardUncovered},
	{method: http.MethodGet, pattern: "/reports", serve: (*API).boardReports},
	{method: http.MethodGet, pattern: "/reports/{month}", serve: (*API).boardReport},
	{method: http.MethodGet, pattern: "/board/changes", serve: (*API).boardChanges, needsView: true},
}

// place is an entry of the navigation.
type place struct{ Path, Name, Page string }

// boardPlaces are in the order in which somebody who was woken up needs them.
var boardPlaces = []place{
	{"/", "Incidents", "list"}, {"/oncall", "On call", "oncall"}, {"/changes", "Changes", "calendar"}, {"/messages", "Messages", "messages"},
	{"/apart", "In no incident", "apart"}, {"/problems", "Problems", "problems"}, {"/actions", "Actions", "actions"}, {"/uncovered", "No procedure", "uncovered"}, {"/reports", "Reports", "reports"},
}

// boardCSP lets a page load what this server has, and nothing else.
const boardCSP = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Board returns the handler of the pages.
func (a *API) Board() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range slices.Concat(boardRoutes, signInRoutes) {
		mux.Handle(rt.method+" "+rt.pattern, a.page(rt))
	}
	files, err := fs.Sub(boardFiles, "board")
	if err != nil {
		panic("web: " + err.Error()) // it is embedded
	}
	static := http.StripPrefix("/board/", http.FileServerFS(files))
	for _, name := range []string{"board.css", "board.js", "icon.svg"} {
		mux.Handle("GET /board/"+name, static)
	}
	return mux
}

// BoardPaths lists what Board serves, as patterns of net/http.
func BoardPaths() []string {
	paths := []string{"/board/"}
	for _, rt := range slices.Concat(boardRoutes, signInRoutes) {
		if !strings.HasPrefix(rt.pattern, "/board/") && !slices.Contains(paths, rt.pattern) {
			paths = append(paths, rt.pattern)
		}
	}
	return paths
}

// page serves a page, and an error as a page.
func (a *API) page(rt route) http.Handler {
	page := a.measured(rt, a.refusePage)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", boardCSP)
		h.Set("Referrer-Policy", "same-origin")
		h.Set("X-Frame-Options", "DENY")
		page.ServeHTTP(w, r)
	})
}

// refusePage says why there is no page. Who is not let in is led to sign in or
// gets the API's answer, at which a browser asks for a name and a token.
func (a *API) refusePage(w http.ResponseWriter, r *http.Request, err error) {
	f, ok := errors.AsType[*apierror.Error](err)
	if ok && f.Status == http.StatusUnauthorized && a.leadsToSignIn(r) {
		a.toSignIn(w, r)
		return
	}
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
	Places      []place
	Body        any
}

// framed is a part of a page that several pages have, with what it needs of the frame.
type framed struct {
	Frame frame
	Part  any
}

func inFrame(f frame, part any) framed { return framed{f, part} }

// byCookie remembers the name somebody gave on loopback, where it is only a
// signature on paper.
const byCookie = "pinkstar_by"

func (a *API) show(w http.ResponseWriter, r *http.Request, status int, page, title string, body any) error {
	f := frame{Page: page, Title: title, Person: personOf(r), Places: boardPlaces, Body: body}
	if f.Asks = f.Person.Name == Local; f.Asks {
		if c, err := r.Cookie(byCookie); err == nil {
			f.By, _ = url.QueryUnescape(c.Value)
		}
	}
	var out bytes.Buffer
	if err := boardPages[page].ExecuteTemplate(&out, "frame", f); err != nil {
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

// Words and figures of the pages.

func clockText(t schemas.Time) string { return timeText(t, "2006-01-02 15:04") }

// secondText is for stories, where the order within a minute matters.
func secondText(t schemas.Time) string { return timeText(t, "2006-01-02 15:04:05") }

func timeText(t schemas.Time, layout string) string {
	if t == 0 {
		return "–"
	}
	return t.Std().Format(layout)
}

// isOver reports whether nobody needs to act on an incident any more.
func isOver(s schemas.IncidentStatus) bool {
	return s == schemas.IncidentResolved || s == schemas.IncidentClosed
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
	switch likely := likelyCost(&r); {
	case likely <= 0:
		return ""
	case likely < 0.5:
		return strings.TrimSpace("under 1 " + r.Currency)
	}
	digits := strconv.FormatFloat(likelyCost(&r), 'f', 0, 64)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return strings.TrimSpace(digits + " " + r.Currency)
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

// percentageText is a share with as many digits as tell 99.9 from 99.95 %.
func percentageText(share float64) string {
	return strconv.FormatFloat(math.Round(share*1e5)/1e3, 'g', 5, 64) + " %"
}

// secondsText is a span that may not be known, "" then.
func secondsText(s *float64) string {
	if s == nil {
		return ""
	}
	return minutesText(*s / 60)
}

func percentText(thousandths int64) string { return fmt.Sprintf("%d %%", (thousandths+5)/10) }

// pointsText is a score as people read it: they are kept in thousandths.
func pointsText(thousandths int64) string { return fmt.Sprintf("%.2f", float64(thousandths)/1000) }

// unsaid is a name where the text beside it does not have it.
func unsaid(name, text string) string {
	if strings.Contains(text, name) {
		return ""
	}
	return name
}

// minutesText is a duration in minutes as people say it.
func minutesText(m float64) string {
	return schemas.SpanText(int64(math.Round(m * float64(schemas.Minute))))
}

// lastedText is how long something took, "" where it has not ended.
func lastedText(from, to schemas.Time) string {
	if from == 0 || to == 0 {
		return ""
	}
	return schemas.SpanText(max(0, to.Sub(from)))
}

// dayText is a date alone.
func dayText(t schemas.Time) string { return t.Std().Format(time.DateOnly) }

// What a page shows of one text: the API and SQL have all of it.
const (
	briefBytes = 500
	longBytes  = 4_000
)

func briefText(s string) string { return cutText(s, briefBytes) }

func longText(s string) string { return cutText(s, longBytes) }

func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// bare is a word of the contract as people write it.
func bare(v any) string { return strings.ReplaceAll(fmt.Sprint(v), "_", " ") }
