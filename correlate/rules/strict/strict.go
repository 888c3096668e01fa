package strict

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// Fault is one thing that is wrong.
type Fault struct {
	File string
	// Line and Column count from 1; 0 when the fault is about the whole file or
	// about something that is not in it.
	Line, Column int
	// Path is where it is in words: http.listen, rules[2].match. It may be "".
	Path string
	Text string // what is wrong and what to do
	// Ignored marks what the library would pass over in silence.
	Ignored bool
}

// Error implements error: "file: line 3, column 5: path: text".
func (f *Fault) Error() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ": line %d, column %d", f.Line, f.Column)
		}
		b.WriteString(": ")
	}
	if f.Path != "" {
		b.WriteString(f.Path + ": ")
	}
	return b.String() + f.Text
}

// Faults is everything that is wrong, as one error.
type Faults []Fault

// Error implements error: one line for each fault, under a line that counts
// them when there are several.
func (fs Faults) Error() string {
	if len(fs) == 1 {
		return fs[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d mistakes:", len(fs))
	for i := range fs {
		b.WriteString("\n  " + fs[i].Error())
	}
	return b.String()
}

// Err returns the faults in the order of their places, or nil for none.
func (fs Faults) Err() error {
	if len(fs) == 0 {
		return nil
	}
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Text, b.Text))
	})
	return slices.CompactFunc(fs, func(a, b Fault) bool { return a == b })
}

// Of returns the faults that err consists of. An error of another kind is one
// fault without a place.
func Of(err error) Faults {
	if err == nil {
		return nil
	}
	if fs, ok := errors.AsType[Faults](err); ok {
		return fs
	}
	return Faults{{Text: err.Error()}}
}

// Within reports whether one of the faults is at path or inside it.
func (fs Faults) Within(path string) bool {
	return slices.ContainsFunc(fs, func(f Fault) bool {
		rest, ok := strings.CutPrefix(f.Path, path)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
	})
}

// Place is a line and column, from 1.
type Place struct{ Line, Column int }

// Document knows where each value of a text stands.
type Document struct {
	File   string
	places map[string]Place
}

// Place returns where path stands, or the innermost thing around it that is
// there; ok is false when nothing is.
func (d *Document) Place(path string) (p Place, ok bool) {
	for path != "" {
		if p, ok = d.places[path]; ok {
			return p, true
		}
		path = path[:max(strings.LastIndexAny(path, ".["), 0)]
	}
	return Place{}, false
}

// Fault returns a fault of the value at path.
func (d *Document) Fault(path, format string, args ...any) Fault {
	p, _ := d.Place(path)
	return Fault{File: d.File, Line: p.Line, Column: p.Column, Path: path, Text: fmt.Sprintf(format, args...)}
}

// Decode reads text over what into points to. file is only named in faults. An
// empty text changes nothing.
func Decode(file string, text []byte, into any, opts ...yaml.DecodeOption) (*Document, Faults) {
	d := &Document{File: file, places: map[string]Place{}}
	text = bytes.TrimPrefix(text, []byte("\ufeff")) // some editors begin a file with it
	var tree *ast.File
	err := guarded(func() (err error) {
		tree, err = parser.ParseBytes(text, 0)
		return err
	})
	if err != nil {
		return d, Faults{d.ofLibrary(err)}
	}
	var body ast.Node
	var faults Faults
	for _, doc := range tree.Docs {
		if doc != nil && doc.Body != nil && doc.Body.Type() != ast.CommentType && doc.Body.Type() != ast.DirectiveType {
			body = doc.Body
			break
		}
	}
	if p, is := secondDocument(text); is {
		faults = append(faults, Fault{File: file, Line: p.Line, Column: p.Column, Ignored: true,
			Text: "there is a second document after the first (---): one file holds one, and the rest would be ignored; take the line out, or make two files"})
	}
	if body == nil || body.Type() == ast.NullType {
		return d, faults
	}
	d.note(body, "")
	if _, isMapping := pairsOf(body); !isMapping && reflect.TypeOf(into).Elem().Kind() == reflect.Struct {
		p := placeOf(body)
		names := some(fieldNames(reflect.TypeOf(into).Elem()))
		return d, append(faults, Fault{File: file, Line: p.Line, Column: p.Column, Ignored: true, Text: "the file must begin with one of the keys " + names})
	}
	return d, append(faults, d.decode(text, body, reflect.ValueOf(into).Elem(), opts)...)
}

