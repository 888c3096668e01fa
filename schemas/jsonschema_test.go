package schemas

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "write the JSON Schemas anew")

// published are the wire types and their files. The input form of a signal is
// what a producer writes: it may leave out everything that Pinkstar fills in.
var published = func() map[string]any {
	types := map[string]any{"signal": Signal{}}
	for _, k := range Outcomes {
		types[k.Names().Name] = k.(interface{ zero() any }).zero()
	}
	return types
}()

func (o *Outcome[T]) zero() any {
	var v T
	return v
}

// source is what the schemas take from the Go source: comments and constants.
type source struct {
	types  map[string]string   // type -> comment
	fields map[string]string   // type.field -> comment
	enums  map[string][]string // type -> values of its constants
}

func readSource(t *testing.T) source {
	t.Helper()
	s := source{map[string]string{}, map[string]string{}, map[string][]string{}}
	fset := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		here := map[string]bool{} // a type's words are the constants beside it
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range g.Specs {
				s.read(g, spec, here)
			}
		}
	}
	return s
}

func (s *source) read(g *ast.GenDecl, spec ast.Spec, here map[string]bool) {
	switch spec := spec.(type) {
	case *ast.TypeSpec:
		here[spec.Name.Name] = true
		s.types[spec.Name.Name] = oneLine(g.Doc.Text())
		st, ok := spec.Type.(*ast.StructType)
		if !ok {
			return
		}
		for _, f := range st.Fields.List {
			text := f.Doc.Text()
			if text == "" {
				text = f.Comment.Text()
			}
			for _, n := range f.Names {
				s.fields[spec.Name.Name+"."+n.Name] = oneLine(text)
			}
		}
	case *ast.ValueSpec:
		typ, ok := spec.Type.(*ast.Ident)
		if !ok || !here[typ.Name] || g.Tok != token.CONST || len(spec.Values) != 1 {
			return
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok {
			if v, err := strconv.Unquote(lit.Value); err == nil {
				s.enums[typ.Name] = append(s.enums[typ.Name], v)
			}
		}
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// schema is one JSON Schema; an ordered one, so that the files read well.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Ref         string             `json:"$ref,omitempty"`
	Type        any                `json:"type,omitempty"`
	Format      string             `json:"format,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Encoding    string             `json:"contentEncoding,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Properties  *properties        `json:"properties,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Additional  *schema            `json:"additionalProperties,omitempty"`
	Defs        map[string]*schema `json:"$defs,omitempty"`
}

type properties struct {
	names []string
	of    map[string]*schema
}

func (p *properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, n := range p.names {
		if i > 0 {
			b.WriteByte(',')
		}
		v, err := Marshal(p.of[n])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%q:%s", n, v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// of makes the schema of a type; structs become definitions.
func (s *source) of(t reflect.Type, defs map[string]*schema, input bool) *schema {
	switch {
	case t == reflect.TypeFor[Time]():
		if input {
			return &schema{Type: []string{"string", "integer", "null"}, Format: "date-time"}
		}
		return &schema{Type: []string{"string", "null"}, Format: "date-time"}
	case t == reflect.TypeFor[Labels]():
		value := &schema{Type: "string"}
		if input {
			value.Type = []string{"string", "number", "boolean", "null"}
		}
		return &schema{Type: "object", Additional: value}
	case t == reflect.TypeFor[[]byte]():
		return &schema{Type: []string{"string", "null"}, Encoding: "base64"}
	case t.Kind() == reflect.Pointer:
		return s.of(t.Elem(), defs, input)
	case t.Kind() == reflect.Slice:
		return &schema{Type: []string{"array", "null"}, Items: s.of(t.Elem(), defs, input)}
	case t.Kind() == reflect.Struct:
		if defs[t.Name()] == nil {
			defs[t.Name()] = &schema{}
			*defs[t.Name()] = *s.object(t, defs, input)
		}
		return &schema{Ref: "#/$defs/" + t.Name()}
	case t.Kind() == reflect.String && !input || t == reflect.TypeFor[Kind]() || t == reflect.TypeFor[Status]() || t == reflect.TypeFor[Action]():
		return &schema{Type: "string", Enum: s.enums[t.Name()]}
	case t.Kind() == reflect.String: // a severity in a team's own words
		return &schema{Type: "string"}
	}
	return &schema{Type: map[reflect.Kind]string{
		reflect.Bool: "boolean", reflect.Int: "integer", reflect.Int32: "integer", reflect.Int64: "integer", reflect.Float64: "number",
	}[t.Kind()]}
}

func (s *source) object(t reflect.Type, defs map[string]*schema, input bool) *schema {
	o := &schema{Type: "object", Description: s.types[t.Name()], Properties: &properties{of: map[string]*schema{}}}
	for f := range t.Fields() {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		v := s.of(f.Type, defs, input)
		v.Description = s.fields[t.Name()+"."+f.Name]
		o.Properties.names = append(o.Properties.names, name)
		o.Properties.of[name] = v
		if options != "omitempty" && !input {
			o.Required = append(o.Required, name)
		}
		if t := f.Type; !input && (t == reflect.TypeFor[Severity]() || t == reflect.TypeFor[Status]()) {
			// A severity nobody gave; the status of a tick or an activation.
			v.Enum = append(slices.Clip(v.Enum), "")
		}
	}
	return o
}

func (s *source) file(v any, input bool) []byte {
	t := reflect.TypeOf(v)
	defs := map[string]*schema{}
	o := s.object(t, defs, input)
	o.Schema = "https://json-schema.org/draft/2020-12/schema"
	o.Title = t.Name()
	if input {
		o.Title = "Signal, as a producer sends it"
		o.Description += " Only a name (or a label alertname, or a summary) is needed; id, scope and received_at are filled in by Pinkstar."
	}
	o.Defs = defs
	b, err := Marshal(o)
	if err != nil {
		panic(err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", "  "); err != nil {
		panic(err)
	}
	return append(out.Bytes(), '\n')
}

func TestJSONSchemasAreWhatTheGoTypesSay(t *testing.T) {
	s := readSource(t)
	files := map[string][]byte{"signal-input": s.file(Signal{}, true)}
	for name, v := range published {
		files[name] = s.file(v, false)
	}
	for name, want := range files {
		file := name + ".schema.json"
		if *update {
			if err := os.WriteFile(file, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what the Go types say (-update writes it anew): %v", file, err)
		}
	}
	for f, text := range s.fields {
		if strings.HasPrefix(f, "Signal.") && text == "" && f != "Signal.Status" && !strings.HasSuffix(f, "Summary") {
			t.Logf("%s has no comment", f)
		}
	}
}

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	b, err := JSONSchemas.ReadFile(name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.AddResource("mem:///"+name, doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("mem:///" + name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func valid(t *testing.T, s *jsonschema.Schema, text []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return s.Validate(v)
}

func TestWhatWeWriteFitsTheJSONSchemas(t *testing.T) {
	for name, v := range published {
		s := compile(t, name)
		p := reflect.New(reflect.TypeOf(v))
		if err := valid(t, s, mustMarshal(t, p.Interface())); err == nil && hasEnum(t, name) {
			t.Errorf("an empty %s fits its schema: enumerations are not checked", name)
		}
		n := 0
		fill(t, p.Elem(), &n)
		setWords(p.Elem())
		if err := valid(t, s, mustMarshal(t, p.Interface())); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func hasEnum(t *testing.T, name string) bool {
	t.Helper()
	b, err := os.ReadFile(name + ".schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Contains(b, []byte(`"enum"`))
}

// setWords replaces the filler in fields that take one of a few words.
func setWords(v reflect.Value) {
	words := map[string]string{
		"Kind": "alert", "Status": "firing", "Severity": "major", "Action": "note", "Verdict": "placed", "IncidentStatus": "open",
		"ProblemStatus": "open", "ActionItemStatus": "open", "EffectKind": "opened", "DeliveryState": "waiting",
	}
	switch v.Kind() {
	case reflect.Pointer:
		setWords(v.Elem())
	case reflect.Struct:
		for _, field := range v.Fields() {
			setWords(field)
		}
	case reflect.Slice:
		for i := range v.Len() {
			setWords(v.Index(i))
		}
	case reflect.String:
		if w, ok := words[v.Type().Name()]; ok {
			v.SetString(w)
		}
	}
}

func TestInputSchemaTakesWhatTheGatewayTakes(t *testing.T) {
	in, out := compile(t, "signal-input"), compile(t, "signal")
	small := []byte(`{"name":"x","severity":"P1","starts_at":1763807520123,"labels":{"n":1,"ok":true},"future_field":[1]}`)
	if err := valid(t, in, small); err != nil {
		t.Errorf("input: %v", err)
	}
	if err := valid(t, out, small); err == nil {
		t.Error("a producer's short form passes for a complete signal")
	}
	for _, bad := range []string{`{"kind":"weather"}`, `{"labels":["a"]}`, `{"ticket":{"links":"A-1"}}`, `[]`, `{"command":{"action":"explode"}}`} {
		if err := valid(t, in, []byte(bad)); err == nil {
			t.Errorf("%s fits the input schema", bad)
		}
	}
}

func fixtureFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/v1/*.json")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d fixtures, %v", len(files), err)
	}
	return files
}
