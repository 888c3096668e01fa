package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/kafkatest"
)

// tool runs the program that knows a kind of file, or skips: .ci/deploytools
// fetches those that are had quickly, and CI demands them.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		kafkatest.SkipOrFail(t, "deploytools", "%s is not on the PATH", name)
	}
	var remarks strings.Builder
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stderr = &remarks
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, remarks.String())
	}
	return string(out)
}

// refuses is the control of a tool: it must see a mistake.
func refuses(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err == nil {
		t.Errorf("%s %s sees no mistake: %s", name, strings.Join(args, " "), out)
	}
}

// spoilt is a copy of a file of deploy/ with a mistake in it.
func spoilt(t *testing.T, name, right, wrong string) string {
	t.Helper()
	text := string(read(t, name))
	if !strings.Contains(text, right) {
		t.Fatalf("%s has no %q to spoil", name, right)
	}
	return file(t, filepath.Base(name), strings.Replace(text, right, wrong, 1))
}

// TestTheChart: helm's linter and templates take it, and what comes out is what
// Kubernetes' schemas allow and pinkstar loads.
func TestTheChart(t *testing.T) {
	t.Parallel()
	const chart = deploy + "/helm/pinkstar"
	tool(t, "helm", "lint", "--strict", chart)
	all := []string{"template", "pinkstar", chart, "--set", "serviceMonitor.enabled=true", "--set", "rules.enabled=true", "--set", "files.rules\\.yaml=rules: []"}
	out := tool(t, "helm", all...)
	for _, kind := range []string{"ConfigMap", "Job", "Deployment", "Service", "PodDisruptionBudget", "ServiceMonitor", "PrometheusRule"} {
		if !strings.Contains(out, "\nkind: "+kind+"\n") {
			t.Errorf("the chart makes no %s", kind)
		}
	}
	for doc := range strings.SplitSeq(out, "\n---\n") {
		var o struct {
			Kind string            `yaml:"kind"`
			Data map[string]string `yaml:"data"`
		}
		if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
			t.Fatalf("%v:\n%s", err, doc)
		}
		if o.Kind != "ConfigMap" {
			continue
		}
		in := config.Inputs{File: file(t, "pinkstar.yaml", o.Data["pinkstar.yaml"]), Env: func(string) string { return "" }, Flags: map[string]string{}}
		if _, err := config.Load(in); err != nil {
			t.Errorf("the chart's settings: %v", err)
		}
		if o.Data["rules.yaml"] != "rules: []" && o.Data["rules.yaml"] != "rules: []\n" {
			t.Errorf("a file beside the settings became %q", o.Data["rules.yaml"])
		}
	}
	refuses(t, "helm", "template", "pinkstar", chart, "--set", "replicas=0")
	refuses(t, "helm", "template", "pinkstar", chart, "--set", "config.access.insecure_open_to_anybody=true")
	tool(t, "kubernetes-validate", "--strict", "--quiet", file(t, "chart.yaml", out))
}

// TestTheChartsValuesFitTheirSchema holds without helm, too: the defaults fit, and
// values that would let anybody in do not.
func TestTheChartsValuesFitTheirSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(deploy + "/helm/pinkstar/values.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	values := func() (v map[string]any) {
		if err := yaml.Unmarshal(read(t, "helm/pinkstar/values.yaml"), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if err := schema.Validate(values()); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(v map[string]any){
		"an unknown value":  func(v map[string]any) { v["replica"] = 1 },
		"no access":         func(v map[string]any) { delete(v["config"].(map[string]any), "access") },
		"nobody's token":    func(v map[string]any) { v["config"].(map[string]any)["access"].(map[string]any)["tokens"] = []any{} },
		"anybody may send":  func(v map[string]any) { delete(v["config"].(map[string]any), "gateway") },
		"a port of its own": func(v map[string]any) { v["config"].(map[string]any)["http"] = map[string]any{"listen": "0.0.0.0:9"} },
	} {
		v := values()
		spoil(v)
		if schema.Validate(v) == nil {
			t.Errorf("%s is allowed", name)
		}
	}
}

func TestKubernetesTakesTheObjects(t *testing.T) {
	t.Parallel()
	tool(t, "kubernetes-validate", "--strict", "--quiet", deploy+"/kubernetes/pinkstar.yaml", deploy+"/kubernetes/monitoring.yaml")
	refuses(t, "kubernetes-validate", "--strict", "--quiet", spoilt(t, "kubernetes/pinkstar.yaml", "replicas: 2", "replicas: two"))
}

func TestPrometheusTakesTheRules(t *testing.T) {
	t.Parallel()
	tool(t, "promtool", "check", "rules", deploy+"/prometheus/pinkstar.rules.yaml")
	refuses(t, "promtool", "check", "rules", spoilt(t, "prometheus/pinkstar.rules.yaml", "sum by (job, source, reason) (", "sum by (job, source, reason) "))
}

// TestComposeTakesTheFile: compose-go, the reader that Docker Compose is made of.
func TestComposeTakesTheFile(t *testing.T) {
	t.Parallel()
	tool(t, "compose-go", "-no-interpolation", deploy+"/compose/compose.yaml")
	refuses(t, "compose-go", "-no-interpolation", spoilt(t, "compose/compose.yaml", "depends_on:", "depend_on:"))
}

// TestSystemdTakesTheUnit: with the test's own binary in pinkstar's place, since
// systemd looks whether it is there.
func TestSystemdTakesTheUnit(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("systemd-analyze is not on the PATH") // a container has none
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	unit := spoilt(t, "systemd/pinkstar.service", "ExecStart=/usr/local/bin/pinkstar", "ExecStart="+self)
	wrong := spoilt(t, "systemd/pinkstar.service", "ProtectSystem=strict", "ProtectSystems=strict")
	for name, faulty := range map[string]bool{unit: false, wrong: true} {
		// It ends well in spite of keys that it does not know, and names them.
		out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", name).CombinedOutput()
		if said := err != nil || strings.Contains(string(out), "pinkstar.service"); said != faulty {
			t.Errorf("with a mistake: %t; systemd-analyze: %v: %s", faulty, err, out)
		}
	}
}
