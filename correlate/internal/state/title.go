package state

import (
	"slices"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/schemas"
)

// ServiceNames are the services that inc affects, sorted.
func (inc *Incident) ServiceNames() []string {
	names := make([]string, 0, len(inc.Services))
	for _, p := range inc.Services {
		if p.Entity.Key.Kind == EntityService {
			names = append(names, p.Entity.Key.Name)
		}
	}
	slices.Sort(names)
	return names
}

// Size is how much there is of what a title names.
type Size struct{ Alerts, Services int64 }

// Title says what the tree is: what is worst in it, on which service, where it is
// suspected to come from, and how much there is.
func (t *Tree) Title() string {
	size := Size{int64(t.sum.alerts), int64(len(t.ServiceNames()))}
	return t.lead.titleAt(t.Main.Pub.Roots, size)
}

// Title says what it is in words people use: the worst alert, where it fired,
// where it is suspected to come from, and how much else there is.
func (inc *Incident) Title(size Size) string { return inc.titleAt(inc.Pub.Roots, size) }

func (inc *Incident) titleAt(roots []schemas.SuspectedRoot, size Size) string {
	name := inc.Worst
	if name == "" && len(inc.Tickets) > 0 {
		name = inc.Tickets[0].Key + " " + inc.Tickets[0].Title
	}
	if name == "" {
		name = "incident"
	}
	root := ""
	if len(roots) > 0 {
		root = roots[0].Service
	}
	where := inc.firedOn(name, root)
	if where == "" && len(inc.Services) > 0 {
		where = inc.Services[0].Entity.Key.Name
	}
	t := name
	if where != "" {
		t += " on " + where
	}
	if root != "" && where != "" && root != where {
		t += ", suspected root " + root
	}
	if more := size.Alerts - 1; more > 0 {
		t += " (+" + phrase.Plural(more, "alert")
		if size.Services > 1 {
			t += " on " + phrase.Plural(size.Services, "service")
		}
		t += ")"
	}
	return t
}

// titleAlerts is how many alerts are looked through for a title.
const titleAlerts = 500

// firedOn returns the service of the alert called name; when several have one,
// the suspected root is told.
func (inc *Incident) firedOn(name, root string) string {
	where := ""
	for _, a := range inc.Alerts[:min(len(inc.Alerts), titleAlerts)] {
		if a.Name != name {
			continue
		}
		if a.Service == root {
			return root
		}
		if where == "" {
			where = a.Service
		}
	}
	return where
}
