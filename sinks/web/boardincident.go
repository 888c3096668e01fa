package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// How much of an incident one page shows. A storm has thousands of members; what
// a person reads is the beginning, and where the rest is.
const (
	pageMembers  = 100
	pageTimeline = 200
	pageChildren = 50
	fewMembers   = 50 // up to so many, who joined is told in the timeline too
)

// incidentBody is the page of one incident.
type incidentBody struct {
	incidentAnswer
	Tree        schemas.IncidentTree
	Done        string // a command that was just given
	Active      bool   // takes commands
	Severities  []schemas.Severity
	Rows        []memberRow
	Common      schemas.Labels // that all alerts of the page have
	First, Last int            // numbers of the first and last thing of the page
	All         int64          // things there are
	Next, Prev  string         // addresses of other pages of members
	Call        *schemas.EscalationStep
	Brief       bool   // the timeline leaves out who joined
	Seen        string // position of the changes that the page shows
	Over        bool
	Roots       []schemas.SuspectedRoot // those that have a share to speak of
	Due, Told   []schemas.Notice        // who must be told now, and who was to be
	Sent        []choice                // messages by state
	Unsent      bool                    // some of them did not arrive, so far
	Actions     actionsPart
}

// memberRow is a member as the page shows it.
type memberRow struct {
	Member
	Differs schemas.Labels // labels that not all alerts of the page have
}

var incidentParams = []string{"done", "members", "timeline"}

func (a *API) boardIncident(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, incidentParams); err != nil {
		return err
	}
	number, err := pageNumber(v, "members")
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	seen := a.seen(id) // before anything is read: what comes later is news
	l := look{things: true, from: (number - 1) * pageMembers, members: pageMembers, timeline: pageTimeline, children: pageChildren}
	if inc, ok := a.view.Incident(id); ok && v.Get("timeline") != "all" && treeOf(inc).SignalCount > fewMembers {
		l.without = []string{"joined"}
	}
	ans, err := a.incident(r.Context(), id, l)
	if err != nil {
		return err
	}
	inc := ans.Incident
	b := incidentBody{incidentAnswer: *ans, Tree: treeOf(inc), Seen: seen, Brief: len(l.without) > 0, Severities: boardSeverities[:4],
		Active: inc.Status != schemas.IncidentClosed && personOf(r).Role >= Act}
	b.Done, b.Actions = doneText(v), a.actionsOf(r, ActionQuery{IncidentID: inc.ID})
	b.tell()
	b.members(v, number)
	if inc.EscalatesAt != 0 && inc.Procedure != nil {
		if i := slices.IndexFunc(inc.Procedure.Escalation, func(s schemas.EscalationStep) bool { return s.CalledAt == 0 }); i >= 0 {
			b.Call = &inc.Procedure.Escalation[i]
		}
	}
	slices.SortStableFunc(b.Children, func(x, y *schemas.Incident) int { return severityOrder(x) - severityOrder(y) })
	return a.show(w, r, http.StatusOK, "incident", inc.Title, &b)
}

// tell puts what the incident says into what a person needs of it now.
func (b *incidentBody) tell() {
	inc := b.Incident
	b.Over = isOver(inc.Status)
	for i, root := range inc.Roots {
		if i == 0 || root.Score >= 10 { // what reads as 0 % is no suspicion
			b.Roots = append(b.Roots, root)
		}
	}
	for _, n := range inc.Notices {
		if b.Over || n.Answer != "" || !underWay(inc, n.SignalID) {
			b.Told = append(b.Told, n)
		} else {
			b.Due = append(b.Due, n)
		}
	}
	for _, s := range deliveryStates {
		n := 0
		for i := range b.Messages {
			if b.Messages[i].State == s {
				n++
			}
		}
		if n > 0 {
			b.Sent = append(b.Sent, choice{Name: string(s), Count: n})
			b.Unsent = b.Unsent || slices.Contains(deliveryStates[:4], s)
		}
	}
}

// underWay reports whether the change that a notice is about goes on, for all that
// is known.
func underWay(inc *schemas.Incident, signal string) bool {
	for _, c := range slices.Concat(inc.Candidates, inc.Also) {
		if c.SignalID == signal {
			return c.InProgress
		}
	}
	return true
}

// Step is the number of a step as people count.
func (incidentBody) Step(i int) int { return i + 1 }

// members fills in the rows, and the way to the others.
func (b *incidentBody) members(v url.Values, number int) {
	b.Common = commonLabels(b.Members)
	for _, m := range b.Members {
		b.Rows = append(b.Rows, memberRow{m, differing(&m, b.Common)})
	}
	b.All = b.all
	b.First = (number-1)*pageMembers + 1
	b.Last = b.First + len(b.Rows) - 1
	at := func(n int) string {
		u := url.Values{"members": {strconv.Itoa(n)}}
		if t := v.Get("timeline"); t != "" {
			u.Set("timeline", t)
		}
		return "?" + u.Encode() + "#members"
	}
	if int64(b.Last) < b.All {
		b.Next = at(number + 1)
	}
	if number > 1 {
		b.Prev = at(number - 1)
	}
}

// commonLabels are the labels that every alert among members has, with the same
// value.
func commonLabels(members []Member) schemas.Labels {
	var common schemas.Labels
	n := 0
	for _, m := range members {
		if m.Kind != schemas.KindAlert || len(m.Labels) == 0 {
			continue
		}
		if n++; n == 1 {
			common = slices.Clone(m.Labels)
			continue
		}
		common = slices.DeleteFunc(common, func(l schemas.Label) bool { return !slices.Contains(m.Labels, l) })
	}
	if n < 2 {
		return nil // one alone has nothing in common
	}
	return common
}

// differing are m's labels that are neither in common nor shown in its row anyway.
func differing(m *Member, common schemas.Labels) schemas.Labels {
	return slices.DeleteFunc(slices.Clone(m.Labels), func(l schemas.Label) bool {
		return slices.Contains(common, l) || slices.Contains([]string{m.Name, m.Service, m.Instance, string(m.Severity)}, l.Value)
	})
}

// pageNumber is the number of a page in a parameter, from 1.
func pageNumber(v url.Values, name string) (int, error) {
	s := v.Get(name)
	if s == "" {
		return 1, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, apierror.BadField(name, "%q is not a page's number", s)
	}
	return n, nil
}

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

// fromForm hands a form to the API and leads back to the page.
func (a *API) fromForm(w http.ResponseWriter, r *http.Request, f form) error {
	r.Body = http.MaxBytesReader(w, r.Body, a.cfg.MaxBody)
	if err := r.ParseForm(); err != nil {
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return apierror.New(http.StatusRequestEntityTooLarge, "a form may have %d bytes", a.cfg.MaxBody)
		}
		return apierror.New(http.StatusBadRequest, "the form can't be read: %v", err)
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
