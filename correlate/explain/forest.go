package explain

import (
	"slices"

	"pinkstar/schemas"
)

// maxPath bounds a path; a longer one would be a defect, not an explanation.
const maxPath = 1000

// path follows the anchors from a signal back to where its incident began.
func path(src Source, d *schemas.Decision, inc *schemas.Incident) []Step {
	var out []Step
	seen := map[string]bool{}
	for len(out) < maxPath && d != nil && !seen[d.SignalID] && d.IncidentID == inc.ID {
		seen[d.SignalID] = true
		out = append(out, stepOf(src, d))
		d = src.Decision(d.AnchorID)
	}
	slices.Reverse(out)
	for i := range out {
		out[i].Depth = i
	}
	return out
}

// upward gathers the links that lead from an incident to its main one.
func upward(src Source, inc *schemas.Incident) []schemas.Link {
	var out []schemas.Link
	for range maxPath {
		i := lastIndex(inc.Links, func(l *schemas.Link) bool { return l.Relation == "child_of" })
		if i < 0 || inc.ParentID == "" {
			return out
		}
		out = append(out, inc.Links[i])
		if inc = src.Incident(inc.Links[i].IncidentID); inc == nil {
			return out
		}
	}
	return out
}

func lastIndex(links []schemas.Link, match func(*schemas.Link) bool) int {
	for i := len(links) - 1; i >= 0; i-- {
		if match(&links[i]) {
			return i
		}
	}
	return -1
}

// forest lists the members of an incident, each below the one it was linked to,
// in order of arrival.
func forest(src Source, inc *schemas.Incident) []Step {
	ids := src.Members(inc.ID)
	steps := make(map[string]*Step, len(ids))
	below := map[string][]string{}
	var roots []string
	for _, id := range ids {
		d := src.Decision(id)
		if d == nil {
			continue
		}
		s := stepOf(src, d)
		steps[id] = &s
	}
	for _, id := range ids {
		s := steps[id]
		switch {
		case s == nil:
		case s.AnchorID == "" || s.AnchorID == id || steps[s.AnchorID] == nil:
			roots = append(roots, id)
		default:
			below[s.AnchorID] = append(below[s.AnchorID], id)
		}
	}
	var out []Step
	placed := map[string]bool{}
	var walk func(id string, depth int)
	walk = func(id string, depth int) {
		if placed[id] {
			return
		}
		placed[id] = true
		s := *steps[id]
		s.Depth = depth
		out = append(out, s)
		for _, c := range below[id] {
			walk(c, depth+1)
		}
	}
	for _, id := range roots {
		walk(id, 0)
	}
	for _, id := range ids { // a circle of anchors would be a defect; nobody may be left out for it
		if steps[id] != nil {
			walk(id, 0)
		}
	}
	return out
}
