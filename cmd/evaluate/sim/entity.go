package sim

import (
	"slices"

	"pinkstar/schemas"
)

// EntityOf names the service or host that a signal is about, as somebody would
// who knows every system by heart; "" when the signal does not tell.
func (w *World) EntityOf(s *schemas.Signal) string {
	if i, ok := w.estate.lookup(s); ok {
		return w.estate.services[i].name
	}
	for _, h := range w.estate.hosts {
		for _, l := range s.Labels {
			if schemas.StripPort(l.Value) == h.name {
				return h.name
			}
		}
	}
	return ""
}

// ServiceNames lists the services there are, sorted.
func (w *World) ServiceNames() []string {
	var names []string
	for _, s := range w.estate.services {
		names = append(names, s.name)
	}
	slices.Sort(names)
	return names
}
