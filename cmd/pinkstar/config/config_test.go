package config

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "pinkstar.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func noEnv(string) string { return "" }

func TestFlagsBeatEnvironmentBeatsFileBeatsDefaults(t *testing.T) {
	file := write(t, "kafka:\n  topic_prefix: file.\n  partitions: 3\n  retention:\n    signals: 90d\nhttp: {listen: '127.0.0.1:1'}\nlog: {level: warn}\n")
	env := map[string]string{"PINKSTAR_HTTP": "127.0.0.1:2", "PINKSTAR_LOG_LEVEL": "error", "PINKSTAR_KAFKA_PASSWORD": "hush"}
	c, err := Load(Inputs{File: file, Env: func(k string) string { return env[k] }, Flags: map[string]string{"http": "127.0.0.1:3"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.HTTP.Listen != "127.0.0.1:3" || c.Log.Level != "error" || c.Kafka.TopicPrefix != "file." || c.Kafka.Partitions != 3 {
		t.Errorf("got %q %q %q %d", c.HTTP.Listen, c.Log.Level, c.Kafka.TopicPrefix, c.Kafka.Partitions)
	}
	d := Default()
	if c.Kafka.Retention.Signals != 90*24*time.Hour || c.Kafka.Retention.Inputs != d.Kafka.Retention.Inputs || c.Kafka.SASL.Password != "hush" {
		t.Errorf("retention %+v, password %q", c.Kafka.Retention, c.Kafka.SASL.Password)
	}
	if c.Origins["http.listen"] != "--http" || c.Origins["log.level"] != "PINKSTAR_LOG_LEVEL" {
		t.Errorf("origins %v", c.Origins)
	}
}

func TestEmptyFileIsTheDefaults(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "{}", "kafka:\n"} {
		c, err := Parse([]byte(text), "x.yaml")
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if c.HTTP.Listen != Default().HTTP.Listen || c.Kafka.Partitions != Default().Kafka.Partitions || len(c.Roles) != len(Roles) {
			t.Errorf("%q: got %+v", text, c)
		}
	}
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for text, want := range map[string]string{
		"http:\n  lisen: a:1\n":                                 `x.yaml:2:3: unknown field "lisen"`,
		"colour: pink\n":                                        `x.yaml:1:1: unknown field "colour"`,
		"kafka:\n  retention:\n    signalls: 1h\n":              `x.yaml:3:5: unknown field "signalls"`,
		"http:\n  max_connections: many\n":                      `x.yaml:2:20`,
		"http:\n  read_timeout: soon\n":                         `x.yaml:2: "soon" is not a duration`,
		"log: {level: loud}\n":                                  `log.level: "loud" is not one of`,
		"roles: [gateway, barista]\n":                           `roles: "barista" is no role`,
		"roles: []\n":                                           "roles: none",
		"kafka: {partitions: 0}\n":                              "kafka: partitions: 0",
		"http: {listen: somewhere}\n":                           "http.listen:",
		"rules: {impact: {}}\nrules_file: r.yaml\n":             "keep one of the two",
		"labels: {scope: []}\n":                                 "labels.scope",
		"clickhouse: {dsn: 'mysql://a@b/c'}\n":                  "must begin with clickhouse://",
		"http: {read_timeout: 0s}\n":                            "http.read_timeout",
		"http:\n  listen: 127.0.0.1:1\n  listen: 127.0.0.1:2\n": "x.yaml:3:3",
		"a: 1\n---\nb: 1\n":                                     "x.yaml:1:1",
		"log: {}\n---\nlog: {}\n":                               "second document",
	} {
		_, err := Parse([]byte(text), "x.yaml")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

func TestPrintIsReadBackAndKeepsSecrets(t *testing.T) {
	c, err := Parse([]byte("kafka:\n  brokers: [a:1]\n  sasl: {mechanism: plain, user: u, password: hush}\nclickhouse: {dsn: 'clickhouse://u:hush@h:9000/d?password=hush'}\nrules:\n  procedures: []\n"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Print(&b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "hush") {
		t.Errorf("a secret was printed:\n%s", b.String())
	}
	back, err := Parse(b.Bytes(), "x.yaml")
	if err != nil {
		t.Fatalf("%v\n%s", err, b.String())
	}
	if back.Kafka.Brokers[0] != "a:1" || back.Web.MaxBody != c.Web.MaxBody || back.HTTP != c.HTTP || back.Rules != c.Rules {
		t.Errorf("read back differently:\n%s", b.String())
	}
}

func TestInlineAndBlockTextsAreTheSame(t *testing.T) {
	inline, err := Parse([]byte("topology:\n  services:\n    core:\n      team: defence\n"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	block, err := Parse([]byte("topology: |\n  services:\n    core:\n      team: defence\n"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const want = "services:\n  core:\n    team: defence\n"
	if string(inline.Topology) != want || string(block.Topology) != want {
		t.Errorf("inline %q, block %q", inline.Topology, block.Topology)
	}
	doc, err := inline.TopologyDocument()
	if err != nil || string(doc.Text) != want || !strings.Contains(doc.Name, "x.yaml") {
		t.Errorf("%+v, %v", doc, err)
	}
}

func TestPathsInTheFileAreRelativeToIt(t *testing.T) {
	file := write(t, "rules_file: rules.yaml\ndata: pinkstar-data\n")
	c, err := Load(Inputs{File: file, Env: noEnv})
	if err != nil {
		t.Fatal(err)
	}
	if c.RulesFile != filepath.Join(filepath.Dir(file), "rules.yaml") || c.Data != filepath.Join(filepath.Dir(file), "pinkstar-data") {
		t.Errorf("got %s, %s", c.RulesFile, c.Data)
	}
	c, err = Load(Inputs{File: file, Env: noEnv, Flags: map[string]string{"rules": "mine.yaml"}})
	if err != nil || c.RulesFile != "mine.yaml" {
		t.Errorf("got %s, %v", c.RulesFile, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("http: {listen: ':1'}\nrules:\n  procedures:\n    - name: x\n"))
	f.Add([]byte("kafka: [\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b, "x.yaml")
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := c.Print(&out); err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(out.Bytes(), "x.yaml"); err != nil {
			t.Fatalf("what was printed is not read back: %v\n%s", err, out.Bytes())
		}
	})
}
