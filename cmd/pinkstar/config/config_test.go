package config

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/correlate/rules/strict"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas/secret"
	"pinkstar/sinks/clickhouse"
	"pinkstar/sinks/message"
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
		"http:\n  lisen: a:1\n":                                 `x.yaml: line 2, column 3: http.lisen: unknown field`,
		"colour: pink\n":                                        `x.yaml: line 1, column 1: colour: unknown field`,
		"kafka:\n  retention:\n    signalls: 1h\n":              `x.yaml: line 3, column 5: kafka.retention.signalls: unknown field`,
		"http:\n  max_connections: many\n":                      `x.yaml: line 2, column 20`,
		"http:\n  read_timeout: soon\n":                         `x.yaml: line 2, column 17: http.read_timeout: "soon" is not a duration`,
		"log: {level: loud}\n":                                  `log.level: "loud" is not one of`,
		"roles: [gateway, barista]\n":                           `roles[1]: "barista" is no role`,
		"roles: []\n":                                           "roles: none",
		"kafka: {partitions: 0}\n":                              "x.yaml: line 1, column 21: kafka.partitions: 0",
		"http: {listen: somewhere}\n":                           "http.listen:",
		"rules: {impact: {}}\nrules_file: r.yaml\n":             "keep one of the two",
		"labels: {scope: []}\n":                                 "labels.scope",
		"clickhouse: {dsn: 'mysql://a@b/c'}\n":                  "must begin with clickhouse://",
		"http: {read_timeout: 0s}\n":                            "http.read_timeout",
		"http:\n  listen: 127.0.0.1:1\n  listen: 127.0.0.1:2\n": "x.yaml: line 3, column 3",
		"- http\n":                "x.yaml: line 1, column 1: the file must begin with one of the keys data, roles",
		"a: 1\n---\nb: 1\n":       "x.yaml: line 1, column 1",
		"log: {}\n---\nlog: {}\n": "second document",
	} {
		_, err := Parse([]byte(text), "x.yaml")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", text, err, want)
		}
	}
}

