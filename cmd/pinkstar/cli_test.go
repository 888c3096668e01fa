package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// outcome is what a command line came to.
type outcome struct {
	code     int
	out, err string
}

// command runs one command line as main does.
func command(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	errFile, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = errFile.Close() }()
	var out bytes.Buffer
	code := run(t.Context(), args, world{strings.NewReader(stdin), &out, errFile, func(string) string { return "" }})
	said, err := os.ReadFile(errFile.Name())
	if err != nil {
		t.Fatal(err)
	}
	return outcome{code, out.String(), string(said)}
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestExitCodesAndMessages(t *testing.T) {
	badConfig := file(t, "pinkstar.yaml", "http:\n  lisen: x\n")
	badRules := file(t, "rules.yaml", "ruels: []\n")
	badTopology := file(t, "topology.yaml", "services:\n  core: {team: x, depends: [y]}\n")
	for _, c := range []struct {
		args string
		code int
		says string // on stderr, or on stdout when it went well
	}{
		{"version", exitOK, "pinkstar "},
		{"config check", exitOK, "The configuration is good"},
		{"config print", exitOK, "listen: 127.0.0.1:8080"},
		{"config print --http 127.0.0.1:1", exitOK, "# http.listen: from --http"},
		{"--version", exitOK, "pinkstar "},
		{"--help", exitOK, "Exit codes: 0 done"},
		{"rum", exitUsage, `got "rum"; did you mean "run"?`},
		{"config chekc", exitUsage, `did you mean "check"?`},
		{"topics create", exitUsage, `got "create"; there are plan, apply`},
		{"run --broker a:1", exitUsage, "did you mean --brokers?"},
		{"replay --emti x -", exitUsage, "did you mean --emit?"},
		{"run --colour pink", exitUsage, "unknown long flag '--colour'; `pinkstar run --help` lists"},
		{"config check --config " + badConfig, exitUsage, badConfig + ": line 2, column 3: http.lisen: unknown field"},
		{"config check --config /there/is/none.yaml", exitUsage, "no such file"},
		{"run --config " + badConfig, exitUsage, "lisen"},
		{"run --rules " + badRules, exitUsage, badRules + ": line 1, column 1: ruels"},
		{"replay - --topology " + badTopology, exitUsage, "line 2"},
		{"run --roles barista", exitUsage, `--roles: "barista" is no role; there are`},
		{"replay /there/is/no.ndjson", exitFailed, "no such file"},
		{"replay - --emit poems", exitUsage, `"poems" is not one of`},
		{"migrate", exitUsage, "give --clickhouse DSN"},
		{"import - --data /there/is/none", exitUsage, "no pinkstar is running"},
		{"import - --dry-run", exitFailed, "nothing in it could be read"},
		{"import - --dry-run --until soon", exitUsage, "--until: \"soon\" is neither a time"},
		{"import /there/is/no.ndjson --dry-run", exitFailed, "no such file"},
		{"send - --data /there/is/none", exitUsage, "no pinkstar is running"},
		{"topics plan --brokers 127.0.0.1:x", exitUsage, `--brokers: "127.0.0.1:x": "x" is no port`},
	} {
		got := command(t, "", strings.Fields(c.args)...)
		said := got.err
		if c.code == exitOK {
			said = got.out
		}
		if got.code != c.code || !strings.Contains(said, c.says) {
			t.Errorf("%s: exit code %d, want %d; want %q in:\n%s", c.args, got.code, c.code, c.says, said)
		}
	}
}

func TestConfigCheckAgainstAPayload(t *testing.T) {
	cfg := file(t, "pinkstar.yaml", "gateway:\n  mappings:\n    probes: {each: items, name: check, status: state}\n")
	good := file(t, "good.json", `{"items":[{"check":"http","state":"down"}]}`)
	bad := file(t, "bad.json", `{"items":[{"check":"http","state":"purple"}]}`)
	for _, c := range []struct {
		args, out, err string
		code           int
	}{
		{"--against " + good + " --as probes --signals", `"source":"probes"`, "", exitOK},
		{"--against " + good + " --as probes", "ABOUT NOTHING: 1 alert without", "", exitFound},
		{"--against " + bad + " --as probes", "", `items[0]: status: "purple"`, exitFailed},
		{"--against " + good, "", "not a payload of any known sender", exitFailed},
		{"--against " + good + " --as barista", "", `"barista" is no sender`, exitFailed},
	} {
		got := command(t, "", strings.Fields("config check --config "+cfg+" "+c.args)...)
		if got.code != c.code || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
			t.Errorf("%s: %d\n%s%s", c.args, got.code, got.out, got.err)
		}
	}
}

// A script must see that nothing came of its file.
func TestAReplayOfNothingReadableFails(t *testing.T) {
	for in, want := range map[string]int{
		"{\n \"name\": \"A\"\n}\n": exitFailed, "\xff\xfe{\x00}\x00\n\x00": exitFailed, "what\n": exitFailed,
		"": exitOK, `{"name":"A","received_at":"2026-11-22T10:00:00Z"}` + "\nwhat\n": exitOK,
	} {
		if got := command(t, in, "replay", "-"); got.code != want || want == exitFailed && !strings.Contains(got.err, "nothing in it could be read") {
			t.Errorf("%q: exit code %d, want %d: %s", in, got.code, want, got.err)
		}
	}
}

func TestReplayFromStandardInput(t *testing.T) {
	topology := file(t, "topology.yaml", "services:\n  turret: {depends_on: [shield]}\n")
	in := `{"name":"Down","source":"t","labels":{"service":"shield"},"starts_at":"2026-11-22T10:00:00Z"}
{"source":"alertmanager","received_at":"2026-11-22T10:00:20Z","payload":` + alertmanagerBody(stormStart, [2]string{"Hit", "turret"}) + `}
not json
`
	got := command(t, in, "replay", "-", "--topology", topology, "--emit", "incident,decision")
	if got.code != exitOK {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	if strings.Count(got.out, `{"type":"incident"`) != 1 || strings.Count(got.out, `{"type":"decision"`) != 3 {
		t.Errorf("got\n%s", got.out)
	}
	if !strings.Contains(got.err, "1 of 3 positions could not be read") {
		t.Errorf("stderr: %q", got.err)
	}
	if again := command(t, in, "replay", "-", "--topology", topology, "--emit", "incident,decision"); again.out != got.out {
		t.Error("a second run prints other bytes")
	}
}

func TestRulesTestShowsTheDifferenceAndMendsIt(t *testing.T) {
	const input = "--- input\n10:32:00 alert ShieldDown service=shield severity=critical\n"
	name := file(t, "shield.txt", input)
	if got := command(t, "", "rules", "test", name, "--update"); got.code != exitOK {
		t.Fatalf("exit code %d: %s", got.code, got.err)
	}
	if got := command(t, "", "rules", "test", name); got.code != exitOK {
		t.Fatalf("exit code %d after --update: %s", got.code, got.out)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(b, []byte("alert ShieldDown"), []byte("alert ShieldUp"), 1)
	if err := os.WriteFile(name, changed, 0o600); err != nil {
		t.Fatal(err)
	}
	got := command(t, "", "rules", "test", filepath.Dir(name))
	if got.code != exitFound || !strings.Contains(got.out, "ShieldUp") || !strings.Contains(got.out, "1 of 1 scenarios differ") {
		t.Errorf("exit code %d:\n%s", got.code, got.out)
	}
}
