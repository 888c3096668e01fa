package correlate

import (
	"strconv"
	"testing"

	"pinkstar/schemas"
)

// What a person ordered has that person's name in the story, whatever it is.
func TestTheStoryNamesWhoActed(t *testing.T) {
	naming := schemas.DefaultNaming()
	e := New(nil, nil)
	var out Output
	at := schemas.Time(1_790_000_000_000)
	step := func(s schemas.Signal) *Output {
		t.Helper()
		at = at.Add(10 * schemas.Second)
		s.Source, s.ReceivedAt, s.StartsAt, s.Occurrence = "test", at, at, strconv.FormatInt(int64(at), 10)
		if err := naming.Complete(&s); err != nil {
			t.Fatal(err)
		}
		out.Reset()
		e.Step(&s, at, &out)
		return &out
	}
	opened := step(schemas.Signal{Kind: schemas.KindAlert, Name: "Down", Service: "api", Severity: schemas.SeverityCritical}).Decisions[0].IncidentID
	order := func(c schemas.Command) {
		t.Helper()
		c.By, c.IncidentID = "sam", opened
		o := step(schemas.Signal{Kind: schemas.KindCommand, Name: string(c.Action), Command: &c})
		if o.Decisions[0].Verdict != schemas.VerdictPlaced || len(o.Timeline) == 0 {
			t.Fatalf("%s: %+v, %d lines", c.Action, o.Decisions[0], len(o.Timeline))
		}
		for _, l := range o.Timeline {
			if l.By != "sam" {
				t.Errorf("%s: the line %q of type %s is by %q", c.Action, l.Text, l.Type, l.By)
			}
		}
	}
	order(schemas.Command{Action: schemas.ActionAcknowledge})
	order(schemas.Command{Action: schemas.ActionAssign, To: "kim"})
	order(schemas.Command{Action: schemas.ActionMitigate})
	order(schemas.Command{Action: schemas.ActionNote, Note: "looking"})
	order(schemas.Command{Action: schemas.ActionResolve})
	order(schemas.Command{Action: schemas.ActionReopen})
	order(schemas.Command{Action: schemas.ActionDeclareProblem})
}
