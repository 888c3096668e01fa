package topology

import (
	"strings"

	"pinkstar/schemas"
)

// firstPart is a machine's name without its domain.
func firstPart(name string) string {
	short, _, _ := strings.Cut(name, ".")
	return short
}

// Machine is the name the topology has for a machine, with a domain or without,
// or else name itself.
func (t *Graph) Machine(name string) string {
	if _, ok := t.Hosts[name]; !ok && len(t.Hosts) > 0 {
		short := firstPart(name)
		if full := t.shortened[short]; full != "" && (full == short || name == short) { // not one of another domain
			return full
		}
	}
	return name
}

// IsMachine reports whether the topology knows a machine of this name.
func (t *Graph) IsMachine(name string) bool {
	_, ok := t.Hosts[t.Machine(name)]
	return ok || len(t.Instances[name]) > 1
}

// ServicesOn lists the services that run on a machine, which the topology names
// as a host or as an instance of several.
func (t *Graph) ServicesOn(name string) []int32 {
	if on := t.Hosts[name]; len(on) > 0 {
		return on
	}
	if on := t.Instances[name]; len(on) > 1 {
		return on
	}
	return nil
}

// Fold makes the spellings of one name equal: lower case, and '_', '.' and
// spaces become '-'.
func Fold(s string) string { return string(appendFolded(nil, s)) }

func appendFolded(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '_' || c == '.' || c == ' ' || c == '/':
			c = '-'
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// Folded returns the node of a declared name or alias, however it is written,
// or -1.
func (t *Graph) Folded(name string) int32 {
	var room [64]byte
	if n, ok := t.ByFolded[string(appendFolded(room[:0], name))]; ok {
		return n
	}
	return -1
}

// Exact returns the node of a declared name or alias, or -1.
func (t *Graph) Exact(name string) int32 {
	if n, ok := t.byName[name]; ok {
		return n
	}
	return -1
}

// LookupNonEmpty is Lookup, which finds nothing for no name.
func (t *Graph) LookupNonEmpty(name string) int32 {
	if name == "" {
		return -1
	}
	return t.Lookup(name)
}

// lookupsCap bounds how many names are kept that were looked up.
const lookupsCap = 1 << 16

// Lookup returns the node that name most likely means, or -1: exactly, folded,
// and for host-like names the first part.
func (t *Graph) Lookup(name string) int32 {
	if n, ok := t.byName[name]; ok {
		return n
	}
	if n, ok := t.lookups[name]; ok {
		return n
	}
	n := t.search(name)
	if len(t.lookups) >= lookupsCap {
		clear(t.lookups)
	}
	t.lookups[name] = n
	return n
}

func (t *Graph) search(name string) int32 {
	if _, rest, ok := strings.Cut(name, "://"); ok { // https://name.example.com/healthz
		rest, _, _ = strings.Cut(rest, "/")
		if name = schemas.StripPort(rest); name == "" {
			return -1
		}
	}
	if n, ok := t.ByFolded[Fold(name)]; ok {
		return n
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 && i+1 < len(name) { // namespace/name
		if n, ok := t.ByFolded[Fold(name[i+1:])]; ok {
			return n
		}
	}
	if i := strings.IndexByte(name, '.'); i > 0 { // name.namespace.svc.cluster.local
		if n, ok := t.ByFolded[Fold(name[:i])]; ok {
			return n
		}
	}
	return -1
}

// OfPod returns the service whose name is the longest prefix of a pod-like
// name on a '-' boundary, or of a name with a number at its end; -1 if none.
func (t *Graph) OfPod(name string) int32 {
	key := "pod\x00" + name
	if n, ok := t.lookups[key]; ok {
		return n
	}
	n := int32(-1)
	f := Fold(name)
	for p := f; p != "" && n < 0; {
		if i, ok := t.ByFolded[p]; ok {
			n = i
			break
		}
		if trimmed := strings.TrimRight(p, "0123456789"); trimmed != p {
			if i, ok := t.ByFolded[strings.TrimSuffix(trimmed, "-")]; ok && trimmed != "" {
				n = i
				break
			}
		}
		i := strings.LastIndexByte(p, '-')
		if i < 0 {
			break
		}
		p = p[:i]
	}
	if len(t.lookups) >= lookupsCap {
		clear(t.lookups)
	}
	t.lookups[key] = n
	return n
}
