package ingest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// tree is a JSON object as it is: what a sender writes of which we need a few
// members only, and not those of one level. Texts, numbers and booleans are
// strings; null is left out.
type tree map[string]any

// readTree reads the object that r stands before.
func readTree(r *jsonscan.Reader) (tree, error) {
	t := tree{}
	err := r.Object(func(name string) error {
		v, err := readAny(r)
		if v != nil {
			t[r.Own(name)] = v
		}
		return err
	})
	return t, err
}

func readAny(r *jsonscan.Reader) (any, error) {
	switch r.Kind() {
	case jsonscan.Object:
		return readTree(r)
	case jsonscan.Array:
		list := []any{}
		err := r.Array(func(int) error {
			v, err := readAny(r)
			list = append(list, v)
			return err
		})
		return list, err
	case jsonscan.Null:
		return nil, r.Skip()
	}
	return r.Text()
}

// at returns what stands at a path such as data.essentials.alertTargetIDs[0]; nil
// when there is nothing.
func (t tree) at(path string) any {
	var v any = t
	for step := range strings.SplitSeq(path, ".") {
		name, index, listed := strings.Cut(step, "[")
		if name != "" {
			object, ok := v.(tree)
			if !ok {
				return nil
			}
			v = object[name]
		}
		for listed {
			var n string
			n, index, _ = strings.Cut(index, "]")
			list, ok := v.([]any)
			i, err := strconv.Atoi(n)
			if !ok || err != nil || i < 0 || i >= len(list) {
				return nil
			}
			v = list[i]
			_, index, listed = strings.Cut(index, "[")
		}
	}
	return v
}

// text returns the first text that stands at one of the paths, "" for none. A
// placeholder that its sender did not fill in is none.
func (t tree) text(paths ...string) string {
	for _, p := range paths {
		if s, ok := t.at(p).(string); ok && !unfilled(s) {
			return s
		}
	}
	return ""
}

// unfilled tells what is left of a template: {EVENT.RECOVERY.DATE}, $HOSTNAME,
// *UNKNOWN* of Zabbix.
func unfilled(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || s == "*UNKNOWN*" || s == "null" || strings.HasPrefix(s, "{") && strings.HasSuffix(s, "}") && !strings.ContainsAny(s, " \":") ||
		len(s) > 1 && s[0] == '$' && strings.Trim(s[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ_$") == ""
}

// texts returns all texts of a list, or the one that stands there.
func (t tree) texts(path string) []string {
	var out []string
	switch v := t.at(path).(type) {
	case string:
		if !unfilled(v) {
			out = append(out, v)
		}
	case []any:
		for _, one := range v {
			if s, ok := one.(string); ok && s != "" {
				out = append(out, s)
			}
		}
	}
	return out
}

func (t tree) object(path string) tree {
	v, ok := t.at(path).(tree)
	if !ok {
		return tree{}
	}
	return v
}

// time reads the first time that stands at one of the paths: RFC 3339, with or
// without a colon in the offset, or a number since 1970.
func (t tree) time(paths ...string) (schemas.Time, error) {
	for _, p := range paths {
		s := strings.TrimSpace(t.text(p))
		if s == "" || s == "0" {
			continue
		}
		at, err := anyTime(s)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", p, err)
		}
		return at, nil
	}
	return 0, nil
}

func anyTime(s string) (schemas.Time, error) {
	if s[0] >= '0' && s[0] <= '9' && !strings.ContainsAny(s[:min(len(s), 5)], "-") || s[0] == '-' {
		r := jsonscan.New(s)
		if at, err := schemas.ReadTime(&r); err == nil && r.End() == nil {
			return at, nil
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05.999999999-0700", "2006-01-02 15:04:05.999999999-07:00", "2006-01-02 15:04:05 MST"} {
		if at, err := time.Parse(layout, s); err == nil && (layout[len(layout)-1] != 'T' || strings.HasSuffix(s, "UTC")) {
			return schemas.TimeOf(at), nil
		}
	}
	return schemas.ParseTime(s)
}

// flat are an object's own texts, as labels.
func (t tree) flat(into map[string]string) {
	for name, v := range t {
		if s, ok := v.(string); ok && !unfilled(s) {
			into[name] = s
		}
	}
}

// tags reads "env:prod" or "env=prod", as a list or with commas between, as labels.
func tags(list []string, into map[string]string) {
	var plain []string
	for _, one := range list {
		for v := range strings.SplitSeq(one, ",") {
			v = strings.TrimSpace(v)
			if i := strings.IndexAny(v, ":="); i > 0 && i < len(v)-1 {
				into[v[:i]] = strings.TrimSpace(v[i+1:])
			} else if v != "" {
				plain = append(plain, v)
			}
		}
	}
	if len(plain) > 0 {
		slices.Sort(plain)
		into["tags"] = strings.Join(plain, ",")
	}
}

// plainNames is t with its own names in lower case and without anything but
// letters and digits: EVENT.ID, event_id and Event_Id are one.
func (t tree) plainNames() tree {
	out := make(tree, len(t))
	names := make([]string, 0, len(t))
	for name := range t {
		names = append(names, name)
	}
	slices.Sort(names) // of two that become one, the same counts each time
	for _, name := range names {
		out[plainName(name)] = t[name]
	}
	return out
}

func plainName(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		}
		return -1
	}, name)
}

// plain says which of an object's members there are, by plainName.
func (m members) plain(names ...string) bool {
	for _, want := range names {
		if !m.anyPlain(want) {
			return false
		}
	}
	return true
}

func (m members) anyPlain(names ...string) bool {
	for have := range m {
		if slices.Contains(names, plainName(have)) {
			return true
		}
	}
	return false
}

// alertFrom reads one alert out of a tree.
func (b *batch) alertFrom(r *jsonscan.Reader, source Source, read func(tree, *schemas.Signal) error) error {
	return b.element(r, "", -1, func(s *schemas.Signal) error {
		t, err := readTree(r)
		if err != nil {
			return err
		}
		s.Kind, s.Source, s.Status = schemas.KindAlert, string(source), schemas.StatusFiring
		return read(t, s)
	})
}

// over makes s the end of what it reports: from start, when the sender repeats
// it, to end.
func over(s *schemas.Signal, start, end schemas.Time) {
	if start == 0 {
		resolvedAt(s, end)
		return
	}
	s.Status, s.StartsAt, s.EndsAt = schemas.StatusResolved, start, end
}
