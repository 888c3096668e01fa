package correlate

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/problem"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
	"pinkstar/schemas"
)

// freeze adds snapshots of the present format to testdata/released, if it has
// none, and describes those that have no description. It is for the day on which
// a format is released; what is there is never to change.
var freeze = flag.Bool("freeze", false, "add snapshots of the present format to testdata/released")

// formatOf is the number of a snapshot's format: the byte after its magic.
func formatOf(snap []byte) int { return int(snap[len("pinkstar engine")]) }

func freezeFormat(t *testing.T) {
	t.Helper()
	for i, seed := range []uint64{5, 9} {
		e, log := New(testRules(), testTopology()), logOf(seed, 700*(i+1))
		var out Output
		feed(e, log, &out)
		snap := snapshotOf(t, e)
		name := fmt.Sprintf("testdata/released/format%d-%d.snapshot.gz", formatOf(snap), i+1)
		if _, err := os.Stat(name); os.IsNotExist(err) {
			zip(t, name, string(snap))
		}
	}
}

// reworded puts sentences as they were when the descriptions were written: what
// is held is numbers, and told in today's words.
var reworded = strings.NewReplacer("the incident, with what is linked to it, has ", "the incident has ",
	"with what is linked to it, it affects ", "it affects ", " of it, or of what is linked to it, still firing", " of it still firing",
	" from the first or latest start there", " between the starts",
	"the same alert is in it already", "the same alert is still firing there", "no alert here is seen to recover", "no alert here ever recovered")

// unsaid leaves out the sentence that a decision is told in today. It follows from
// the evidence, which is compared.
func unsaid(text string) string { return joinedFor.ReplaceAllString(text, "joined $1; [{") }

var joinedFor = regexp.MustCompile(`joined (INC-\w+): [^\n]*?; \[\{`)

// A snapshot that a released binary wrote is read for ever: what it holds is
// what it held then, and the engine goes on from it.
func TestReleasedSnapshotsAreRead(t *testing.T) {
	if *freeze {
		freezeFormat(t)
	}
	files, err := filepath.Glob("testdata/released/*.snapshot.gz")
	if err != nil || len(files) == 0 {
		t.Fatalf("no snapshots: %v", err)
	}
	held := map[string]int{}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			snap := unzipped(t, name)
			e, err := Restore(bytes.NewReader(snap))
			if err != nil {
				t.Fatal(err)
			}
			got := unsaid(reworded.Replace(describe(e, formatOf(snap), held)))
			described := strings.TrimSuffix(name, ".snapshot.gz") + ".txt.gz"
			if _, err := os.Stat(described); os.IsNotExist(err) && *freeze {
				zip(t, described, got)
			}
			if want := unsaid(string(unzipped(t, described))); got != want {
				t.Errorf("it holds something else now than when it was written (%s):\n%s", described, firstDifference(want, got))
			}
			goOn(t, e)
		})
	}
	for _, part := range []string{"open", "resolved", "mitigated", "linked", "ticket", "window", "change", "held", "problem", "learnt",
		"together", "apart", "unlinked", "group", "pending", "measured", "repeats", "links", "notice", "candidate", "flaps", "separate",
		"behaviour", "told", "refired", "lone", "worked", "machine", "late", "text"} {
		if held[part] == 0 {
			t.Errorf("none of the snapshots holds %q", part)
		}
	}
}

// goOn runs a log on from where e stands: nothing is lost and nothing breaks.
func goOn(t *testing.T, e *Engine) {
	t.Helper()
	var out Output
	since := e.Now().Sub(t0) + schemas.Minute
	log := logOf(77, 400)
	for i := range log {
		log[i].at = log[i].at.Add(since)
	}
	before := e.Stats()
	feed(e, log, &out)
	checkState(t, 0, e)
	if s := e.Stats(); s.Signals == before.Signals || s.Decisions < before.Decisions+s.Signals-before.Signals {
		t.Errorf("%d signals gave %d decisions", s.Signals-before.Signals, s.Decisions-before.Decisions)
	}
	if _, err := Restore(bytes.NewReader(snapshotOf(t, e))); err != nil {
		t.Errorf("the snapshot after it: %v", err)
	}
}

func unzipped(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func zip(t *testing.T, name, text string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("line %d:\n- %s\n+ %s", i+1, a[i], b[i])
		}
	}
	return fmt.Sprintf("%d and %d lines", len(a), len(b))
}

