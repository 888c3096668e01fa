package correlate

import (
	"bytes"
	"testing"

	"pinkstar/schemas"
)

// An action is added, also to an incident that has closed, and done once; whatever
// is ordered of one that is not open is refused with the reason.
func TestActionsOfPostMortems(t *testing.T) {
	e, out := New(nil, nil), Output{}
	give := func(c schemas.Command, occurrence string) schemas.Decision {
		t.Helper()
		out.Reset()
		c.By = "ona"
		e.Step(completed(&schemas.Signal{Kind: schemas.KindCommand, Source: "api", Occurrence: occurrence, ReceivedAt: e.Now().Add(schemas.Second), Command: &c}), max(e.Now(), t0).Add(schemas.Second), &out)
		return out.Decisions[len(out.Decisions)-1]
	}
	due := t0.Add(7 * schemas.Day)
	if d := give(schemas.Command{Action: schemas.ActionAddItem, IncidentID: "INC-GONE00000000", Note: "alert on the queue", To: "kim", DueAt: due}, "1"); d.Verdict != schemas.VerdictPlaced || len(out.Actions) != 1 {
		t.Fatalf("%+v, %d actions", d, len(out.Actions))
	}
	a := out.Actions[0]
	if a.Status != schemas.ActionOpen || a.Owner != "kim" || a.DueAt != due || a.What != "alert on the queue" || a.CreatedBy != "ona" || a.Revision != 1 {
		t.Errorf("%+v", a)
	}
	if d := give(schemas.Command{Action: schemas.ActionAddItem, Note: ""}, "2"); d.Verdict != schemas.VerdictRefused || len(out.Actions) != 0 {
		t.Errorf("an action of nothing: %+v", d)
	}
	back, err := Restore(bytes.NewReader(snapshotOf(t, e)))
	if err != nil {
		t.Fatal(err)
	}
	e = back
	if d := give(schemas.Command{Action: schemas.ActionFinishItem, ActionID: a.ID, Note: "released"}, "3"); d.Verdict != schemas.VerdictPlaced || len(out.Actions) != 1 {
		t.Fatalf("%+v", d)
	}
	if b := out.Actions[0]; b.ID != a.ID || b.Status != schemas.ActionDone || b.Revision != 2 || b.EndedBy != "ona" || b.Note != "released" || b.What != a.What || b.DueAt != due {
		t.Errorf("%+v", b)
	}
	for n, id := range []string{a.ID, "ACT-NONE"} {
		if d := give(schemas.Command{Action: schemas.ActionDropItem, ActionID: id}, "4"+string(rune('0'+n))); d.Verdict != schemas.VerdictRefused || len(out.Actions) != 0 {
			t.Errorf("%s: %+v", id, d)
		}
	}
}
