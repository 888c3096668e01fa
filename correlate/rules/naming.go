package rules

import (
	"fmt"
	"slices"

	"pinkstar/schemas"
)

// labelList is a list of labels of the rules, and what it is called and holds in the
// settings.
type labelList struct {
	rules, settings string
	list            *[]string
	named           []string
}

func (c *Correlation) labelLists(n *schemas.Naming) []labelList {
	return []labelList{
		{"service_labels", "service", &c.ServiceLabels, n.Service},
		{"weak_labels", "weak_service", &c.WeakLabels, n.WeakService},
		{"namespace_labels", "namespace", &c.NamespaceLabels, n.Namespace},
		{"host_labels", "host", &c.HostLabels, n.Host},
		{"instance_labels", "instance", &c.InstanceLabels, n.Instance},
		{"team_labels", "team", &c.TeamLabels, n.Team},
	}
}

// Named returns the set with the labels that n gives a meaning, so that they come
// into force with it, by the log. A list that the rules themselves write otherwise
// than by default stays, and twice says where there are two.
func (s *Set) Named(n *schemas.Naming) (set *Set, twice []string, err error) {
	usual := schemas.DefaultNaming()
	c := *s
	changed := false
	standing := new(s.Correlation).labelLists(&usual)
	for i, l := range c.Correlation.labelLists(n) {
		switch {
		case slices.Equal(*l.list, l.named):
		case !slices.Equal(*l.list, standing[i].named):
			twice = append(twice, fmt.Sprintf("correlation.%s of the rules is another list than labels.%s of the settings, and the correlator reads its own: keep the one of the settings, which holds for both",
				l.rules, l.settings))
		default:
			*l.list, changed = l.named, true
		}
	}
	if !changed {
		return s, twice, nil
	}
	if err := c.Seal(); err != nil {
		return nil, twice, err
	}
	return &c, twice, nil
}
