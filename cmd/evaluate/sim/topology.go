package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// topology writes the estate down as a user would, in the format of
// pinkstar's topology file. missing of the dependencies and instances were
// never written down, and wrong of the dependencies do not exist. placed lists
// instances at all.
func (e *estate) topology(missing, wrong float64, placed bool, d dice) []byte {
	var b bytes.Buffer
	b.WriteString("services:\n")
	hosts := d.chance(0.5) // some list machines beside pods, some do not
	order := make([]int, len(e.services))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, c int) int { return strings.Compare(e.services[a].name, e.services[c].name) })
	for _, i := range order {
		s := e.services[i]
		fmt.Fprintf(&b, "  %s:\n    team: %s\n", s.name, s.team)
		var deps, ins []string
		for _, dep := range s.deps {
			keep, lie, other := d.Float64() >= missing, d.Float64() < wrong, d.IntN(len(e.services))
			if keep {
				deps = append(deps, e.services[dep].name)
			}
			if lie && other != i {
				deps = append(deps, e.services[other].name)
			}
		}
		if missing == 0 {
			for _, dep := range s.undeclared {
				deps = append(deps, e.services[dep].name)
			}
		}
		listed := d.chance(0.9) && placed
		for _, k := range s.instances {
			if keep := d.Float64() >= missing; listed && keep {
				ins = append(ins, e.instances[k].name)
				if hosts {
					ins = append(ins, e.hosts[e.instances[k].host].name)
				}
			}
		}
		writeList(&b, "depends_on", deps)
		writeList(&b, "instances", ins)
	}
	return b.Bytes()
}

func writeList(b *bytes.Buffer, key string, list []string) {
	if len(list) == 0 {
		return
	}
	slices.Sort(list)
	list = slices.Compact(list)
	fmt.Fprintf(b, "    %s: [%s]\n", key, strings.Join(list, ", "))
}
