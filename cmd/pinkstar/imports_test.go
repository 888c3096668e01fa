package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// layer is a part of the tree and what of Pinkstar it may import.
type layer struct {
	prefix string
	may    []string
}

// layers, the longest prefix first. Imports point one way:
// schemas <- correlate <- pipeline <- cmd, schemas <- sinks <- cmd. The binary
// pinkstar carries nothing of cmd/evaluate.
var layers = []layer{
	{"pinkstar/correlate/", []string{"pinkstar/correlate", "pinkstar/schemas"}},
	{"pinkstar/correlate", []string{"pinkstar/correlate/rules", "pinkstar/schemas"}},
	{"pinkstar/schemas", []string{"pinkstar/schemas"}},
	{"pinkstar/pipeline", []string{"pinkstar/pipeline", "pinkstar/correlate", "pinkstar/schemas"}},
	{"pinkstar/sinks", []string{"pinkstar/sinks", "pinkstar/schemas"}},
	{"pinkstar/cmd/evaluate", []string{"pinkstar/cmd/evaluate", "pinkstar/correlate", "pinkstar/schemas"}},
	{"pinkstar/cmd/pinkstar", []string{"pinkstar/cmd/pinkstar", "pinkstar/pipeline", "pinkstar/sinks", "pinkstar/correlate", "pinkstar/schemas"}},
}

// forbidden is what the engine must not touch: time arrives with its input.
var forbidden = []string{"time", "net", "net/http", "os", "log", "log/slog", "math/rand", "math/rand/v2", "crypto/rand", "sync", "syscall", "unsafe"}

type listed struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "pinkstar/...")
	out, err := cmd.Output()
	if err != nil {
		if exit, ok := errors.AsType[*exec.ExitError](err); ok {
			t.Fatalf("go list: %s", exit.Stderr)
		}
		t.Fatal(err)
	}
	var pkgs []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return pkgs
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
}

func under(path string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool {
		return path == p || strings.HasPrefix(path, strings.TrimSuffix(p, "/")+"/")
	})
}

func TestImportsPointOneWay(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range listPackages(t) {
		i := slices.IndexFunc(layers, func(l layer) bool {
			return p.ImportPath == l.prefix || strings.HasPrefix(p.ImportPath, strings.TrimSuffix(l.prefix, "/")+"/")
		})
		if p.ImportPath == "pinkstar/correlate" { // the engine itself, not what is built on it
			i = 1
		}
		if i < 0 {
			t.Errorf("%s is in no layer", p.ImportPath)
			continue
		}
		seen[layers[i].prefix] = true
		for _, imp := range p.Imports {
			if strings.HasPrefix(imp, "pinkstar/") && !under(imp, layers[i].may) {
				t.Errorf("%s imports %s; it may import %v", p.ImportPath, imp, layers[i].may)
			}
			if (i == 1 || p.ImportPath == "pinkstar/correlate/learn") && slices.Contains(forbidden, imp) {
				t.Errorf("%s imports %s: it is a function of its input", p.ImportPath, imp)
			}
		}
	}
	for _, l := range layers {
		if !seen[l.prefix] {
			t.Errorf("no package is in layer %s: the test looks in the wrong place", l.prefix)
		}
	}
}
