package backtest

import (
	"fmt"
	"strings"
	"testing"

	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

const t0 = schemas.Time(1_790_000_000_000)

type past struct {
	t   *testing.T
	log *history.Log
	n   int
}

func (p *past) add(seconds int64, s schemas.Signal) string {
	p.t.Helper()
	p.n++
	s.ReceivedAt, s.StartsAt = t0.Add(seconds*schemas.Second), t0.Add(seconds*schemas.Second)
	s.Occurrence = fmt.Sprint(p.n)
	naming := schemas.DefaultNaming()
	if err := naming.Complete(&s); err != nil {
		p.t.Fatal(err)
	}
	if err := p.log.Add(&s, s.ReceivedAt, 0); err != nil {
		p.t.Fatal(err)
	}
	return s.ID
}

func (p *past) login(seconds int64, service string) string {
	p.t.Helper()
	return p.add(seconds, schemas.Signal{Kind: schemas.KindAlert, Source: "t", Status: schemas.StatusFiring,
		Labels: schemas.LabelsOf(map[string]string{"alertname": "Login", "service": service, "realm": "r1"})})
}

func (p *past) command(seconds int64, c schemas.Command) {
	p.t.Helper()
	c.By = "ona"
	p.add(seconds, schemas.Signal{Kind: schemas.KindCommand, Source: "ops", Name: string(c.Action), Command: &c})
}

func ruleSet(t *testing.T, window string) *rules.Set {
	t.Helper()
	s, err := rules.Parse("rules", fmt.Appendf(nil, "rules:\n  - {name: by-realm, match: ['realm!=\"\"'], by: [realm], window: %s}\n", window))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func compare(t *testing.T, p *past, old, new *rules.Set) *Report {
	t.Helper()
	r, err := Compare(t.Context(), p.log, Options{Old: Side{Name: "old", Rules: old}, New: Side{Name: "new", Rules: new}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// narrow keeps the two logins apart, wide groups them.
func twoLogins(t *testing.T) (p *past, a, b string, narrow, wide *rules.Set) {
	p = &past{t: t, log: &history.Log{}}
	return p, p.login(0, "sso"), p.login(720, "idp"), ruleSet(t, "10m"), ruleSet(t, "15m")
}

func groupOfSignal(t *testing.T, p *past, set *rules.Set, id string) string {
	t.Helper()
	r, err := p.log.Play(t.Context(), history.Setup{Rules: set})
	if err != nil {
		t.Fatal(err)
	}
	return r.Decisions.Get(id).IncidentID
}

func TestSameRulesDifferInNothing(t *testing.T) {
	p, _, _, narrow, _ := twoLogins(t)
	r := compare(t, p, narrow, narrow)
	if !r.Same() || r.Differing != 0 || r.Old.Incidents != 2 || r.Old.Compression != 1 {
		t.Errorf("%+v", r)
	}
}

func TestJoinedAndSplit(t *testing.T) {
	p, a, b, narrow, wide := twoLogins(t)
	r := compare(t, p, narrow, wide)
	if r.Same() || r.ByKind["joined"] != 1 || r.Old.Incidents != 2 || r.New.Incidents != 1 || r.New.Compression != 2 {
		t.Fatalf("%+v", r)
	}
	d := r.Differences[0]
	if d.First.SignalID != b || !strings.Contains(d.First.New.Reason, "by-realm") || len(d.First.New.Evidence) == 0 || len(d.Old) != 2 || len(d.New) != 1 {
		t.Errorf("first turn of %s, want %s: %+v", d.First.SignalID, b, d)
	}
	if back := compare(t, p, wide, narrow); back.ByKind["split"] != 1 || back.Differences[0].First.SignalID != b {
		t.Errorf("the other way round: %+v", back)
	}
	_ = a
}

func TestVerdictsAndGone(t *testing.T) {
	p, _, _, narrow, _ := twoLogins(t)
	quiet, err := rules.Parse("rules", []byte("rules:\n  - {name: q, match: ['alertname=\"Login\"'], action: suppress}\n"))
	if err != nil {
		t.Fatal(err)
	}
	r := compare(t, p, narrow, quiet)
	if r.ByKind["gone"] != 2 || len(r.Verdicts) != 1 || r.Verdicts[0].Count != 2 || r.New.Incidents != 0 {
		t.Errorf("%+v", r)
	}
}

// A link by hand is the truth: the rules that would have made it are better.
func TestAgreementWithALink(t *testing.T) {
	p, a, b, narrow, wide := twoLogins(t)
	p.command(800, schemas.Command{Action: schemas.ActionLinkParent, IncidentID: groupOfSignal(t, p, narrow, b), ParentID: groupOfSignal(t, p, narrow, a)})
	r := compare(t, p, narrow, wide)
	if r.Corrections.N() != 1 || r.Old.Against.MustPairs != 1 || r.Old.Against.MustKept != 0 || r.New.Against.MustKept != 1 {
		t.Fatalf("%+v %+v %+v", r.Corrections, r.Old.Against, r.New.Against)
	}
	if r.Worse() || r.New.Against.BF != 1 || r.Old.Against.BF >= 1 || r.Old.Against.Signals != 2 {
		t.Errorf("old %+v, new %+v", r.Old.Against, r.New.Against)
	}
	// Compared the other way round the ids make sense under the new side only.
	back := compare(t, p, wide, narrow)
	if !back.Worse() || back.Corrections.N() != 1 {
		t.Errorf("%+v", back)
	}
	var b2 strings.Builder
	if err := r.WriteText(&b2); err != nil || !strings.Contains(b2.String(), "N = 1") || !strings.Contains(b2.String(), "1 joined") {
		t.Errorf("%v\n%s", err, b2.String())
	}
}

// A split is the truth: the rules that put the two together are worse. What
// was corrected must not make a rule set look better than it was.
func TestAgreementWithASplit(t *testing.T) {
	p, _, b, narrow, wide := twoLogins(t)
	p.command(800, schemas.Command{Action: schemas.ActionMove, SignalID: b})
	r := compare(t, p, wide, narrow)
	if r.Corrections.N() != 1 || r.Old.Against.CannotPairs != 1 || r.Old.Against.CannotKept != 0 || r.New.Against.CannotKept != 1 || r.Worse() {
		t.Fatalf("%+v %+v %+v", r.Corrections, r.Old.Against, r.New.Against)
	}
	if r.Old.Against.BP >= 1 || r.New.Against.BP != 1 {
		t.Errorf("B-cubed: old %+v, new %+v", r.Old.Against, r.New.Against)
	}
}

func TestCorrectionsTakenBackAreVoid(t *testing.T) {
	p, a, b, narrow, _ := twoLogins(t)
	ia, ib := groupOfSignal(t, p, narrow, a), groupOfSignal(t, p, narrow, b)
	p.command(800, schemas.Command{Action: schemas.ActionLinkParent, IncidentID: ib, ParentID: ia})
	p.command(810, schemas.Command{Action: schemas.ActionUnlinkParent, IncidentID: ib})
	p.command(820, schemas.Command{Action: schemas.ActionUnlinkParent, IncidentID: "INC-NOSUCHTHING1"})
	r := compare(t, p, narrow, narrow)
	if r.Corrections.Void != 2 || r.Corrections.N() != 1 || r.Old.Against.MustPairs != 0 || r.Old.Against.CannotPairs != 1 || r.Old.Against.CannotKept != 1 {
		t.Errorf("%+v %+v", r.Corrections, r.Old.Against)
	}
}
