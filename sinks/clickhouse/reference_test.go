package clickhouse

import (
	command "flag"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

var update = command.Bool("update", false, "write .github/SQL.md anew")

// referenceFile is the page about the views. It is made from their files alone,
// so that what a column means is written once, where the column is.
const referenceFile = "../../.github/SQL.md"

const referenceHead = `# The SQL views

Made from ` + "`sinks/clickhouse/views`" + ` by ` + "`go test ./sinks/clickhouse -run TestTheReference -update`" + `: change it there. The same
texts are in the database (` + "`DESCRIBE v_incidents`" + `). The views are the contract; the tables behind them may change.

What holds for all of them:

- **Times** are UTC, with milliseconds. NULL is "not known".
- **Main incidents** (` + "`is_main`" + `) contain what is below them. Count them, and sum costs, over main incidents only.
- **Late data, corrections, redeliveries** replace the row that they correct: a row is always the latest state.
- **Imported history** (` + "`imported`" + `) is in every count and has its durations; it has no ` + "`detected_at`" + `, no cost and no notices, so
  it is in no time to detect and no time to acknowledge.
- **Durations**: report medians and quantiles with their number of incidents, not means alone.
- **Several currencies** are never added up.
`

// viewText are the parts of a view's file.
var (
	viewHead    = regexp.MustCompile(`(?s)^((?:--[^\n]*\n)*)CREATE OR REPLACE VIEW (\w+)\n\(\n(.*?)\n\)\nAS `)
	viewColumn  = regexp.MustCompile(`(?s)^(\w+)\s+(.*?)(?:\s+COMMENT '((?:[^']|'')*)')?$`)
	viewComment = regexp.MustCompile(`(?s)\nCOMMENT '((?:[^']|'')*)';\n$`)
)

// columnsIn splits what stands between a view's parentheses at the commas that
// are outside of parentheses and texts.
func columnsIn(list string) []string {
	var out []string
	depth, quoted, from := 0, false, 0
	for i, r := range list {
		switch {
		case r == '\'':
			quoted = !quoted
		case quoted:
		case r == '(':
			depth++
		case r == ')':
			depth--
		case r == ',' && depth == 0:
			out = append(out, strings.TrimSpace(list[from:i]))
			from = i + 1
		}
	}
	return append(out, strings.TrimSpace(list[from:]))
}

func unquoted(s string) string { return strings.ReplaceAll(s, "''", "'") }

// cell is a text inside of a Markdown table.
func cell(s string) string { return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ") }

// referenceOf is the page's part about one view.
func referenceOf(text string) (string, error) {
	head, comment := viewHead.FindStringSubmatch(text), viewComment.FindStringSubmatch(text)
	if head == nil || comment == nil {
		return "", fmt.Errorf("it has not the form of the other views: comments, CREATE OR REPLACE VIEW, columns, AS ..., COMMENT")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n%s.\n", head[2], strings.TrimSuffix(unquoted(comment[1]), "."))
	if lead := strings.TrimSpace(regexp.MustCompile(`(?m)^-- ?`).ReplaceAllString(head[1], "")); lead != "" {
		fmt.Fprintf(&b, "\n%s\n", lead)
	}
	b.WriteString("\n| column | type | meaning |\n|---|---|---|\n")
	for _, c := range columnsIn(head[3]) {
		m := viewColumn.FindStringSubmatch(c)
		if m == nil {
			return "", fmt.Errorf("column %q", c)
		}
		typ := strings.NewReplacer("LowCardinality(String)", "String", "DateTime64(3, 'UTC')", "DateTime64").Replace(strings.Join(strings.Fields(m[2]), " "))
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", m[1], cell(typ), cell(unquoted(m[3])))
	}
	return b.String(), nil
}

// TestTheReferenceIsCurrent: what .github/SQL.md says is what the views say.
func TestTheReferenceIsCurrent(t *testing.T) {
	vs, err := views(schemaFiles)
	if err != nil {
		t.Fatal(err)
	}
	page := referenceHead
	for _, v := range vs {
		if !strings.HasPrefix(v.Name, "views/v_") {
			continue // for other views
		}
		text, err := schemaFiles.ReadFile(v.Name)
		if err != nil {
			t.Fatal(err)
		}
		part, err := referenceOf(string(text))
		if err != nil {
			t.Fatalf("%s: %v", v.Name, err)
		}
		page += part
	}
	if *update {
		if err := os.WriteFile(referenceFile, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	there, err := os.ReadFile(referenceFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(there) != page {
		t.Errorf("%s is not what the views say: run with -update, and read the difference", referenceFile)
	}
	if part, err := referenceOf("CREATE OR REPLACE VIEW v_x\n(\n    a Array(Tuple(b String, c String)) COMMENT 'it''s, a|b',\n    d Int64\n)\nAS SELECT 1\nCOMMENT 'X';\n"); err != nil ||
		!strings.Contains(part, "| `a` | Array(Tuple(b String, c String)) | it's, a\\|b |\n| `d` | Int64 |  |\n") {
		t.Errorf("%v: %s", err, part)
	}
}
