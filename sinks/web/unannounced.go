package web

import (
	"context"
	"net/http"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/apierror"
)

// Unannounced counts the changes of a team that began in a month.
type Unannounced struct {
	Month       schemas.Time // its first moment, UTC
	Scope, Team string       // no team: nobody knows whose they are
	Changes     int64        // changes and maintenance that began
	Unannounced int64        // of these, those that nobody announced
	Explaining  int64        // of the unannounced, those that may explain an incident
}

type unannouncedRow struct {
	Month       string `json:"month"` // 2026-10
	Scope       string `json:"scope"`
	Team        string `json:"team"`
	Changes     int64  `json:"changes"`
	Unannounced int64  `json:"unannounced"`
	Explaining  int64  `json:"explaining"`
}

type unannouncedAnswer struct {
	Teams   []unannouncedRow `json:"teams"`
	History historyState     `json:"history"`
}

var unannouncedParams = []string{"month", "scope", "team", "limit"}

// monthForm is how a month is written.
const monthForm = "2006-01"

// unannounced answers which teams changed something that nobody announced: in one
// month, or in this one and the twelve before.
func (a *API) unannounced(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, unannouncedParams); err != nil {
		return err
	}
	now := a.now().UTC()
	to := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
	from := to.AddDate(0, -13, 0)
	if m := v.Get("month"); m != "" {
		var err error
		if from, err = time.ParseInLocation(monthForm, m, time.UTC); err != nil {
			return apierror.BadField("month", "%q is not a month such as 2026-10", m)
		}
		to = from.AddDate(0, 1, 0)
	}
	limit, err := a.limitParam(v)
	if err != nil {
		return err
	}
	ans := unannouncedAnswer{Teams: []unannouncedRow{}}
	ans.History, err = a.calendarAsked(r.Context(), func(ctx context.Context) error {
		list, err := a.history.Unannounced(ctx, schemas.TimeOf(from), schemas.TimeOf(to), v.Get("scope"), v.Get("team"), limit)
		for _, u := range list {
			ans.Teams = append(ans.Teams, unannouncedRow{u.Month.Std().UTC().Format(monthForm), u.Scope, u.Team, u.Changes, u.Unannounced, u.Explaining})
		}
		return err
	})
	if err != nil {
		return err
	}
	return a.answer(w, http.StatusOK, ans)
}