// secondDocument finds where a file goes on after its first document, or after
// an empty one. The library's tree does not show what follows two lines of ---.
func secondDocument(text []byte) (Place, bool) {
	var edge Place // of the line that ended the document, or began another
	headers, begun, directive := 0, false, false
	for _, t := range lexer.Tokenize(string(text)) {
		switch t.Type {
		case token.DirectiveType:
			directive = true
		case token.CommentType:
		case token.DocumentHeaderType, token.DocumentEndType:
			if headers++; t.Type == token.DocumentEndType && !begun {
				headers--
			}
			if (begun || headers > 1) && edge == (Place{}) {
				edge = Place{Line: t.Position.Line, Column: t.Position.Column}
			}
			directive = false
		default:
			if directive {
				continue
			}
			if edge != (Place{}) {
				return edge, true
			}
			begun = true
		}
	}
	return Place{}, false
}

func (d *Document) decode(text []byte, body ast.Node, into reflect.Value, opts []yaml.DecodeOption) Faults {
	fresh := reflect.New(into.Type())
	fresh.Elem().Set(into)
	err := guarded(func() error {
		return yaml.UnmarshalWithOptions(text, fresh.Interface(), append(slices.Clone(opts), yaml.Strict())...)
	})
	if err == nil {
		into.Set(fresh.Elem())
		return nil
	}
	w := walker{doc: d, opts: opts}
	w.value(body, into, "")
	if len(w.faults) == 0 { // in what the walk does not look into, such as aliases
		return Faults{d.ofLibrary(err)}
	}
	return w.faults
}

// guarded turns a panic of the YAML library, which odd tags bring about, into an
// error: a file must not take down who reads it.
func guarded(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("this can't be read as YAML; look for a tag (a word after !) or an alias (after *) that is not meant")
		}
	}()
	return f()
}

// ofLibrary turns an error of the YAML library into a fault.
func (d *Document) ofLibrary(err error) Fault {
	f := Fault{File: d.File, Text: err.Error()}
	if known, ok := errors.AsType[yaml.Error](err); ok {
		f.Text = known.GetMessage()
		if t := known.GetToken(); t != nil && t.Position != nil {
			f.Line, f.Column = t.Position.Line, t.Position.Column
		}
	}
	return f
}

// note writes down where everything below n stands.
func (d *Document) note(n ast.Node, path string) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			d.notePair(pair, path)
		}
	case *ast.MappingValueNode:
		d.notePair(n, path)
	case *ast.SequenceNode:
		for i, v := range n.Values {
			at := fmt.Sprintf("%s[%d]", path, i)
			d.places[at] = placeOf(v)
			d.note(v, at)
		}
	case *ast.AnchorNode:
		d.note(n.Value, path)
	case *ast.TagNode:
		d.note(n.Value, path)
	}
}

func (d *Document) notePair(pair *ast.MappingValueNode, path string) {
	at := join(path, keyOf(pair))
	d.places[at] = placeOf(pair.Key)
	switch pair.Value.(type) {
	case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode, *ast.NullNode:
	default:
		d.places[at] = placeOf(pair.Value)
	}
	d.note(pair.Value, at)
}

func placeOf(n ast.Node) Place {
	switch m := n.(type) { // whose own token is the colon
	case *ast.MappingNode:
		if len(m.Values) > 0 && !m.IsFlowStyle {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	if t := n.GetToken(); t != nil && t.Position != nil {
		return Place{t.Position.Line, t.Position.Column}
	}
	return Place{}
}

func keyOf(pair *ast.MappingValueNode) string {
	if s, ok := pair.Key.(*ast.StringNode); ok {
		return s.Value
	}
	return pair.Key.String()
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
