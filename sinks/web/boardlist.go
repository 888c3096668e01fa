package web

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// listBody is the page of incidents.
type listBody struct {
	Rows       []*schemas.Incident
	Total      int
	First      int // number of the first row, from 1
	Last       int
	Sort       string
	Statuses   []choice
	Severities []choice
	Service    string
	Team       string
	Parent     string // only what is below this one
	Text       string
	All        bool // those below another too
	Next, Prev string
	Note       string              // why something is missing
	Out        []choice            // states that are left out and have something
	OutLink    string              // to them
	Lately     []*schemas.Incident // what ended last, where nothing particular is asked for
	Columns    []column
	Seen       string // position of the changes that the page shows
}

type choice struct {
	Name  string
	On    bool
	Count int
}

type column struct{ Key, Name, Link, Arrow string }

var boardParams = []string{"status", "severity", "service", "team", "parent", "q", "all", "sort", "page"}

// boardDefault is what a page shows that asks for nothing: what is not over.
var boardDefault = []string{string(schemas.IncidentOpen), string(schemas.IncidentAcknowledged), string(schemas.IncidentMitigated)}

func (a *API) boardList(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, boardParams); err != nil {
		return err
	}
	ask := url.Values{"severity": v["severity"], "service": v["service"], "team": v["team"], "parent": v["parent"], "q": v["q"], "status": v["status"]}
	if len(words(v["status"])) == 0 {
		ask["status"] = boardDefault
	}
	if v.Get("all") == "" && v.Get("parent") == "" {
		ask.Set("main", "true")
	}
	q, err := a.parseQuery(ask)
	if err != nil {
		return err
	}
	b := listBody{Sort: v.Get("sort"), Service: strings.Join(q.Services, ", "), Team: strings.Join(q.Teams, ", "), Parent: q.ParentID, Text: q.Text,
		All: v.Get("all") != "", Seen: a.seen("")} // before anything is read: what comes later is news
	list := a.choices(&b, q)
	b.Total = len(list)
	if b.Sort == "" {
		b.Sort = "severity"
	}
	order, ok := boardOrders[b.Sort]
	if !ok {
		return apierror.BadField("sort", "%q is none of the columns", b.Sort)
	}
	slices.SortFunc(list, func(x, y *schemas.Incident) int {
		return cmp.Or(order(x, y), positionOf(x).compare(positionOf(y))) // equal ones: newest first
	})
	if err := a.turnTo(&b, list, v); err != nil {
		return err
	}
	for _, c := range boardColumns {
		c.Link = with(v, "sort", c.Key)
		if c.Key == b.Sort {
			c.Arrow = " ▾"
		}
		b.Columns = append(b.Columns, c)
	}
	b.leftOut(v)
	if len(v) == 0 {
		b.Lately = a.lately()
	}
	if slices.Contains(q.Statuses, schemas.IncidentClosed) {
		b.Note = "Of closed incidents only the newest are here; SQL (v_incidents) and the API have all."
	}
	return a.show(w, r, http.StatusOK, "list", "Incidents", &b)
}

// leftOut says what the states that are not chosen hide, and leads to it.
func (b *listBody) leftOut(v url.Values) {
	all := url.Values{}
	for k := range v {
		if k != "status" && k != "page" {
			all[k] = v[k]
		}
	}
	for _, s := range b.Statuses {
		if !s.On && s.Count > 0 {
			b.Out = append(b.Out, s)
		}
		all.Add("status", s.Name)
	}
	b.OutLink = "/?" + all.Encode()
}

// latelyRows is how many of those that ended last are shown.
const latelyRows = 5

// lately returns the main incidents that ended last.
func (a *API) lately() []*schemas.Incident {
	list := a.view.matching(&Query{Statuses: []schemas.IncidentStatus{schemas.IncidentResolved, schemas.IncidentClosed}, MainOnly: true})
	slices.SortFunc(list, func(x, y *schemas.Incident) int {
		return cmp.Or(cmp.Compare(y.ResolvedAt, x.ResolvedAt), positionOf(x).compare(positionOf(y)))
	})
	return list[:min(len(list), latelyRows)]
}

