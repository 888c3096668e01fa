package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"pinkstar/cmd/pinkstar/access"
	"pinkstar/cmd/pinkstar/config"
)

const deploy = "../../deploy"

// shipped is one way to run pinkstar that deploy/ shows: its configuration file
// and the arguments of `pinkstar run`.
type shipped struct {
	name, file string
	args       []string
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(deploy, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// shippedWays collects every one, with the file that its volumes put in place.
func shippedWays(t *testing.T) []shipped {
	t.Helper()
	var compose struct {
		Services map[string]struct {
			Command []string `yaml:"command"`
			Volumes []string `yaml:"volumes"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal(read(t, "compose/compose.yaml"), &compose); err != nil {
		t.Fatal(err)
	}
	p := compose.Services["pinkstar"]
	if len(p.Volumes) != 1 || p.Volumes[0] != "./pinkstar.yaml:/etc/pinkstar/pinkstar.yaml:ro" {
		t.Fatalf("compose's volumes: %v", p.Volumes)
	}
	ways := []shipped{
		{"example", string(read(t, "example/pinkstar.yaml")), nil},
		{"compose", string(read(t, "compose/pinkstar.yaml")), p.Command},
	}
	var k8s, k8sArgs = "", []string(nil)
	for doc := range strings.SplitSeq(string(read(t, "kubernetes/pinkstar.yaml")), "\n---\n") {
		var o struct {
			Kind string            `yaml:"kind"`
			Data map[string]string `yaml:"data"`
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct {
							Args []string `yaml:"args"`
						} `yaml:"containers"`
					} `yaml:"spec"`
				} `yaml:"template"`
			} `yaml:"spec"`
		}
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatal(err)
		}
		switch o.Kind {
		case "ConfigMap":
			k8s = o.Data["pinkstar.yaml"]
		case "Deployment":
			k8sArgs = o.Spec.Template.Spec.Containers[0].Args
		}
	}
	var chart struct {
		Config map[string]any `yaml:"config"`
	}
	if err := yaml.Unmarshal(read(t, "helm/pinkstar/values.yaml"), &chart); err != nil {
		t.Fatal(err)
	}
	helm, err := yaml.Marshal(chart.Config)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`(?m)^ExecStart=\S+ (.*)$`).FindStringSubmatch(string(read(t, "systemd/pinkstar.service")))
	docker := regexp.MustCompile(`(?m)^CMD \[(.*)\]$`).FindStringSubmatch(string(read(t, "docker/Dockerfile")))
	if m == nil || docker == nil || k8s == "" || k8sArgs == nil || len(chart.Config) == 0 {
		t.Fatal("deploy/ looks otherwise than this test knows")
	}
	return append(ways,
		shipped{"kubernetes", k8s, k8sArgs},
		shipped{"helm", string(helm), k8sArgs},
		shipped{"docker", string(read(t, "docker/pinkstar.yaml")), strings.Fields(strings.NewReplacer(`"`, "", ",", " ").Replace(docker[1]))},
		shipped{"systemd", string(read(t, "systemd/pinkstar.yaml")), strings.Fields(m[1])})
}

// load reads a shipped configuration as `pinkstar run` does.
func (s shipped) load(t *testing.T, text string) (*config.Config, error) {
	t.Helper()
	in := config.Inputs{File: file(t, "pinkstar.yaml", text), Env: func(string) string { return "" }, Flags: map[string]string{}}
	for i := 0; i+1 < len(s.args); i++ {
		if name, ok := strings.CutPrefix(s.args[i], "--"); ok && name != "config" {
			in.Flags[name] = s.args[i+1]
		}
	}
	return config.Load(in)
}

// TestWhatIsShippedIsSafe: every configuration of deploy/ loads, and lets nobody
// in unknown; the same with its access taken away does not load, or listens on
// this machine only.
func TestWhatIsShippedIsSafe(t *testing.T) {
	section := regexp.MustCompile(`(?m)^(access|gateway):\n((  .*)?\n)*`)
	for _, s := range shippedWays(t) {
		cfg, err := s.load(t, s.file)
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if slices.Contains(s.args, "--insecure-open-to-anybody") || cfg.Access.InsecureOpenToAnybody {
			t.Errorf("%s is open to anybody", s.name)
		}
		local := access.Loopback(cfg.HTTP.Listen)
		for name, src := range cfg.Gateway.Sources {
			if len(src.Anybody) > 0 {
				t.Errorf("%s: anybody may send to %s", s.name, name)
			}
		}
		bare := section.ReplaceAllString(s.file, "")
		if _, err := s.load(t, bare); local != (err == nil) {
			t.Errorf("%s without its access: %v", s.name, err)
		}
		if !local && (len(cfg.Access.Tokens) == 0 || !cfg.Gateway.Guarded()) {
			t.Errorf("%s: listens on %s without asking who comes", s.name, cfg.HTTP.Listen)
		}
		if strings.Contains(s.file, "hush") || regexp.MustCompile(`(?i)(token|password): *[a-z0-9]{8}`).MatchString(s.file) {
			t.Errorf("%s holds a secret", s.name)
		}
	}
	// What compose opens to the machine around it, and what it does not.
	text := string(read(t, "compose/compose.yaml"))
	for _, m := range regexp.MustCompile(`ports: \[(.*)\]`).FindAllStringSubmatch(text, -1) {
		if !strings.HasPrefix(m[1], `"127.0.0.1:`) {
			t.Errorf("compose opens %s to everybody", m[1])
		}
	}
	for _, sender := range []string{"alertmanager/alertmanager.yml", "compose/alertmanager.yml", "compose/prometheus.yml"} {
		if !regexp.MustCompile(`(?m)^ +credentials_file: `).Match(read(t, sender)) {
			t.Errorf("%s sends no credentials", sender)
		}
	}
	// Images run as nobody, and the service in a user of its own.
	if stages := regexp.MustCompile(`(?m)^FROM \S+ AS (slim|embedded)\n(?:.+\n)*?USER 65532:65532\n`).FindAllString(string(read(t, "docker/Dockerfile")), -1); len(stages) != 2 {
		t.Errorf("%d of two images run as nobody", len(stages))
	}
}
