package strict

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// walker reads what can be read and collects the faults of the rest.
type walker struct {
	doc    *Document
	opts   []yaml.DecodeOption
	faults Faults
}

// maxNamed is how many keys are listed to somebody who wrote an unknown one.
const maxNamed = 24

func (w *walker) fault(n ast.Node, path, format string, args ...any) {
	p := placeOf(n)
	w.faults = append(w.faults, Fault{File: w.doc.File, Line: p.Line, Column: p.Column, Path: path, Text: fmt.Sprintf(format, args...)})
}

func (w *walker) value(n ast.Node, into reflect.Value, path string) {
	switch at := n.(type) {
	case *ast.AnchorNode:
		w.value(at.Value, into, path)
		return
	case *ast.AliasNode, *ast.NullNode, nil: // the library judges; nothing keeps the default
		return
	}
	if readsItself(into.Type()) {
		w.leaf(n, into, path)
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		fresh := reflect.New(into.Type().Elem())
		w.value(n, fresh.Elem(), path)
		into.Set(fresh)
	case reflect.Struct:
		w.fields(n, into, path)
	case reflect.Map:
		w.entries(n, into, path)
	case reflect.Slice:
		w.elements(n, into, path)
	default:
		w.leaf(n, into, path)
	}
}

func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch at := n.(type) {
	case *ast.MappingNode:
		return at.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{at}, true
	}
	return nil, false
}

func (w *walker) fields(n ast.Node, into reflect.Value, path string) {
	pairs, ok := pairsOf(n)
	if !ok {
		w.fault(n, path, "this must be keys with values, each on its own line: %s", some(fieldNames(into.Type())))
		return
	}
	for _, pair := range pairs {
		if pair.Key.Type() == ast.MergeKeyType {
			continue
		}
		key := keyOf(pair)
		field, ok := fieldOf(into, key)
		if !ok {
			w.unknown(pair, key, path, fieldNames(into.Type()))
			continue
		}
		w.value(pair.Value, field, join(path, key))
	}
}

func (w *walker) unknown(pair *ast.MappingValueNode, key, path string, known []string) {
	hint := "; there are " + some(known)
	if near, ok := Nearest(key, known); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	w.fault(pair.Key, join(path, key), "unknown field%s", hint)
}

func (w *walker) entries(n ast.Node, into reflect.Value, path string) {
	pairs, ok := pairsOf(n)
	if !ok || into.Type().Key().Kind() != reflect.String {
		w.leaf(n, into, path)
		return
	}
	read := reflect.MakeMap(into.Type()) // not the default's own map: others hold it
	for _, k := range into.MapKeys() {
		read.SetMapIndex(k, into.MapIndex(k))
	}
	for _, pair := range pairs {
		if pair.Key.Type() == ast.MergeKeyType {
			continue
		}
		v := reflect.New(into.Type().Elem()).Elem()
		w.value(pair.Value, v, join(path, keyOf(pair)))
		read.SetMapIndex(reflect.ValueOf(keyOf(pair)).Convert(into.Type().Key()), v)
	}
	into.Set(read)
}

func (w *walker) elements(n ast.Node, into reflect.Value, path string) {
	list, ok := n.(*ast.SequenceNode)
	if !ok {
		if readsItself(into.Type().Elem()) { // what is one may be a secret
			w.fault(n, path, "this must be a list; put what stands here between [ and ]")
			return
		}
		w.fault(n, path, "this must be a list, such as [%s]", trimmed(n))
		return
	}
	read := reflect.MakeSlice(into.Type(), len(list.Values), len(list.Values))
	for i, v := range list.Values {
		w.value(v, read.Index(i), fmt.Sprintf("%s[%d]", path, i))
	}
	into.Set(read)
}

