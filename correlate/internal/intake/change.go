package intake

import (
	"hash/fnv"
	"io"
	"slices"
	"strconv"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// OnChange takes what is told of a change or a maintenance window.
func (in *Intake) OnChange(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	key := state.KeyOf(s.Source, s.Fingerprint)
	ch := sc.ByKey[key]
	fresh := ch == nil
	if fresh {
		if len(sc.Changes) >= in.Rules.Limits.Changes {
			in.Stats.Limited++
			in.Refuse(r, s, "limits.changes: "+phrase.Itoa(int64(len(sc.Changes)))+" changes and windows are held already")
			return
		}
		ch = &state.Change{Key: key, Seq: in.NextSeq(), Scope: sc, Kind: r.Kind, ID: r.ID}
	}
	begun := ch.StartsAt
	if err := in.setChange(sc, ch, s); err != "" {
		in.Refuse(r, s, err)
		if !fresh { // what its newest text says is not known: it suppresses nothing
			ch.Suppress = false
			in.recheck(ch)
		}
		return
	}
	ch.Text, ch.Told, ch.ToldAt = textOf(s), r.ID, in.At
	in.countChange(sc, ch, fresh, begun)
	if fresh {
		sc.AddChange(ch)
	} else {
		sc.IndexChange(ch)
	}
	in.scheduleChange(ch)
	inc := in.Explain(ch)
	w := &evidence.Reason{Text: changeText(ch, inc), Service: firstOf(ch.Services)}
	if n := in.settle(sc, s); n > 0 {
		w.Text = phrase.Itoa(int64(n)) + " of its windows are no longer in it and suppress nothing from now on"
	}
	in.Decide(r, s, state.Placed, inc, w)
	if inc != nil {
		in.Count(inc)
	}
	in.recheck(ch)
}

// countChange notes what comes to services anyway. Some systems tell of every
// deployment of a service under one name: one that began later is another.
func (in *Intake) countChange(sc *state.Scope, ch *state.Change, fresh bool, begun schemas.Time) {
	if ch.AsSent || ch.Status == schemas.StatusCancelled && fresh {
		return // a silence is no work
	}
	if state.KindNames[ch.Kind] == schemas.KindMaintenance {
		if fresh {
			sc.Maintained.Happened(ch.Services, in.Now)
		}
		return
	}
	if fresh || ch.StartsAt > begun && ch.Status == schemas.StatusStarted {
		sc.Deployed.Happened(ch.Services, in.Now)
	}
}

// changeNews reports whether s, a text about a window or change that was told
// before, is another one than is in force. Many calendars change a window and
// leave its sequence number, so its identity, as it was: the newest text counts.
func (in *Intake) changeNews(s *schemas.Signal, r *state.SeenSignal) bool {
	ch := r.Scope.ByKey[state.KeyOf(s.Source, s.Fingerprint)]
	if ch == nil { // forgotten, or never taken
		if s.Kind != schemas.KindMaintenance || s.EndsAt <= in.Now || isOver(s.Status) {
			return false
		}
		if r.Verdict == state.Refused {
			_, err := rules.ParseMatchers(matchersOf(s))
			return err == nil && in.Scopes[s.Scope] == r.Scope && len(r.Scope.Changes) < in.Rules.Limits.Changes
		}
		return true
	}
	if textOf(s) == ch.Text {
		return false
	}
	// A peer tells the text before the one in force a moment later.
	return ch.Told == r.ID || in.At.Sub(ch.ToldAt) > int64(in.Rules.Lifecycle.PeerDelay)
}

func matchersOf(s *schemas.Signal) []string {
	if s.Change == nil {
		return nil
	}
	return s.Change.Matchers
}

func isOver(s schemas.Status) bool {
	return s == schemas.StatusFinished || s == schemas.StatusCancelled
}

// textOf is a digest of what a signal says of its window or change. It is part
// of the state, so it is the same in every process.
func textOf(s *schemas.Signal) uint64 {
	h := fnv.New64a()
	say := func(parts ...string) {
		for _, p := range parts {
			_, _ = io.WriteString(h, strconv.Itoa(len(p))) // a hash never fails
			_, _ = io.WriteString(h, ":"+p)
		}
	}
	say(string(s.Kind), string(s.Status), s.Name, s.Service, s.Team, phrase.Itoa(int64(s.StartsAt)), phrase.Itoa(int64(s.EndsAt)))
	if c := s.Change; c != nil {
		say(c.Type, c.Version, c.By, c.Contact, strconv.FormatBool(c.Suppress), strconv.Itoa(len(c.Services)))
		say(c.Services...)
		say(c.Matchers...)
		if len(c.Sets)+len(c.Complete) > 0 {
			say(c.Sets...)
			say(c.Complete...)
			say(c.Members...)
		}
	}
	return h.Sum64()
}

func firstOf(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

func changeText(ch *state.Change, inc *state.Incident) string {
	switch {
	case inc != nil && ch.Status == schemas.StatusCancelled:
		return "candidate cause of " + inc.Pub.ID + "; it was cancelled or rolled back"
	case inc != nil:
		return "candidate cause of " + inc.Pub.ID
	case ch.Status == schemas.StatusCancelled:
		return "noted: it was cancelled"
	case ch.Suppress:
		return "noted: alerts it covers are expected while it lasts"
	default:
		return "noted: explains nothing that is open"
	}
}

// setChange takes what s says of ch: the newest text counts. It returns why it
// can't be read, "" when it can.
func (in *Intake) setChange(sc *state.Scope, ch *state.Change, s *schemas.Signal) string {
	m, err := rules.ParseMatchers(matchersOf(s))
	if err != nil {
		return "change.matchers: " + err.Error()
	}
	ch.Status = s.Status
	if ch.Title == "" || s.Name != "" {
		ch.Title = s.Name
	}
	if s.Team != "" || ch.Team == "" {
		ch.Team = in.Strings.Of(s.Team)
	}
	in.setChangeTimes(ch, s)
	names := []string{}
	sub := identity.About(in.State, sc, s)
	if sub.Service != "" {
		names = append(names, sub.Service)
	}
	identity.Release(sc, &sub)
	if c := s.Change; c != nil {
		ch.Contact, ch.By, ch.Suppress = c.Contact, c.By, c.Suppress
		for _, name := range c.Services {
			if n := in.Topology.LookupNonEmpty(name); n >= 0 {
				name = in.Topology.Nodes[n].Name
			}
			if name != "" && !slices.Contains(names, name) {
				names = append(names, in.Strings.Of(name))
			}
		}
		ch.Matchers, ch.Texts, ch.AsSent = m, c.Matchers, c.Type == "silence"
		ch.Undoes = c.Type == "rollback" || c.Type == "revert"
		ch.Sets = c.Sets
	}
	// The news that something ended often names no service; a window covers
	// what its newest text names and nothing else.
	if len(names) > 0 || len(ch.Services) == 0 || ch.Suppress && !isOver(s.Status) {
		ch.Services = names
	}
	if ch.Team == "" && len(ch.Services) > 0 {
		if n := in.Topology.Exact(ch.Services[0]); n >= 0 {
			ch.Team = in.Topology.Nodes[n].Service.Team
		}
	}
	return ""
}

// setChangeTimes takes the times of a signal about ch. The news that it ended
// often carries only its own time: the start that is known stays.
func (in *Intake) setChangeTimes(ch *state.Change, s *schemas.Signal) {
	if !isOver(ch.Status) || ch.StartsAt == 0 {
		if s.StartsAt != 0 {
			ch.StartsAt = s.StartsAt
		}
		ch.EndsAt = s.EndsAt
		return
	}
	ch.StartsAt = min(ch.StartsAt, s.StartsAt)
	if ch.EndsAt = s.EndsAt; ch.EndsAt == 0 {
		ch.EndsAt = max(s.StartsAt, ch.StartsAt)
	}
}

// scheduleChange sets when the window ends and when ch is too old to explain.
func (in *Intake) scheduleChange(ch *state.Change) {
	if !isOver(ch.Status) && ch.EndsAt != 0 && ch.EndsAt != ch.EndAt {
		ch.EndAt = ch.EndsAt
		in.SetTimer(ch.EndAt, state.WindowEndDue, nil, ch)
		if ch.EndAt <= in.Now {
			ch.EndAt = in.Now.Add(1) // no timer is set in the past
		}
	}
	last := max(ch.StartsAt, ch.EndsAt, in.Now)
	if forget := last.Add(int64(in.Rules.Correlation.ChangeLookBack)); forget != ch.EvictAt {
		ch.EvictAt = forget
		in.SetTimer(forget, state.ChangeEvictionDue, nil, ch)
	}
}

// EvictChange: ch is too old to explain anything.
func (in *Intake) EvictChange(ch *state.Change) {
	if ch.Running(in.Now) && ch.EndsAt == 0 && in.Now.Sub(ch.StartsAt) < int64(in.Rules.Lifecycle.MaxLifetime) {
		ch.EvictAt = in.Now.Add(int64(in.Rules.Correlation.ChangeLookBack))
		in.SetTimer(ch.EvictAt, state.ChangeEvictionDue, nil, ch)
		return
	}
	ch.Evicted = true
	ch.Scope.DropChange(ch)
	in.recheck(ch)
}
