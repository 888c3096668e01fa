package ingest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pinkstar/correlate/rules/strict"
	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// ownFields are the fields of our own signals, by the object they stand in: "" is
// the signal itself.
var ownFields = map[string][]string{
	"":        fieldsOf[schemas.Signal](),
	"ticket":  fieldsOf[schemas.Ticket](),
	"change":  fieldsOf[schemas.Change](),
	"impact":  fieldsOf[schemas.Impact](),
	"command": fieldsOf[schemas.Command](),
}

func fieldsOf[T any]() (out []string) {
	for f := range reflect.TypeFor[T]().Fields() {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name != "" && name != "-" {
			out = append(out, name)
		}
	}
	return out
}

// meant are words of others for our fields that are not near them in spelling.
var meant = map[string]string{
	"title": "name", "alertname": "name", "message": "summary", "text": "description", "app": "service", "env": "environment", "priority": "severity",
	"level": "severity", "owner": "team", "tags": "labels", "start": "starts_at", "started_at": "starts_at", "startsat": "starts_at", "timestamp": "starts_at",
	"time": "starts_at", "end": "ends_at", "ended_at": "ends_at", "endsat": "ends_at", "link": "url", "runbook_url": "runbook", "type": "kind", "state": "status",
	"suppress": "change.suppress", "matchers": "change.matchers", "services": "change.services", "key": "ticket.key",
}

// maxUnknown bounds how many unknown fields one answer names.
const maxUnknown = 20

// unknownFields notes which fields of one of our own signals, before which r
// stands, nobody reads, and what may have been meant. They are no fault: a
// program may tell more than we ask for.
func (b *batch) unknownFields(r *jsonscan.Reader, in string) error {
	return r.Object(func(name string) error {
		path := name
		if in != "" {
			path = in + "." + name
		}
		switch {
		case in == "" && ownFields[name] != nil && r.Kind() == jsonscan.Object:
			return b.unknownFields(r, name)
		case slices.Contains(ownFields[in], name), statusMembers[bareName(name)]:
			return r.Skip()
		}
		b.unknown(path, in)
		return r.Skip()
	})
}

func (b *batch) unknown(path, in string) {
	_, name, ok := strings.Cut(path, ".")
	if !ok {
		name = path
	}
	hint := ""
	if m := meant[strings.ToLower(strings.ReplaceAll(name, "-", "_"))]; m != "" && in == "" {
		hint = fmt.Sprintf("; did you mean %q?", m)
	} else if near, ok := strict.Nearest(name, ownFields[in]); ok {
		hint = fmt.Sprintf("; did you mean %q?", near)
	}
	if b.warned == nil {
		b.warned = map[string]bool{}
	}
	if len(b.warned) < maxUnknown {
		b.warned[fmt.Sprintf("field %q is not known and was ignored%s", path, hint)] = true
	}
}

// warnings are what is to be said of signals that were taken.
func (b *batch) warnings() []string { return slices.Sorted(maps.Keys(b.warned)) }