// turnTo fills the page that v asks for with its part of list.
func (a *API) turnTo(b *listBody, list []*schemas.Incident, v url.Values) error {
	number, err := pageNumber(v, "page")
	if err != nil {
		return err
	}
	from := min((number-1)*a.cfg.PageSize, len(list))
	b.Rows, b.First = list[from:min(from+a.cfg.PageSize, len(list))], from+1
	if b.Last = from + len(b.Rows); b.Last < len(list) {
		b.Next = with(v, "page", strconv.Itoa(number+1))
	}
	if number > 1 {
		b.Prev = with(v, "page", strconv.Itoa(number-1))
	}
	return nil
}

// with is the address of the same list but for one parameter.
func with(v url.Values, name, value string) string {
	u := url.Values{}
	for k := range v {
		u[k] = v[k]
	}
	if name != "page" {
		u.Del("page")
	}
	u.Set(name, value)
	return "/?" + u.Encode()
}

// choices counts what each filter would show, with the others as they are, and
// returns what passes all of them.
func (a *API) choices(b *listBody, q *Query) (list []*schemas.Incident) {
	any := *q
	any.Statuses, any.Severities = nil, nil
	statuses, severities := map[schemas.IncidentStatus]int{}, map[schemas.Severity]int{}
	for _, inc := range a.view.matching(&any) {
		status := len(q.Statuses) == 0 || slices.Contains(q.Statuses, inc.Status)
		severity := len(q.Severities) == 0 || slices.Contains(q.Severities, inc.Severity)
		if severity {
			statuses[inc.Status]++
		}
		if status {
			severities[inc.Severity]++
		}
		if status && severity {
			list = append(list, inc)
		}
	}
	for _, s := range incidentStatuses {
		b.Statuses = append(b.Statuses, choice{string(s), slices.Contains(q.Statuses, s), statuses[s]})
	}
	for _, s := range boardSeverities {
		name := string(s)
		if s == schemas.SeverityUnknown {
			name = "unknown"
		}
		b.Severities = append(b.Severities, choice{name, slices.Contains(q.Severities, s), severities[s]})
	}
	return list
}

var boardSeverities = []schemas.Severity{schemas.SeverityCritical, schemas.SeverityMajor, schemas.SeverityWarning, schemas.SeverityInfo, schemas.SeverityUnknown}

var boardColumns = []column{
	{Key: "severity", Name: "Severity"}, {Key: "title", Name: "Incident"}, {Key: "status", Name: "State"}, {Key: "owner", Name: "Owner"},
	{Key: "alerts", Name: "Alerts"}, {Key: "started", Name: "Since"}, {Key: "updated", Name: "Last change"}, {Key: "cost", Name: "Cost so far"},
}

// boardOrders are the orders of the list.
var boardOrders = map[string]func(a, b *schemas.Incident) int{
	"severity": func(a, b *schemas.Incident) int { return severityOrder(a) - severityOrder(b) },
	"title":    func(a, b *schemas.Incident) int { return strings.Compare(a.Title, b.Title) },
	"status": func(a, b *schemas.Incident) int {
		return slices.Index(incidentStatuses, a.Status) - slices.Index(incidentStatuses, b.Status)
	},
	"owner":   func(a, b *schemas.Incident) int { return strings.Compare(a.Assignee, b.Assignee) },
	"alerts":  func(a, b *schemas.Incident) int { return int(treeOf(b).Alerts - treeOf(a).Alerts) },
	"started": func(a, b *schemas.Incident) int { return int(b.StartedAt.Sub(a.StartedAt) / schemas.Second) },
	"updated": func(a, b *schemas.Incident) int { return int(b.UpdatedAt.Sub(a.UpdatedAt) / schemas.Second) },
	"cost": func(a, b *schemas.Incident) int {
		return cmp.Compare(likelyCost(&b.Impact), likelyCost(&a.Impact))
	},
}

// severityOrder puts the worst first.
func severityOrder(inc *schemas.Incident) int { return slices.Index(boardSeverities, inc.Severity) }

// treeOf is what an incident and all below it have.
func treeOf(inc *schemas.Incident) schemas.IncidentTree {
	if inc.Tree != nil {
		return *inc.Tree
	}
	return schemas.IncidentTree{Incidents: 1, SignalCount: inc.SignalCount, RepeatCount: inc.RepeatCount, Alerts: inc.AlertCount,
		ActiveAlerts: inc.ActiveAlerts, Services: int64(len(inc.Services)) + inc.ServicesOmitted}
}
