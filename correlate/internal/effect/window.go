package effect

import (
	"slices"
	"strings"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Left is how many alerts that a window held back fire in a main incident now.
type Left struct {
	Incident *state.Incident
	Alerts   int64
}

// Foremost is the incident in which what is said of the window stands: the one with
// the most of it, the first of several.
func Foremost(left []Left) *state.Incident {
	most := left[0]
	for _, x := range left {
		if x.Alerts > most.Alerts {
			most = x
		}
	}
	return most.Incident
}

// WindowOver is when ch was over, 0 when it was cancelled, moved or narrowed now.
func WindowOver(ch *state.Change, now schemas.Time) schemas.Time {
	if ch.Status != schemas.StatusCancelled && ch.EndsAt != 0 && ch.EndsAt <= now {
		return ch.EndsAt
	}
	return 0
}

// listed bounds how many other incidents a text names.
const listed = 5

// WindowText says why ch no longer holds back alerts that fire, seen from the
// incident where most of them are.
func WindowText(ch *state.Change, now schemas.Time, left []Left) string {
	why := " covers less now"
	switch {
	case ch.Status == schemas.StatusCancelled:
		why = " was cancelled"
	case ch.Status == schemas.StatusFinished || WindowOver(ch, now) != 0:
		why = " is over"
	case ch.StartsAt > now:
		why = " was moved"
	}
	at, all := Foremost(left), int64(0)
	var where []string
	for _, x := range left {
		all += x.Alerts
		if x.Incident == at {
			where = slices.Insert(where, 0, phrase.Itoa(x.Alerts)+" here")
		} else {
			where = append(where, phrase.Itoa(x.Alerts)+" in "+x.Incident.Pub.ID)
		}
	}
	text := ch.Title + why + ", with " + phrase.Plural(all, "alert") + " that it held back still firing"
	if len(left) == 1 {
		return text + " here"
	}
	if more := len(where) - 1 - listed; more > 0 {
		where = append(where[:1+listed], "the others in "+phrase.Plural(int64(more), "more incident"))
	}
	return text + ": " + strings.Join(where, ", ")
}

// WindowEnded returns what is said, once, of a window that no longer holds back what
// fires: in the incident where most of it is, to all that hear of one of them.
func WindowEnded(st *state.State, ch *state.Change, left []Left) ([]schemas.Effect, state.Talk) {
	main := Foremost(left)
	s := &Speaker{st: st, inc: main, tr: treeOf(main), talk: main.Talk.Clone()}
	e := s.effect(schemas.EffectWindowEnded, ch.ID.String(), WindowText(ch, st.Now, left))
	e.SignalID, e.To.Team = ch.ID.String(), ch.Team
	e.Change = &schemas.Candidate{SignalID: e.SignalID, Kind: state.KindNames[ch.Kind], Title: ch.Title, Team: ch.Team,
		Status: ch.Status, StartedAt: ch.StartsAt, EndsAt: ch.EndsAt}
	if len(ch.Services) > 0 {
		e.Change.Service = ch.Services[0]
	}
	to := append(channels(st, s.tr), teamChannels(st, ch.Team)...)
	for _, x := range left {
		if x.Incident != main && len(to) < targetsCap {
			to = append(to, channels(st, treeOf(x.Incident))...)
		}
	}
	slices.Sort(to)
	to = slices.Compact(to)
	e.To.Targets = to[:min(len(to), targetsCap)]
	s.say(e)
	return s.out, s.talk
}
