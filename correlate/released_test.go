package correlate

import (
	"bytes"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// freeze has the snapshots of testdata/released described anew. It is for the
// day on which a snapshot of a new format is added; a description that is there
// is never to change.
var freeze = flag.Bool("freeze", false, "describe the snapshots in testdata/released that have no description")

// A snapshot that a released binary wrote is read for ever: what it holds is
// what it held then, and the engine goes on from it.
func TestReleasedSnapshotsAreRead(t *testing.T) {
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
			got := describe(e, held)
			described := strings.TrimSuffix(name, ".snapshot.gz") + ".txt.gz"
			if _, err := os.Stat(described); os.IsNotExist(err) && *freeze {
				zip(t, described, got)
			}
			if want := string(unzipped(t, described)); got != want {
				t.Errorf("it holds something else now than when it was written (%s):\n%s", described, firstDifference(want, got))
			}
			goOn(t, e)
		})
	}
	for _, part := range []string{"open", "resolved", "mitigated", "linked", "ticket", "window", "change", "held", "problem", "learnt",
		"together", "apart", "unlinked", "group", "pending", "measured", "repeats", "links", "notice", "candidate", "flaps", "separate"} {
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

// describe says what e holds, and counts what of it there is.
func describe(e *Engine, held map[string]int) string {
	var b strings.Builder
	say := func(part string, format string, args ...any) {
		held[part]++
		fmt.Fprintf(&b, "%-10s ", part)
		fmt.Fprintf(&b, format+"\n", args...)
	}
	say("now", "%v, rules %s, topology %s, learnt %s", e.now, e.versions.rules, e.versions.topology, e.versions.learnt)
	say("stats", "%+v", e.Stats())
	if e.learnt.text != "" {
		say("learnt", "%d", len(e.learnt.partners))
	}
	for _, q := range e.forget.items[e.forget.head:] {
		r := q.r
		w := r.why.unpack(nil)
		say("signal", "%s since %v in %q: kind %d verdict %d revision %d at %v last %v repeats %d unread %d: %s; %s", r.id, q.since, r.incidentID(), r.kind, r.verdict,
			r.revision, r.at, r.lastAt, r.repeats, r.unread, w.reason(r.incidentID()), fmt.Sprint(evidenceOf(w.evidence, w.service)))
		if r.repeats > 0 {
			held["repeats"]++
		}
	}
	for _, sc := range e.order {
		say("scope", "%s opened %d lasting %d", sc.name, sc.opened.level, sc.lasting)
		for _, inc := range sc.live {
			describeIncident(say, inc)
		}
		for _, ch := range sc.changes {
			part := "change"
			if ch.suppress {
				part = "window"
			}
			say(part, "%s %q on %q by %s %s from %v to %v matchers %q ends %v forgotten %v", ch.id, ch.title, ch.services, ch.by, ch.status, ch.startsAt, ch.endsAt, ch.texts, ch.endAt, ch.forgetAt)
			for _, a := range ch.held {
				say("held", "%s %s on %s since %v", a.held().sig.ID, a.name, a.service, a.startsAt)
			}
		}
		for _, p := range sc.patterns.list {
			part := "pattern"
			if p.flagged() {
				part = "problem"
			}
			say(part, "%s root %s items %v count %d ids %q cost %.2f", p.pub.ID, p.root, p.items, p.count, p.ids, p.cost.Cost.Likely)
		}
		for _, f := range sc.facts.list {
			other := ""
			if f.other != nil {
				other = f.other.pub.ID
			}
			say([]string{"", "together", "apart", "unlinked"}[f.kind], "%q %s %s", f.key, f.inc.pub.ID, other)
		}
	}
	return b.String()
}

func describeIncident(say func(string, string, ...any), inc *incident) {
	say(string(inc.pub.Status), "%s severity %d active %d started %v detected %v services %q names %v worst %s", inc.pub.ID, inc.severity, inc.active,
		inc.pub.StartedAt, inc.pub.DetectedAt, inc.serviceNames(), inc.names, inc.worst)
	if inc.parent != nil {
		say("linked", "%s to %s", inc.pub.ID, inc.parent.pub.ID)
	}
	for _, a := range inc.alerts {
		say("alert", "%q %s on %q %q %q firing %v from %v to %v seen %v signals %d first %s", a.key, a.name, a.service, a.instance, a.host, a.firing, a.startsAt, a.endsAt, a.seenAt,
			a.records.len(), a.firstID())
		if a.rare != nil && a.rare.flaps > 0 {
			say("flaps", "%d", a.rare.flaps)
		}
	}
	for _, x := range inc.tickets {
		say("ticket", "%s %q %s open %v: %s", x.key, x.title, x.state, x.open, x.reason)
	}
	for _, p := range inc.placed {
		say("affected", "%d %s count %d from %v to %v mentioned %v firing %d", p.ent.key.kind, p.ent.key.name, p.count, p.first, p.last, p.mentioned, inc.firingAt(p))
	}
	for _, g := range inc.groups {
		say("group", "%q %d", g.key, g.count)
		if len(g.pending) > 0 {
			say("pending", "%d", len(g.pending))
		}
	}
	for _, l := range inc.pub.Links {
		say("links", "%s %s: %s", l.Relation, l.IncidentID, l.Reason)
	}
	for _, c := range inc.pub.Candidates {
		say("candidate", "%s: %s", c.Title, c.Reason)
	}
	for _, n := range inc.pub.Notices {
		say("notice", "%s", n.Text)
	}
	if inc.measured != nil {
		say("measured", "%+v", *inc.measured)
	}
	if inc.separate {
		say("separate", "%s", inc.pub.ID)
	}
}
