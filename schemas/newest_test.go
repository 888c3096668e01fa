package schemas

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Newest against a map and a list of what came first.
func TestNewestKeepsTheNewestInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Incidents.Newest()
		model, order := map[string]Incident{}, []string{}
		for range rapid.IntRange(0, 400).Draw(t, "steps") {
			id := fmt.Sprint("INC-", rapid.IntRange(0, 120).Draw(t, "id"))
			if rapid.IntRange(0, 2).Draw(t, "what") == 0 {
				n.Drop(id)
				delete(model, id)
				continue
			}
			v := Incident{ID: id, Revision: rapid.Int64Range(1, 4).Draw(t, "revision"), Title: fmt.Sprint(len(order))}
			was, there := model[id]
			old, taken := n.Put(&v)
			if there != (old != nil) || there && *oldTitle(old) != was.Title || taken != (!there || v.Revision >= was.Revision) {
				t.Fatalf("put %+v over %+v (%v): %+v, %v", v, was, there, old, taken)
			}
			if !there {
				order = append(order, id)
			}
			if taken {
				model[id] = v
			}
		}
		want := []string{} // the last coming of each that is there
		seen := map[string]bool{}
		for _, key := range slices.Backward(order) {
			if _, ok := model[key]; ok && !seen[key] {
				seen[key] = true
				want = append([]string{key}, want...)
			}
		}
		got := []string{}
		for v := range n.All() {
			got = append(got, v.ID)
			if n.Get(v.ID) != v || v.Title != model[v.ID].Title {
				t.Fatalf("%s: %+v, want %+v", v.ID, n.Get(v.ID), model[v.ID])
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) || n.Len() != len(model) || len(n.list) > 2*len(model)+65 {
			t.Fatalf("got %v, want %v; %d in %d places", got, want, n.Len(), len(n.list))
		}
	})
}

func oldTitle(i *Incident) *string { return &i.Title }
