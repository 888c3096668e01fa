package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

func options(t *testing.T, topology []byte, emit ...string) Options {
	t.Helper()
	topo, err := rules.ParseTopology("topology", topology)
	if err != nil {
		t.Fatal(err)
	}
	return Options{Rules: rules.Default(), Topology: topo, Naming: schemas.DefaultNaming(), Limits: ingest.DefaultLimits(), Emit: emit}
}

type line struct {
	Type     string
	Line     int
	Index    int
	SignalID string `json:"signal_id"`
	Decision string
	ID       string
	Incident string  `json:"incident_id"`
	Parent   *string `json:"parent_id"`
	Reason   string
	Services []string
	Signals  int
	Roots    []struct{ Service, Reason string } `json:"suspected_roots"`
}

func play(t *testing.T, in string, o Options) ([]line, Summary) {
	t.Helper()
	var out bytes.Buffer
	sum, err := Run(t.Context(), strings.NewReader(in), &out, o)
	if err != nil {
		t.Fatal(err)
	}
	var lines []line
	for text := range strings.Lines(out.String()) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		lines = append(lines, l)
	}
	return lines, sum
}

func alert(service, at string) string {
	return fmt.Sprintf(`{"name":"Down","source":"t","labels":{"service":%q},"starts_at":"2026-11-22T%sZ","received_at":"2026-11-22T%sZ"}`, service, at, at)
}

func TestEveryPositionGetsOneDecisionLine(t *testing.T) {
	in := strings.Join([]string{
		alert("core", "10:00:00"),
		"",
		"{nonsense",
		`{"source":"signals","received_at":"2026-11-22T10:00:05Z","payload":[` + alert("core", "10:00:00") + `,{"kind":"ticket","name":"no key"},` + alert("gift-shop", "10:00:04") + `]}`,
		`{"hello":"world"}`,
		alert("core", "10:00:00"),
	}, "\n")
	lines, sum := play(t, in, options(t, nil, "decision", "incident"))
	var got []string
	incidents := map[string]bool{}
	ids := map[int]string{}
	for _, l := range lines {
		if l.Type == "incident" {
			incidents[l.ID] = true
			continue
		}
		got = append(got, fmt.Sprintf("%d.%d %s", l.Line, l.Index, l.Decision))
		if l.Index == 0 {
			ids[l.Line] = l.SignalID
		}
		if l.Reason == "" {
			t.Errorf("line %d has no reason", l.Line)
		}
		if l.Decision != "refused" && (!incidents[l.Incident] || !incidents[*l.Parent]) {
			t.Errorf("line %d.%d: incident %q, parent %q are not among the incidents", l.Line, l.Index, l.Incident, *l.Parent)
		}
	}
	want := "1.0 placed|3.0 refused|4.0 duplicate|4.1 refused|4.2 placed|5.0 refused|6.0 duplicate"
	if strings.Join(got, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(got, "|"), want)
	}
	if ids[1] != ids[4] || ids[1] != ids[6] || sum.Signals != 4 || sum.Refused != 3 {
		t.Errorf("ids %v, %+v; want one id for the three deliveries", ids, sum)
	}
}

// Whatever the engine says can be printed, by its name, and not unasked.
func TestEveryOutcomeOfTheEngineCanBePrinted(t *testing.T) {
	topology := []byte("services:\n  turret-control: {depends_on: [shield-generator]}\n  shield-generator: {}\n")
	in := alert("shield-generator", "10:00:00") + "\n" + alert("turret-control", "10:00:20") + "\n"
	for _, k := range schemas.Outcomes {
		name := k.Names().Name
		if !k.FromEngine() {
			continue
		}
		lines, _ := play(t, in, options(t, topology, name))
		for _, l := range lines {
			if l.Type != name {
				t.Errorf("--emit %s printed a %q", name, l.Type)
			}
		}
		// Two alerts are no problem, nor perhaps what is added later.
		if said := []string{"incident", "decision", "timeline"}; len(lines) == 0 && slices.Contains(said, name) {
			t.Errorf("--emit %s printed nothing", name)
		}
	}
	if err := func() error {
		_, err := Run(t.Context(), strings.NewReader(in), io.Discard, options(t, topology, "deadletter"))
		return err
	}(); err == nil {
		t.Error("--emit deadletter was taken: the engine says none")
	}
}

