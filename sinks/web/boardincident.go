package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// How much of an incident one page shows. A storm has thousands of members; what
// a person reads is the beginning, and where the rest is.
const (
	pageMembers  = 100
	pageTimeline = 200
	pageChildren = 50
	pageLabels   = 30
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
	return a.show(w, r, http.StatusOK, "incident", briefText(inc.Title), &b)
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
	common := commonLabels(b.Members)
	b.Common = common[:min(len(common), pageLabels)]
	for _, m := range b.Members {
		b.Rows = append(b.Rows, memberRow{m, differing(&m, common)})
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
	out := slices.DeleteFunc(slices.Clone(m.Labels), func(l schemas.Label) bool {
		return slices.Contains(common, l) || slices.Contains([]string{m.Name, m.Service, m.Instance, string(m.Severity)}, l.Value)
	})
	return out[:min(len(out), pageLabels)]
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
