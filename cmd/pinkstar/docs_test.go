package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
)

// documents are what people read first: the README and .github/*.md, by their
// names from the root of the project.
func documents(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../../.github/*.md")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range append(names, "../../README.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimPrefix(filepath.ToSlash(name), "../../")] = string(text)
	}
	if len(out) < 5 {
		t.Fatalf("only %d documents found", len(out))
	}
	return out
}

// notInDocuments are what no document may hold: paths of somebody's machine, and
// addresses of package registries.
var notInDocuments = regexp.MustCompile(`(?:^|[\s"'(` + "`" + `])(/(?:home|root|Users|tmp|work|mnt)/\S*)|((?:registry\.[a-z]+|proxy\.golang|sum\.golang|ghcr|docker|quay|pypi)\.(?:org|com|io))`)

// link is a link or a picture in Markdown.
var link = regexp.MustCompile(`\]\(([^)\s]+)\)`)

// path is one of the project's in a document; where it holds a placeholder such
// as NAME, it is none.
var path = regexp.MustCompile("`((?:cmd|correlate|pipeline|sinks|schemas|deploy|\\.ci|\\.github)/[a-z0-9_./-]+)`")

// faultsOf says what is wrong with a document that stands in a directory.
func faultsOf(dir, text string) []string {
	var faults []string
	for _, m := range link.FindAllStringSubmatch(text, -1) {
		target, anchor, _ := strings.Cut(m[1], "#")
		if strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
			continue
		}
		read := text
		if target != "" {
			if _, err := os.Stat(filepath.Join(dir, target)); err != nil {
				faults = append(faults, "the link "+m[1]+" leads nowhere")
				continue
			}
			if anchor != "" {
				b, err := os.ReadFile(filepath.Join(dir, target))
				if err != nil {
					faults = append(faults, "the link "+m[1]+": "+err.Error())
					continue
				}
				read = string(b)
			}
		}
		if anchor != "" && !slices.Contains(anchors(read), anchor) {
			faults = append(faults, "the link "+m[1]+" has no such heading")
		}
	}
	for _, m := range path.FindAllStringSubmatch(text, -1) {
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			faults = append(faults, "there is no "+m[1])
		}
	}
	for _, m := range notInDocuments.FindAllStringSubmatch(text, -1) {
		faults = append(faults, "it names "+m[1]+m[2])
	}
	return faults
}

// heading is one in Markdown; inHeading what of it does not reach its anchor.
var (
	heading   = regexp.MustCompile(`(?m)^#+ (.+)$`)
	inHeading = regexp.MustCompile("[^a-z0-9 _-]")
)

// anchors are the headings of a document as links name them.
func anchors(text string) []string {
	var out []string
	for _, m := range heading.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.ReplaceAll(inHeading.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-"))
	}
	return out
}

func TestDocumentsLinkToWhatIsThere(t *testing.T) {
	for name, text := range documents(t) {
		for _, fault := range faultsOf(filepath.Join("../..", filepath.Dir(name)), text) {
			t.Errorf("%s: %s", name, fault)
		}
	}
	bad := "# One\n[a](nowhere.md) [b](../../README.md#nothing) [c](#none) in `correlate/none.go`, /home/ada/x, `/root/y` and from registry.npmjs.org"
	if faults := faultsOf(".", bad); len(faults) != 7 {
		t.Errorf("a bad document has the faults %q", faults)
	}
	if faults := faultsOf(".", "# One or two\n[a](doc.go) [b](../../README.md#limits) [c](#one-or-two) `correlate/doc.go` `pipeline/ingest/NAME.go` https://example.org/home/x"); len(faults) != 0 {
		t.Errorf("a good document has the faults %q", faults)
	}
}

// The README is for somebody who has never heard of Pinkstar.
func TestTheReadmeIsShort(t *testing.T) {
	if n := len(strings.Fields(documents(t)["README.md"])); n < 600 || n > 800 {
		t.Errorf("README.md has %d words; 600 to 800 are read, the rest belongs into .github", n)
	}
}

// What documents call a view is one.
func TestDocumentsNameViewsThatThereAre(t *testing.T) {
	files, err := filepath.Glob("../../sinks/clickhouse/views/v_*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no views: %v", err)
	}
	view := regexp.MustCompile(`\bv_[a-z_]+`)
	for name, text := range documents(t) {
		for _, v := range view.FindAllString(text, -1) {
			if !slices.Contains(files, "../../sinks/clickhouse/views/"+v+".sql") {
				t.Errorf("%s: there is no view %s", name, v)
			}
		}
	}
	for _, file := range files {
		v := strings.TrimSuffix(filepath.Base(file), ".sql")
		if !strings.Contains(documents(t)[".github/SQL.md"], "\n## "+v+"\n") {
			t.Errorf("SQL.md does not say that there is %s", v)
		}
	}
}

// TestTheDocumentsCommandLines asks for the help of every command that documents
// name, with the flags that they name.
func TestTheDocumentsCommandLines(t *testing.T) {
	line := regexp.MustCompile("(?m)(?:^    |`|\\./|/cmd/)pinkstar ([a-z][^`\n#]*)")
	found := 0
	for name, text := range documents(t) {
		for _, m := range line.FindAllStringSubmatch(text, -1) {
			found++
			commandExists(t, name, m[1])
		}
	}
	if found < 20 {
		t.Fatalf("only %d command lines found", found)
	}
}

// commandExists fails the test unless what a document calls is a command with
// these flags.
func commandExists(t *testing.T, document, line string) {
	t.Helper()
	c := newCLI(world{out: io.Discard, err: os.Stderr, getenv: func(string) string { return "" }})
	commands, flags := c.app.Model().Commands, c.app.Model().Flags
	var called []string
	for word := range strings.FieldsSeq(line) {
		if i := slices.IndexFunc(commands, func(k *kingpin.CmdModel) bool { return k.Name == word }); i >= 0 {
			called, flags, commands = append(called, word), append(slices.Clone(flags), commands[i].Flags...), commands[i].Commands
			continue
		}
		if name, ok := strings.CutPrefix(word, "--"); ok && !slices.ContainsFunc(flags, func(f *kingpin.FlagModel) bool { return f.Name == name }) {
			t.Errorf("%s: pinkstar %s: there is no --%s", document, line, name)
		}
	}
	if got := command(t, "", append(called, "--help")...); len(called) == 0 || len(commands) > 0 || got.code != exitOK || !strings.Contains(got.out, "usage: pinkstar "+strings.Join(called, " ")) {
		t.Errorf("%s: pinkstar %s: %q is no whole command; exit code %d: %s", document, line, called, got.code, got.err)
	}
}

// The hosted workflow runs every step of .ci/run, and no other.
func TestTheWorkflowRunsEveryStep(t *testing.T) {
	steps := func(file, expr string) []string {
		text, err := os.ReadFile("../../" + file)
		if err != nil {
			t.Fatal(err)
		}
		m := regexp.MustCompile(expr).FindSubmatch(text)
		if m == nil {
			t.Fatalf("%s: nothing matches %s", file, expr)
		}
		return strings.Fields(strings.ReplaceAll(string(m[1]), ",", " "))
	}
	ours, hosted := steps(".ci/run", `\|\| steps=\(([^)]+)\)`), steps(".github/workflows/ci.yml", `step: \[([^\]]+)\]`)
	if !slices.Equal(ours, hosted) {
		t.Errorf(".ci/run has the steps %q, the workflow runs %q", ours, hosted)
	}
}