// leaf has the library read one value.
func (w *walker) leaf(n ast.Node, into reflect.Value, path string) {
	if len(ast.Filter(ast.AliasType, n)) > 0 {
		return
	}
	fresh := reflect.New(into.Type())
	err := guarded(func() error {
		return yaml.NodeToValue(n, fresh.Interface(), append(slices.Clone(w.opts), yaml.Strict())...)
	})
	if err == nil {
		into.Set(fresh.Elem())
		return
	}
	text := err.Error()
	if known, ok := errors.AsType[yaml.Error](err); ok {
		text = known.GetMessage()
		if t := known.GetToken(); t != nil && t.Position != nil && into.Kind() == reflect.Struct { // deeper inside
			w.faults = append(w.faults, Fault{File: w.doc.File, Line: t.Position.Line, Column: t.Position.Column, Path: path, Text: text})
			return
		}
	}
	if want, ok := kindWords[into.Kind()]; ok && into.Type().PkgPath() == "" {
		text = fmt.Sprintf("%s is not %s", trimmed(n), want)
	}
	w.fault(n, path, "%s", text)
}

var kindWords = map[reflect.Kind]string{
	reflect.Bool: "true or false", reflect.String: "a text",
	reflect.Int: "a whole number", reflect.Int16: "a whole number of the allowed size", reflect.Int32: "a whole number of the allowed size", reflect.Int64: "a whole number",
	reflect.Float64: "a number",
}

// trimmed is a value as it was written, short enough for a message.
func trimmed(n ast.Node) string {
	const most = 40
	text, _, more := strings.Cut(strings.TrimSpace(n.String()), "\n")
	if len(text) > most {
		text, more = strings.ToValidUTF8(text[:most], ""), true
	}
	if more {
		text += "..."
	}
	return text
}

// some lists words, but not too many.
func some(words []string) string {
	if len(words) > maxNamed {
		return strings.Join(words[:maxNamed], ", ") + fmt.Sprintf(" and %d more", len(words)-maxNamed)
	}
	return strings.Join(words, ", ")
}

// readsItself reports whether a type has its own way of being read.
func readsItself(t reflect.Type) bool {
	return slices.ContainsFunc([]reflect.Type{
		reflect.TypeFor[yaml.InterfaceUnmarshaler](), reflect.TypeFor[yaml.BytesUnmarshaler](),
		reflect.TypeFor[yaml.NodeUnmarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
	}, reflect.PointerTo(t).Implements)
}

// fieldOf returns the field that a key fills, looking into inlined structs.
func fieldOf(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		name, inline := tagOf(v.Type().Field(i))
		if inline {
			if f, ok := fieldOf(v.Field(i), key); ok {
				return f, true
			}
		} else if name == key {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func fieldNames(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		name, inline := tagOf(f)
		if inline {
			names = append(names, fieldNames(f.Type)...)
		} else if name != "" {
			names = append(names, name)
		}
	}
	return names
}

// tagOf reads a field's yaml tag; "" for a field that is not in the file.
func tagOf(f reflect.StructField) (name string, inline bool) {
	name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
	switch {
	case !f.IsExported() || name == "-":
		return "", false
	case strings.Contains(options, "inline"):
		return "", true
	case name == "":
		return strings.ToLower(f.Name), false
	}
	return name, false
}

// Each calls f with every value in the struct v, inlined ones too, and its path:
// with a pointer, and then with what it points to. f returns whether to look
// inside.
func Each(v reflect.Value, path string, f func(path string, v reflect.Value) bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && f(path, v.Elem()) {
			Each(v.Elem(), path, f)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch name, inline := tagOf(v.Type().Field(i)); {
			case inline:
				Each(v.Field(i), path, f)
			case name != "" && f(join(path, name), v.Field(i)):
				Each(v.Field(i), join(path, name), f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			if at := fmt.Sprintf("%s[%d]", path, i); f(at, v.Index(i)) {
				Each(v.Index(i), at, f)
			}
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
		for _, k := range keys {
			if at := join(path, k.String()); f(at, v.MapIndex(k)) {
				Each(v.MapIndex(k), at, f)
			}
		}
	}
}