func TestIncidentsByDefaultAndAtTheirLastState(t *testing.T) {
	topology := []byte("services:\n  turret-control: {depends_on: [shield-generator]}\n  shield-generator: {}\n")
	in := alert("shield-generator", "10:00:00") + "\n" + alert("turret-control", "10:00:20") + "\n"
	lines, _ := play(t, in, options(t, topology))
	if len(lines) != 1 || lines[0].Type != "incident" || lines[0].Signals != 2 || len(lines[0].Services) != 2 || lines[0].Parent == nil || *lines[0].Parent != "" {
		t.Fatalf("got %+v; want one incident with both signals: the last step's changes count too", lines)
	}
	if len(lines[0].Roots) == 0 || lines[0].Roots[0].Service != "shield-generator" {
		t.Errorf("suspected roots %+v; want shield-generator first", lines[0].Roots)
	}
}

// The same log gives the same bytes, and every signal of a large world is
// accounted for.
func TestTwoRunsPrintTheSameBytes(t *testing.T) {
	world, err := sim.Generate(sim.For(sim.Easy, 3))
	if err != nil {
		t.Fatal(err)
	}
	var in bytes.Buffer
	if err := sim.WriteReplay(&in, world); err != nil {
		t.Fatal(err)
	}
	run := func() string {
		var out bytes.Buffer
		if _, err := Run(t.Context(), bytes.NewReader(in.Bytes()), &out, options(t, world.Topology, Emits...)); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	first, second := run(), run()
	if first != second {
		t.Fatal("two runs differ")
	}
	if n := strings.Count(first, `{"type":"decision"`); n != len(world.Signals) || n == 0 {
		t.Errorf("%d decision lines for %d signals", n, len(world.Signals))
	}
}

// A known signal that says something new is decided under an id of its own, here
// as on the running product: what fires again under an old start, and another
// text of a window. What repeats it counts for that id.
func TestAKnownSignalThatIsNewsHasItsOwnID(t *testing.T) {
	at := func(received, rest string) string {
		return `{"source":"signals","received_at":"2026-11-22T` + received + `Z","payload":{"source":"t","service":"core","starts_at":"2026-11-22T10:00:00Z",` + rest + `}}`
	}
	lines, _ := play(t, strings.Join([]string{
		at("10:00:00", `"name":"Late"`),
		at("10:10:00", `"name":"Late","status":"resolved","ends_at":"2026-11-22T10:10:00Z"`),
		at("10:12:00", `"name":"Late"`),
		at("10:13:00", `"name":"Late"`),
		at("10:14:00", `"kind":"maintenance","name":"Work","fingerprint":"w","ends_at":"2026-11-22T12:00:00Z"`),
		at("10:15:00", `"kind":"maintenance","name":"Work","fingerprint":"w","ends_at":"2026-11-22T13:00:00Z"`),
	}, "\n"), options(t, nil, "decision"))
	if len(lines) != 6 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, want := range []string{"placed", "placed", "placed", "duplicate", "placed", "placed"} {
		if lines[i].Decision != want {
			t.Errorf("line %d: %s (%s), want %s", i+1, lines[i].Decision, lines[i].Reason, want)
		}
	}
	if lines[2].SignalID == lines[0].SignalID || lines[3].SignalID != lines[2].SignalID || lines[5].SignalID == lines[4].SignalID {
		t.Errorf("ids: %+v", lines)
	}
	if want := "the same signal as line 3, index 0"; lines[3].Reason != want {
		t.Errorf("line 4: %q, want %q", lines[3].Reason, want)
	}
}