// printed is c as `config print` writes it.
func printed(t interface{ Fatal(...any) }, c *Config) []byte {
	var b bytes.Buffer
	if err := c.Print(&b, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// leaves are all values of a configuration by their path, apart from where it was
// read from.
func leaves(c *Config) map[string]string {
	x := *c
	x.eachPath(func(_ string, p *string) { *p, _ = filepath.Abs(*p) })
	out := map[string]string{}
	strict.Each(reflect.ValueOf(&x).Elem(), "", func(path string, v reflect.Value) bool {
		if s, ok := secretIn(v); ok {
			type shown secret.Text // without its String
			out[path] = fmt.Sprintf("%+v", shown(s))
			return false
		}
		switch v.Kind() {
		case reflect.Struct, reflect.Slice, reflect.Map, reflect.Pointer:
		default:
			out[path] = fmt.Sprintf("%#v", v.Interface())
		}
		return true
	})
	return out
}

func sameSettings(a, b *Config) bool { return maps.Equal(leaves(a), leaves(b)) }

// TestWhatIsPrintedIsReadBackToTheSame changes some settings at random, prints
// the configuration, and reads it back.
func TestWhatIsPrintedIsReadBackToTheSame(t *testing.T) {
	runs, changed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := Default()
		c.Gateway.Sources = map[string]ingest.SourceConfig{}
		if rapid.Bool().Draw(t, "sources") {
			var s secret.Text
			if err := yaml.Unmarshal([]byte("{env: SOME_TOKEN}"), &s); err != nil {
				t.Fatal(err)
			}
			c.Gateway.Sources["jira"] = ingest.SourceConfig{Bearer: []secret.Text{s}, HMAC: &ingest.HMACConfig{Secrets: []secret.Text{s}, Header: "X: y"},
				May: []ingest.Effect{ingest.Tickets, ingest.Windows}}
			c.Access.Tokens = []access.Token{{Name: "sam", Role: "act", Token: &s}, {Name: "Miles O'Brien", Role: "read"}}
			c.Notify.Targets = []message.Config{
				{Name: "chat", Everything: true, Slack: &message.Slack{Token: s, Channel: "#ops"}},
				{Name: "post", Company: true, Mail: &message.Mail{Server: "mail:587", From: "P <p@a.example>", To: []string{"all@a.example"}, User: "u", Password: s}},
				{Name: "pager", Teams: []string{"dba"}, PagerDuty: &message.PagerDuty{RoutingKey: s}},
				{Name: "hook", Webhook: &message.Webhook{URL: s, Secret: s}}}
		}
		text := rapid.StringMatching(`[a-z"'#:{}|>%@ é\\-]{0,12}`)
		strict.Each(reflect.ValueOf(&c).Elem(), "", func(path string, v reflect.Value) bool {
			if !v.CanSet() || strings.HasPrefix(path, "gateway.sources") || strings.HasPrefix(path, "access.tokens") || strings.HasPrefix(path, "notify.targets") ||
				path == "kafka.sasl.password" || // a secret, which is not printed
				rapid.IntRange(0, 3).Draw(t, "change "+path) > 0 {
				return true
			}
			switch v.Kind() {
			case reflect.Int, reflect.Int16, reflect.Int32, reflect.Int64:
				v.SetInt(v.Int() + v.Int()*rapid.Int64Range(0, 3).Draw(t, path)/2)
			case reflect.Bool:
				v.SetBool(!v.Bool())
			case reflect.String:
				v.SetString(text.Draw(t, path))
			case reflect.Slice:
				if v.Type().Elem().Kind() == reflect.String {
					v.Set(reflect.ValueOf(rapid.SliceOf(text).Draw(t, path)))
				}
			}
			return true
		})
		if c.Check() != nil { // something became impossible: keep the rest
			d := Default()
			c.Roles, c.HTTP, c.Log, c.Kafka.Config, c.Kafka.EmbeddedListen = d.Roles, d.HTTP, d.Log, d.Kafka.Config, d.Kafka.EmbeddedListen
			c.Process, c.Writer, c.Gateway.Limits, c.ClickHouse, c.Web, c.Labels.Scope = d.Process, d.Writer, d.Gateway.Limits, d.ClickHouse, d.Web, d.Labels.Scope
			c.Notify.Config, c.Notify.BoardURL = d.Notify.Config, "https://board.example"
			c.Rules, c.Topology, c.Data = "", "", "some data"
			c.Access.Hosts, c.Access.TrustedOrigins = nil, []string{"https://a.example:8443"}
		}
		c.Kafka.Shadow = c.Shadow.Enabled()
		if err := c.Check(); err != nil {
			t.Fatal(err)
		}
		runs++
		d := Default()
		if !sameSettings(&c, &d) {
			changed++
		}
		out := printed(t, &c)
		back, err := Parse(out, "elsewhere/x.yaml")
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !sameSettings(&c, back) {
			t.Fatalf("was   %v\nis now %v\nby\n%s", leaves(&c), leaves(back), out)
		}
	})
	if changed*2 < runs {
		t.Errorf("only %d of %d configurations differed from the defaults", changed, runs)
	}
}

