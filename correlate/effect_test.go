package correlate

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// heardOf says what is wrong with the effects of a log: too much of one incident,
// something twice, something of an incident that is no main one.
func heardOf(set *rules.Set, out *Output) (faults []string) {
	bad := func(e *schemas.Effect, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s %s of %s at %v: ", e.ID, e.Kind, e.IncidentID, e.At)+fmt.Sprintf(format, args...))
	}
	seq, ids := map[string]int64{}, map[string]bool{}
	messages, begun, pages := map[string]map[schemas.Time]int{}, map[string]int64{}, map[string]int64{}
	asked := map[string]bool{}
	for i := range out.Effects {
		e := &out.Effects[i]
		if ids[e.ID] {
			bad(e, "its id is there twice")
		}
		ids[e.ID] = true
		if seq[e.IncidentID]++; e.Seq != seq[e.IncidentID] {
			bad(e, "number %d, want %d", e.Seq, seq[e.IncidentID])
		}
		if e.Seq == 1 {
			if e.Kind != schemas.EffectOpened { // it was open before people were told anything
				begun[e.IncidentID]++
			}
			messages[e.IncidentID] = map[schemas.Time]int{}
		}
		if (e.Head.ParentID != "") != (e.Kind == schemas.EffectLinked) {
			bad(e, "said of one that is part of %q", e.Head.ParentID)
		}
		once := ""
		switch e.Kind {
		case schemas.EffectTicketLink, schemas.EffectTicketUnlink, schemas.EffectWindowEnded: // once for each thing
		case schemas.EffectMailAnnounce, schemas.EffectMailClose:
			once = string(e.Kind)
		case schemas.EffectChangeNotice:
			once = string(e.Kind) + e.SignalID
		case schemas.EffectPage, schemas.EffectEscalated:
			pages[e.IncidentID]++
		case schemas.EffectOpened, schemas.EffectReopened, schemas.EffectUnlinked:
			begun[e.IncidentID]++
			fallthrough
		default:
			messages[e.IncidentID][e.At/schemas.Time(set.Messages.Period)]++
		}
		if once != "" && asked[e.IncidentID+once] {
			bad(e, "it was said before")
		}
		asked[e.IncidentID+once] = true
	}
	for _, id := range slices.Sorted(maps.Keys(messages)) {
		for period, n := range messages[id] { // two periods of the budget may touch one of these
			if n > 2*set.Messages.PerIncident {
				faults = append(faults, fmt.Sprintf("%s: %d messages in period %d", id, n, period))
			}
		}
		if most := 2*3*begun[id] + 1; pages[id] > most { // three steps, a page and a message each
			faults = append(faults, fmt.Sprintf("%s: %d pages, though it began %d times", id, pages[id], begun[id]))
		}
	}
	return faults
}

// Whatever happens, people hear of main incidents alone, of nothing twice, and
// not more than the budget has.
func TestPeopleHearNoMoreThanTheBudget(t *testing.T) {
	set := testRules()
	kinds := map[schemas.EffectKind]int{}
	for seed := uint64(1); seed <= 1+seeds(); seed++ {
		e := New(set, testTopology())
		var out Output
		feed(e, logOf(seed, 1200), &out)
		for _, f := range heardOf(set, &out) {
			t.Errorf("seed %d: %s", seed, f)
		}
		for i := range out.Effects {
			kinds[out.Effects[i].Kind]++
		}
	}
	for _, k := range []schemas.EffectKind{schemas.EffectOpened, schemas.EffectAlertType, schemas.EffectSeverity, schemas.EffectOwner, schemas.EffectPage,
		schemas.EffectEscalated, schemas.EffectMitigated, schemas.EffectResolved, schemas.EffectReopened, schemas.EffectLinked,
		schemas.EffectChangeNotice, schemas.EffectMailAnnounce, schemas.EffectMailClose, schemas.EffectTicketLink, schemas.EffectWindowEnded} {
		if kinds[k] == 0 {
			t.Errorf("no log has an effect %s: %v", k, kinds)
		}
	}
	// The check can fail: the same said again is found.
	var out Output
	feed(New(set, testTopology()), logOf(1, 1500), &out)
	out.Effects = append(out.Effects, out.Effects[0])
	if len(heardOf(set, &out)) == 0 {
		t.Error("an effect that is there twice is not found")
	}
}

// An engine whose rules say nothing to people says nothing, and once they do,
// what was open already is not told as new.
func TestMessagesBeginWithWhatIsNew(t *testing.T) {
	quiet := testRules()
	quiet.Messages.PerIncident = 0
	if err := quiet.Seal(); err != nil {
		t.Fatal(err)
	}
	e := New(quiet, testTopology())
	var out Output
	log := logOf(3, 800)
	for i := range log { // its activations would end the silence
		if log[i].s.Activation != nil {
			log[i].s = &schemas.Signal{Kind: schemas.KindTick}
		}
	}
	feed(e, log, &out)
	if len(out.Effects) > 0 {
		t.Fatalf("%d effects under rules that have none", len(out.Effects))
	}
	open := map[string]bool{}
	for _, sc := range e.st.Order {
		for _, inc := range sc.Live {
			open[inc.Pub.ID] = true
		}
	}
	a := &schemas.Activation{What: schemas.WhatRules, Text: string(testRules().Text)}
	e.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: a}, e.Now(), &out)
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, e.Now().Add(schemas.Hour), &out)
	for i := range out.Effects {
		if x := &out.Effects[i]; x.Kind == schemas.EffectOpened && open[x.IncidentID] {
			t.Errorf("%s was open before people were told anything, and is told as new: %s", x.IncidentID, x.Reason)
		}
	}
	if len(open) == 0 {
		t.Fatal("nothing was open")
	}
}
