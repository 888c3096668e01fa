package clickhouse

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pinkstar/schemas"
)

// omitted are the wire fields that are in no column of their own, and why. What
// is below a field is omitted with it.
var omitted = map[string]map[string]string{
	schemas.Decisions.Name: {
		"signal.truncated":  "how much a payload was cut counts for the engine only",
		"signal.group_key":  "the sender's grouping is evidence, and told there",
		"signal.activation": "a control record gets no decision",
	},
	schemas.Incidents.Name: {
		"children": "v_incidents.parent_id says the same", "members": "from v_decisions", "recent_timeline": "from v_incident_timeline",
		"suspected_roots": "the first has columns; in body", "tickets": "keys have a column; the rest from v_tickets; in body",
		"links": inBody, "limited": inBody, "no_change": "v_incidents works it out from the candidates", "procedure": "who acts has columns; the rest in body",
		"children_omitted": inBody, "services_omitted": inBody, "tickets_omitted": inBody, "links_omitted": inBody, "members_omitted": inBody, "timeline_omitted": inBody,
	},
	schemas.Effects.Name:    {"head": "title and status have columns; the rest is how the incident was at that moment; in body", "ticket": inBody, "change": inBody, "to.people": "names have a column; in body"},
	schemas.Deliveries.Name: {"thread": "for who delivers the next message", "effect": "its own table has it"},
	schemas.Problems.Name: {"evidence": "read from body", "machine": "read from body", "cost.minutes": "minutes says it", "cost.measured": inBody, "cost.formula": inBody,
		"cost.basis": notOfSums, "cost.caught_up": notOfSums, "cost.direct_cost": notOfSums, "cost.users": notOfSums, "cost.figures": notOfSums},
}

const (
	inBody    = "in body, for the API"
	notOfSums = "a problem's cost is a sum over incidents, which have it"
)

// mixed are omitted fields of which a part does have a column.
var mixed = []string{"suspected_roots", "tickets", "head", "to.people", "procedure"}

// leaves calls f with every leaf of a wire type: its path, and a value of the
// type in which it alone is set.
func leaves(t *testing.T, typ reflect.Type, f func(path string, value reflect.Value)) {
	t.Helper()
	if typ == reflect.TypeFor[schemas.Labels]() {
		f("", reflect.ValueOf(schemas.Labels{{Name: "a", Value: "b"}}))
		return
	}
	switch typ.Kind() {
	case reflect.Struct:
		for i := range typ.NumField() {
			name, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			leaves(t, typ.Field(i).Type, func(path string, value reflect.Value) {
				s := reflect.New(typ).Elem()
				s.Field(i).Set(value)
				f(strings.TrimSuffix(name+"."+path, "."), s)
			})
		}
	case reflect.Pointer:
		leaves(t, typ.Elem(), func(path string, value reflect.Value) {
			p := reflect.New(typ.Elem())
			p.Elem().Set(value)
			f(path, p)
		})
	case reflect.Slice:
		leaves(t, typ.Elem(), func(path string, value reflect.Value) {
			f(path, reflect.Append(reflect.MakeSlice(typ, 0, 1), value))
		})
	default:
		v := reflect.New(typ).Elem()
		switch {
		case typ.Kind() == reflect.String:
			v.SetString("x")
		case typ.Kind() == reflect.Bool:
			v.SetBool(true)
		case v.CanInt():
			v.SetInt(1)
		case v.CanUint():
			v.SetUint(1)
		case v.CanFloat():
			v.SetFloat(1)
		default:
			t.Fatalf("no rule for %s", typ)
		}
		f("", v)
	}
}

// columnsOf returns what the columns of every table get of one record, without
// the whole JSON.
func columnsOf(t *testing.T, typ string, v any) string {
	t.Helper()
	value, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	g := kept[typ](1)
	if err := g.add(value, string(value)); err != nil {
		t.Fatalf("%s: %v", value, err)
	}
	var b strings.Builder
	for _, in := range g.inserts() {
		for _, c := range in.cols {
			if c.name != "body" {
				fmt.Fprintf(&b, "%s.%s=%v\n", in.table, c.name, c.values)
			}
		}
	}
	return b.String()
}

// Every field on the wire is in a column or is left out on purpose.
func TestEveryWireFieldHasItsColumn(t *testing.T) {
	for _, k := range schemas.Outcomes {
		n := k.Names()
		if kept[n.Type] == nil {
			t.Errorf("%s has no table", n.Name)
			continue
		}
		used := map[string]bool{}
		leaves(t, outcomeType(t, k), func(path string, value reflect.Value) {
			with := value.Interface()
			zero := reflect.New(value.Type()).Elem()
			if d, ok := with.(schemas.Decision); ok { // one without an id is refused
				base := schemas.Decision{SignalID: "id"}
				if d.SignalID == "" {
					d.SignalID = "id"
				}
				if d.Signal != nil {
					base.Signal = &schemas.Signal{}
				}
				with, zero = d, reflect.ValueOf(base)
			}
			changes := columnsOf(t, n.Type, with) != columnsOf(t, n.Type, zero.Interface())
			why, parent := "", path
			for parent != "" && why == "" {
				if why = omitted[n.Name][parent]; why == "" {
					parent, _, _ = cutLast(parent, ".")
				}
			}
			if why != "" {
				used[parent] = true
			}
			switch {
			case changes && why != "" && !slices.Contains(mixed, parent):
				t.Errorf("%s: %s is listed as omitted (%s), and is in a column", n.Name, path, why)
			case !changes && why == "":
				t.Errorf("%s: %s is in no column: add one, or say in omitted why not", n.Name, path)
			}
		})
		for path := range omitted[n.Name] {
			if !used[path] {
				t.Errorf("%s: %s is listed as omitted, and there is no such field", n.Name, path)
			}
		}
	}
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return "", s, false
	}
	return s[:i], s[i+len(sep):], true
}

// outcomeType returns the Go type of an outcome.
func outcomeType(t *testing.T, k schemas.AnyOutcome) reflect.Type {
	t.Helper()
	decode, ok := reflect.TypeOf(k).MethodByName("Decode")
	if !ok {
		t.Fatalf("%T has no Decode", k)
	}
	return decode.Type.Out(0).Elem()
}

// The columns that are written are those that the migrations made, no more and
// no fewer; and a shadow's table is like the one it shadows.
func TestTablesAreWhatTheMigrationsMade(t *testing.T) {
	conn := migrated(t)
	columns := func(table string) []string {
		var names []string
		rows, err := conn.Query(t.Context(), "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = ? AND default_kind != 'MATERIALIZED' ORDER BY name", table)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var n string
			if err := rows.Scan(&n); err != nil {
				t.Fatal(err)
			}
			names = append(names, n)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		return names
	}
	one := rangesTable.block(0).insert()
	all := []insert{one}
	for _, begin := range kept {
		all = append(all, begin(0).inserts()...)
	}
	if len(all) != len(kept)+4 { // a decision has its signal and may be one anew, an incident's costs are kept apart, and what was written is noted
		t.Errorf("%d tables", len(all))
	}
	for _, in := range all {
		var names []string
		for _, c := range in.cols {
			names = append(names, c.name)
		}
		slices.Sort(names)
		for _, table := range []string{in.table, in.shadow} {
			if table == "" {
				continue
			}
			if there := columns(table); !slices.Equal(names, there) {
				t.Errorf("table %s\nis written with %v\n          it has %v", table, names, there)
			}
		}
	}
}