func TestPrintKeepsSecretsAndTheyAreAskedForAgain(t *testing.T) {
	c, err := Parse([]byte("kafka:\n  brokers: [a:1]\n  sasl: {mechanism: plain, user: u, password: hush}\nclickhouse: {dsn: 'clickhouse://u:hush@h:9000/d?password=hush&http_proxy=http%3A%2F%2Fp%3Ahush%40proxy%3A1'}\n"+
		"gateway: {sources: {jira: {bearer: [hush]}}}\n"), "x.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := printed(t, c)
	if bytes.Contains(out, []byte("hush")) {
		t.Errorf("a secret was printed:\n%s", out)
	}
	_, err = Parse(out, "x.yaml")
	faults := strict.Of(err)
	if len(faults) != 2 || faults[0].Path != "gateway.sources.jira.bearer[0]" || faults[1].Path != "kafka.sasl.password" {
		t.Errorf("got %v; want the two secrets that were left out", err)
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

func TestFilesOfSecretsAreRelativeToTheFile(t *testing.T) {
	file := write(t, "gateway:\n  sources:\n    jira:\n      bearer: [{file: jira.token}]\n      basic: [{user: j, password: {file: jira.token}}]\n"+
		"access:\n  tokens: [{name: sam, role: read, token: {file: jira.token}}]\n")
	if err := os.WriteFile(filepath.Join(filepath.Dir(file), "jira.token"), []byte("right\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Inputs{File: file, Env: noEnv})
	if err != nil {
		t.Fatal(err)
	}
	jira := c.Gateway.Sources["jira"]
	for name, s := range map[string]*secret.Text{"bearer": &jira.Bearer[0], "basic": &jira.Basic[0].Password, "token": c.Access.Tokens[0].Token} {
		if err := s.Load(); err != nil || s.Hash() != secret.New("right").Hash() {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("http: {listen: ':1'}\nrules:\n  procedures:\n    - name: x\n"))
	f.Add([]byte("kafka: [\n"))
	f.Add([]byte("a: &a [*a]"))
	f.Add([]byte("http: &h {max_connections: -1}\nweb: *h\n---\n"))
	f.Add([]byte("gateway: {sources: {jira: {bearer: [x, {env: Y}], hmac: {secrets: [{file: z}]}}}}\nroles: [write]\n"))
	f.Add([]byte("rules: \"\"\ntopology: |\n  services: {}\nlabels: {scope: [a], environment_aliases: {x: y}}\nkafka: {brokers: ['b:1'], retention: {signals: 9d}}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b, "x.yaml")
		if err != nil {
			for _, f := range strict.Of(err) {
				if lines := bytes.Count(b, []byte("\n")) + bytes.Count(b, []byte("\r")) + 2; f.Text == "" || f.Line > lines {
					t.Fatalf("a fault without a text or a place: %+v in %q", f, b)
				}
			}
			return
		}
		out := printed(t, c)
		back, err := Parse(out, "x.yaml")
		if err != nil {
			for _, f := range strict.Of(err) {
				if !strings.Contains(f.Text, "left a secret out") {
					t.Fatalf("what was printed is not read back: %v\n%s", err, out)
				}
			}
			return
		}
		if c.ClickHouse.DSN = RedactDSN(c.ClickHouse.DSN); !sameSettings(c, back) {
			t.Fatalf("read back differently:\n%s", out)
		}
	})
}

// Secrets by which others are known here are refused when they are empty, can be
// guessed, or are a sender's and a person's at once.
func TestWeakSecretsAreRefused(t *testing.T) {
	t.Setenv("SHORT", "1234567")
	t.Setenv("SHARED", "a-long-enough-secret")
	const good = "gateway: {sources: {jira: {bearer: [one-secret], hmac: {secrets: [two-secret]}, basic: [{user: u, password: three-secret}]}}}\n" +
		"access: {tokens: [{name: a, role: act, token: four-secret}]}\n"
	for text, want := range map[string]string{
		good: "",
		"gateway: {sources: {jira: {bearer: ['']}}}\n":                                                                                            "gateway.sources.jira.bearer[0]: empty",
		"gateway: {sources: {jira: {bearer: [seven77]}}}\n":                                                                                       "gateway.sources.jira.bearer[0]: 7 characters",
		"gateway: {sources: {jira: {hmac: {secrets: [ok-enough, x]}}}}\n":                                                                         "gateway.sources.jira.hmac.secrets[1]: 1 characters",
		"gateway: {sources: {jira: {basic: [{user: u, password: pw}]}}}\n":                                                                        "gateway.sources.jira.basic[0].password: 2 characters",
		"gateway: {sources: {jira: {token: {header: X-T, secrets: [{env: SHORT}]}}}}\n":                                                           "gateway.sources.jira.token.secrets[0]: 7 characters",
		"access: {tokens: [{name: a, role: act, token: {env: SHORT}}]}\n":                                                                         "access.tokens[0].token: 7 characters",
		"access: {tokens: [{name: a, role: act, token: ''}]}\n":                                                                                   "access.tokens[0].token: empty",
		"access: {tokens: [{name: a, role: act, token: {env: SHARED}}]}\ngateway: {sources: {jira: {bearer: [a-long-enough-secret]}}}\n":          "gateway.sources.jira.bearer[0]: the same as access.tokens[0].token",
		"access: {tokens: [{name: a, role: act, token: a-long-enough-secret}]}\ngateway: {sources: {jira: {hmac: {secrets: [{env: SHARED}]}}}}\n": "gateway.sources.jira.hmac.secrets[0]: the same as access.tokens[0].token",
		"gateway: {sources: {jira: {bearer: [a-long-enough-secret]}, grafana: {bearer: [a-long-enough-secret]}}}\nroles: [gateway, correlate]\n":  "",
		"roles: [correlate]\ngateway: {sources: {jira: {bearer: [{env: SOMEBODY_ELSES}]}}}\n":                                                     "",
		"kafka: {brokers: ['a:1'], sasl: {mechanism: plain, user: u, password: pw}}\n":                                                            "",
	} {
		c, err := Parse([]byte(text), "x.yaml")
		if err == nil {
			err = c.Surroundings().Err()
		}
		got := ""
		if err != nil {
			got = err.Error()
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: said %q, want %q", text, got, want)
		}
		for _, hush := range []string{"a-long-enough-secret", "seven77", "1234567"} {
			if strings.Contains(got, hush) {
				t.Errorf("the message shows the secret: %s", got)
			}
		}
	}
}

// What is wrong with schedules of reports and with objectives is told with its place.
func TestReportsAndObjectivesAreChecked(t *testing.T) {
	c := Default()
	mailbox := message.Config{Name: "mail", Mail: &message.Mail{Server: "mx.example:25", From: "p@example.com"}}
	hook := message.Config{Name: "chat", Slack: &message.Slack{}}
	c.Notify.Targets = []message.Config{mailbox, hook}
	c.Reports = []Report{
		{Name: "Monthly!", To: []string{"fax:1", "chat:#x", "mail"}, Day: 31, At: "25:00", Zone: "Mars/Base", Attach: "docx"},
		{Name: "ok", To: []string{"mail:ada@example.com"}}, {Name: "ok"},
	}
	c.Objectives = []clickhouse.Objective{{Service: "web", Percent: 99.9}, {Service: "web", Percent: 100}}
	said := fmt.Sprint(c.Check())
	for _, want := range []string{
		`reports[0].name: "Monthly!"`, `reports[0].to[0]: notify.targets has no "fax"`, "reports[0].to[1]: chat is no mail target", "reports[0].to[2]: mail has no address",
		"reports[0].day: 31", `reports[0].at: "25:00"`, `reports[0].zone: "Mars/Base"`, `reports[0].attach: "docx"`, "reports[2].to: nobody", `reports[2].name: "ok" is there twice`,
		"objectives[1].objective: 100", `objectives[1].service: "web" is there twice`,
	} {
		if !strings.Contains(said, want) {
			t.Errorf("nothing says %q:\n%s", want, said)
		}
	}
	if strings.Contains(said, "reports[1]") || strings.Contains(said, "objectives[0]") {
		t.Errorf("what is right is called wrong:\n%s", said)
	}
	c = Default()
	c.Notify.Targets, c.Reports, c.Roles = []message.Config{mailbox}, []Report{{Name: "ok", To: []string{"mail:a@x.example"}}}, []string{RoleNotify}
	if said := fmt.Sprint(c.Check()); !strings.Contains(said, "set clickhouse.dsn") {
		t.Errorf("a process without a ClickHouse: %s", said)
	}
}
