package web

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// historyState says what part the past has in an answer.
type historyState struct {
	Asked    bool   `json:"asked"`
	Answered bool   `json:"answered"`
	Reason   string `json:"reason,omitempty"` // why it was not asked or did not answer
}

type incidentPage struct {
	Incidents []*schemas.Incident `json:"incidents"`
	Next      string              `json:"next,omitempty"` // cursor of the next page
	History   historyState        `json:"history"`
}

func (a *API) listIncidents(w http.ResponseWriter, r *http.Request) error {
	q, err := a.parseQuery(r.URL.Query())
	if err != nil {
		return err
	}
	page := incidentPage{Incidents: []*schemas.Incident{}}
	live := a.view.Incidents(q)
	past, more, state := a.past(r.Context(), q)
	page.History = state
	merged := mergeIncidents(live, past)
	// Beyond the last row of a full page of history lie rows it has not shown
	// yet: live ones after that point belong to a later page.
	cut := len(merged)
	if more != nil {
		at, found := slices.BinarySearchFunc(merged, *more, func(inc *schemas.Incident, p Position) int { return positionOf(inc).compare(p) })
		if cut = at; found {
			cut++
		}
	}
	n := min(cut, q.Limit)
	page.Incidents = append(page.Incidents, withoutLists(merged[:n])...)
	switch {
	case more != nil && n == cut:
		page.Next = encodeCursor(*more)
	case n < len(merged):
		page.Next = encodeCursor(positionOf(merged[n-1]))
	}
	return a.answer(w, http.StatusOK, page)
}

// past asks history for the rows of a page that the view does not hold. more
// is the position of the last row when there are further ones.
func (a *API) past(ctx context.Context, q *Query) (rows []*schemas.Incident, more *Position, state historyState) {
	if !q.needsHistory() {
		return nil, nil, historyState{Reason: "everything asked for is live"}
	}
	if a.history == nil {
		return nil, nil, historyState{Reason: "no ClickHouse is configured: only what is open and the newest closed incidents are shown"}
	}
	ctx, cancel := context.WithTimeout(ctx, a.cfg.HistoryTimeout)
	defer cancel()
	list, err := a.history.Incidents(ctx, *q)
	if err != nil {
		a.pastFailed(ctx, err)
		return nil, nil, historyState{Asked: true, Reason: unavailable(err)}
	}
	if len(list) >= q.Limit && len(list) > 0 {
		p := positionOf(&list[len(list)-1])
		more = &p
	}
	for i := range list {
		if !a.view.holds(list[i].ID) { // else the view has shown it, or knows that it no longer matches
			rows = append(rows, &list[i])
		}
	}
	return rows, more, historyState{Asked: true, Answered: true}
}

// unavailable is what a caller is told: that, and not addresses or credentials
// that a driver's message may hold.
func unavailable(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return "ClickHouse did not answer in time: only what is open and the newest closed incidents are shown"
	}
	return "ClickHouse cannot be asked right now: only what is open and the newest closed incidents are shown"
}

func mergeIncidents(live, past []*schemas.Incident) []*schemas.Incident {
	merged := append(slices.Clone(live), past...)
	sortIncidents(merged)
	return merged
}

// withoutLists leaves out what only the answer about one incident carries.
func withoutLists(list []*schemas.Incident) []*schemas.Incident {
	out := make([]*schemas.Incident, len(list))
	for i, inc := range list {
		short := *inc
		short.Members, short.Timeline = nil, nil
		out[i] = &short
	}
	return out
}

var listParams = []string{"status", "severity", "service", "team", "scope", "since", "until", "parent", "main", "q", "limit", "cursor"}

func (a *API) parseQuery(v url.Values) (*Query, error) {
	if err := known(v, listParams); err != nil {
		return nil, err
	}
	q := &Query{Services: words(v["service"]), Teams: words(v["team"]), Scope: v.Get("scope"), ParentID: v.Get("parent"), Text: v.Get("q")}
	for _, s := range words(v["status"]) {
		st := schemas.IncidentStatus(s)
		if !slices.Contains(incidentStatuses, st) {
			return nil, apierror.BadField("status", "%q is not one of %v", s, incidentStatuses)
		}
		q.Statuses = append(q.Statuses, st)
	}
	for _, s := range words(v["severity"]) {
		sev := schemas.ParseSeverity(s)
		if sev == schemas.SeverityUnknown && s != "unknown" {
			return nil, apierror.BadField("severity", "%q is not a severity: critical, major, warning, info or unknown", s)
		}
		q.Severities = append(q.Severities, sev)
	}
	var err error
	if q.Since, err = timeParam(v, "since"); err != nil {
		return nil, err
	}
	if q.Until, err = timeParam(v, "until"); err != nil {
		return nil, err
	}
	if m := v.Get("main"); m != "" {
		if q.MainOnly, err = strconv.ParseBool(m); err != nil {
			return nil, apierror.BadField("main", "%q is neither true nor false", m)
		}
	}
	if q.Limit, err = a.limitParam(v); err != nil {
		return nil, err
	}
	q.After, err = decodeCursor(v.Get("cursor"))
	return q, err
}

var incidentStatuses = []schemas.IncidentStatus{
	schemas.IncidentOpen, schemas.IncidentAcknowledged, schemas.IncidentMitigated, schemas.IncidentResolved, schemas.IncidentClosed,
}

func (a *API) limitParam(v url.Values) (int, error) {
	s := v.Get("limit")
	if s == "" {
		return a.cfg.PageSize, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > a.cfg.MaxPageSize {
		return 0, apierror.BadField("limit", "%q is not a number from 1 to %d", s, a.cfg.MaxPageSize)
	}
	return n, nil
}

// What a question may say: nobody types more, and each is compared with everything.
const (
	maxParamBytes  = 2_000
	maxParamValues = 100
)

// known refuses parameters with a typing error in them: silently ignored, they
// would answer another question than the one asked. And those that are too long.
func known(v url.Values, names []string) error {
	for name, values := range v {
		if !slices.Contains(names, name) {
			return apierror.BadField(shortened(name), "unknown parameter; known are %s", strings.Join(names, ", "))
		}
		size := 0
		for _, text := range values {
			size += len(text)
		}
		if size > maxParamBytes || len(values) > maxParamValues {
			return apierror.BadField(name, "longer than %d bytes, or there more than %d times", maxParamBytes, maxParamValues)
		}
	}
	return nil
}

// shortened is what somebody sent, as far as an answer repeats it.
func shortened(s string) string { return cutText(s, 100) }

// words splits repeated and comma-separated values.
func words(values []string) []string {
	var out []string
	for _, v := range values {
		for w := range strings.SplitSeq(v, ",") {
			if w = strings.TrimSpace(w); w != "" {
				out = append(out, w)
			}
		}
	}
	return out
}

func timeParam(v url.Values, name string) (schemas.Time, error) {
	s := v.Get(name)
	if s == "" {
		return 0, nil
	}
	t, err := schemas.ParseTime(s)
	if err != nil {
		return 0, apierror.BadField(name, "%v", err)
	}
	return t, nil
}

func encodeCursor(p Position) string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d,%s", int64(p.DetectedAt), p.ID))
}

func decodeCursor(s string) (Position, error) {
	if s == "" {
		return Position{}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	at, id, ok := strings.Cut(string(b), ",")
	ms, numErr := strconv.ParseInt(at, 10, 64)
	if err != nil || !ok || numErr != nil || id == "" {
		return Position{}, apierror.BadField("cursor", "not a cursor of this API; take it from \"next\" of the page before")
	}
	return Position{schemas.Time(ms), id}, nil
}
