package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layer is a part of the tree and what of Pinkstar it may import.
type layer struct {
	prefix string
	may    []string
}

// rooms are the parts of the engine, below correlate/internal, in the order in
// which they build on each other, with what each may import of those before it.
// All may import rules and schemas; nobody else than the engine imports them.
var rooms = []layer{
	{"codec", nil},
	{"phrase", nil},
	{"money", nil},
	{"business", []string{"codec"}},
	{"odds", nil},
	{"topology", nil},
	{"evidence", []string{"phrase"}},
	{"problem", []string{"phrase", "money", "odds", "topology"}},
	{"state", []string{"codec", "phrase", "business", "topology", "evidence", "problem"}},
	{"identity", []string{"topology", "state"}},
	{"scoring", []string{"phrase", "topology", "evidence", "state", "identity"}},
	{"cause", []string{"odds", "phrase", "topology", "evidence", "problem", "state"}},
	{"impact", []string{"phrase", "money", "business", "state"}},
	{"effect", []string{"phrase", "state", "cause"}},
	{"lifecycle", []string{"phrase", "money", "business", "topology", "evidence", "problem", "state", "identity", "scoring", "cause", "impact", "effect"}},
	{"intake", []string{"phrase", "money", "evidence", "state", "identity", "scoring", "impact", "lifecycle"}},
	{"operator", []string{"phrase", "evidence", "problem", "state", "identity", "scoring", "cause", "lifecycle"}},
}

const roomsPrefix = "pinkstar/correlate/internal/"

// layers, the longest prefix first. Imports point one way:
// schemas <- correlate <- pipeline <- cmd, schemas <- sinks <- cmd. The binary
// pinkstar carries nothing of cmd/evaluate.
var layers = []layer{
	{"pinkstar/correlate/", []string{"pinkstar/correlate", "pinkstar/schemas"}},
	{"pinkstar/correlate", []string{"pinkstar/correlate/internal", "pinkstar/correlate/rules", "pinkstar/schemas"}},
	{"pinkstar/schemas", []string{"pinkstar/schemas"}},
	{"pinkstar/pipeline", []string{"pinkstar/pipeline", "pinkstar/correlate", "pinkstar/schemas"}},
	{"pinkstar/sinks", []string{"pinkstar/sinks", "pinkstar/schemas"}},
	{"pinkstar/cmd/evaluate", []string{"pinkstar/cmd/evaluate", "pinkstar/correlate", "pinkstar/schemas"}},
	{"pinkstar/cmd/pinkstar", []string{"pinkstar/cmd/pinkstar", "pinkstar/pipeline", "pinkstar/sinks", "pinkstar/correlate", "pinkstar/schemas"}},
}

const engineLayer = 1 // in layers

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
			i = engineLayer
		}
		if strings.HasPrefix(p.ImportPath, roomsPrefix) {
			continue // TestRoomsBuildOnEachOther
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
			if (i == engineLayer || p.ImportPath == "pinkstar/correlate/learn") && slices.Contains(forbidden, imp) {
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

// TestTheEngineStartsNoGoroutine: neither the engine nor the schemas do, and so
// .ci/run leaves their own tests out of the race detector's.
func TestTheEngineStartsNoGoroutine(t *testing.T) {
	started := func(file string, src any) (lines []int) {
		set := gotoken.NewFileSet()
		f, err := parser.ParseFile(set, file, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if g, ok := n.(*ast.GoStmt); ok {
				lines = append(lines, set.Position(g.Pos()).Line)
			}
			return true
		})
		return lines
	}
	if len(started("control.go", "package p\nfunc f() { go f() }")) != 1 {
		t.Fatal("a goroutine is not seen")
	}
	files := 0
	for _, dir := range []string{"../../correlate", "../../schemas"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") {
				files++
				for _, line := range started(path, nil) {
					t.Errorf("%s:%d starts a goroutine: it is a function of its input, and the race detector does not watch it", path, line)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 50 {
		t.Errorf("only %d files were looked at", files)
	}
}

// Each room imports what the table allows, and the table allows only rooms that
// come before. What is built on the engine imports none.
func TestRoomsBuildOnEachOther(t *testing.T) {
	may := map[string][]string{}
	for _, r := range rooms {
		for _, m := range r.may {
			if _, before := may[m]; !before {
				t.Errorf("room %s may import %s, which does not come before it", r.prefix, m)
			}
		}
		may[r.prefix] = r.may
	}
	seen := map[string]bool{}
	for _, p := range listPackages(t) {
		room, isRoom := strings.CutPrefix(p.ImportPath, roomsPrefix)
		allowed, known := may[room]
		if isRoom && !known {
			t.Errorf("room %s is not in the table: say what it may import", room)
			continue
		}
		seen[room] = true
		for _, imp := range p.Imports {
			other, toRoom := strings.CutPrefix(imp, roomsPrefix)
			switch {
			case toRoom && isRoom && !slices.Contains(allowed, other):
				t.Errorf("room %s imports room %s; it may import %v", room, other, allowed)
			case toRoom && !isRoom && p.ImportPath != "pinkstar/correlate":
				t.Errorf("%s imports room %s: only the engine may", p.ImportPath, other)
			case isRoom && !toRoom && strings.HasPrefix(imp, "pinkstar/") && !under(imp, []string{"pinkstar/correlate/rules", "pinkstar/schemas"}):
				t.Errorf("room %s imports %s", room, imp)
			case isRoom && slices.Contains(forbidden, imp):
				t.Errorf("room %s imports %s: it is a function of its input", room, imp)
			}
		}
	}
	for _, r := range rooms {
		if !seen[r.prefix] {
			t.Errorf("there is no room %s: the test looks in the wrong place", r.prefix)
		}
	}
}