// describe says what e holds, and counts what of it there is. What a format
// before 6 did not know is not described for its snapshots.
func describe(e *Engine, format int, held map[string]int) string {
	var b strings.Builder
	say := func(part string, format string, args ...any) {
		held[part]++
		fmt.Fprintf(&b, "%-10s ", part)
		fmt.Fprintf(&b, format+"\n", args...)
	}
	if format >= 6 {
		describeSince6(say, e)
	}
	say("now", "%v, rules %s, topology %s, learnt %s", e.st.Now, e.st.Versions.Rules, e.st.Versions.Topology, e.st.Versions.Learnt)
	say("stats", "%+v", e.Stats())
	if e.st.Learnt.Text != "" {
		say("learnt", "%d", len(e.st.Learnt.Partners))
	}
	for _, q := range e.st.Expiry.Items[e.st.Expiry.Head:] {
		r := q.Signal
		w := r.Reason.Decode(nil)
		say("signal", "%s since %v in %q: kind %d verdict %d revision %d at %v last %v repeats %d unread %d: %s; %s", r.ID, q.Since, r.IncidentID(), r.Kind, r.Verdict,
			r.Revision, r.At, r.LastAt, r.Redeliveries, r.Unwritten, w.Sentence(r.IncidentID()), fmt.Sprint(evidence.Written(w.Items, w.Service)))
		if r.Redeliveries > 0 {
			held["repeats"]++
		}
	}
	for _, sc := range e.st.Order {
		say("scope", "%s opened %d lasting %d", sc.Name, sc.Opened.Level, sc.Lasting)
		for _, inc := range sc.Live {
			describeIncident(say, inc)
		}
		for _, ch := range sc.Changes {
			part := "change"
			if ch.Suppress {
				part = "window"
			}
			say(part, "%s %q on %q by %s %s from %v to %v matchers %q ends %v forgotten %v", ch.ID, ch.Title, ch.Services, ch.By, ch.Status, ch.StartsAt, ch.EndsAt, ch.Texts, ch.EndAt, ch.EvictAt)
			for _, a := range ch.Suppressed {
				say("held", "%s %s on %s since %v", a.Suppression().Signal.ID, a.Name, a.Service, a.StartsAt)
			}
		}
		for _, p := range sc.Patterns.List {
			part := "pattern"
			if p.Flagged() {
				part = "problem"
			}
			say(part, "%s root %s items %v count %d ids %q cost %.2f", p.Pub.ID, p.Root, typesOf(p), p.Count, p.IncidentIDs, p.Cost.Cost.Likely)
		}
		for f := range sc.Corrections.All() {
			other := ""
			if f.Other != nil {
				other = f.Other.Pub.ID
			}
			say([]string{"", "together", "apart", "unlinked"}[f.Kind], "%q %s %s", f.Key, f.Incident.Pub.ID, other)
		}
	}
	return b.String()
}

func describeSince6(say func(string, string, ...any), e *Engine) {
	newest := int64(0) // that decided something: what decides from here on is this binary
	for _, q := range e.st.Expiry.Items[e.st.Expiry.Head:] {
		newest = max(newest, q.Signal.Versions.Behaviour)
	}
	say("behaviour", "%d", newest)
	for _, q := range e.st.Expiry.Items[e.st.Expiry.Head:] {
		if r := q.Signal; r.Told != 0 {
			say("told", "%s %d under behaviour %d", r.ID, r.Told, r.Versions.Behaviour)
		}
	}
	for _, sc := range e.st.Order {
		if sc.Refires.Level > 0 {
			say("refired", "%s %d of %d", sc.Name, sc.Refired.Level, sc.Refires.Level)
		}
		for _, a := range sc.Lone {
			say("lone", "%q %s on %s", a.Key, a.Name, a.Service)
		}
		for _, inc := range sc.Live {
			if inc.Worked {
				say("worked", "%s cost at %v", inc.Pub.ID, inc.CostAt)
			}
			for _, a := range inc.Alerts {
				if a.Machine != "" || a.Namespace != "" {
					say("machine", "%q on %q in %q", a.Key, a.Machine, a.Namespace)
				}
				if a.Rare != nil && (a.Rare.Told != 0 || a.Rare.WasHeld) {
					say("late", "%q told %v held %v", a.Key, a.Rare.Told, a.Rare.WasHeld)
				}
			}
		}
		for _, ch := range sc.Changes {
			say("text", "%s %d by %s at %v as sent %v: %q", ch.ID, ch.Text, ch.Told, ch.ToldAt, ch.AsSent, ch.Sets)
		}
	}
}

func describeIncident(say func(string, string, ...any), inc *state.Incident) {
	say(string(inc.Pub.Status), "%s severity %d active %d started %v detected %v services %q names %v worst %s", inc.Pub.ID, inc.Severity, inc.Active,
		inc.Pub.StartedAt, inc.Pub.DetectedAt, inc.ServiceNames(), inc.Names, inc.Worst)
	if inc.Parent != nil {
		say("linked", "%s to %s", inc.Pub.ID, inc.Parent.Pub.ID)
	}
	for _, a := range inc.Alerts {
		say("alert", "%q %s on %q %q %q firing %v from %v to %v seen %v signals %d first %s", a.Key, a.Name, a.Service, a.Instance, a.Host, a.Firing, a.StartsAt, a.EndsAt, a.SeenAt,
			a.Signals.Len(), a.FirstID())
		if a.Rare != nil && a.Rare.Flaps > 0 {
			say("flaps", "%d", a.Rare.Flaps)
		}
	}
	for _, x := range inc.Tickets {
		say("ticket", "%s %q %s open %v: %s", x.Key, x.Title, x.State, x.Open, x.Reason)
	}
	for _, p := range inc.AffectedOrder {
		say("affected", "%d %s count %d from %v to %v mentioned %v firing %d", p.Entity.Key.Kind, p.Entity.Key.Name, p.Count, p.First, p.Last, p.Mentioned, inc.FiringAt(p))
	}
	for _, g := range inc.Groups {
		say("group", "%q %d", g.Key, g.Count)
		if len(g.Pending) > 0 {
			say("pending", "%d", len(g.Pending))
		}
	}
	for _, l := range inc.Pub.Links {
		say("links", "%s %s: %s", l.Relation, l.IncidentID, l.Reason)
	}
	for _, c := range inc.Pub.Candidates {
		say("candidate", "%s: %s", c.Title, c.Reason)
	}
	for _, n := range inc.Pub.Notices {
		say("notice", "%s", n.Text)
	}
	if inc.Measured != nil {
		m := inc.Measured
		say("measured", "{revenue:%v cost:%v users:%v currency:%s}", m.Revenue, m.Cost, m.Users, m.Currency)
	}
	if inc.Separate {
		say("separate", "%s", inc.Pub.ID)
	}
}

// typesOf are the alerts of a pattern, without how often they were shown.
func typesOf(p *problem.Pattern) []topology.AlertType {
	out := make([]topology.AlertType, len(p.Symptoms))
	for i := range p.Symptoms {
		out[i] = p.Symptoms[i].AlertType
	}
	return out
}
