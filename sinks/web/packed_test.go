package web

import (
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"testing"

	"pinkstar/schemas"
)

// withMembers is an incident as a storm makes it: as many members and lines as a
// record has.
func withMembers(n int) schemas.Incident {
	inc := incident(n, schemas.IncidentOpen)
	inc.ID = fmt.Sprintf("INC-%06d", n)
	for m := range 50 {
		inc.Members = append(inc.Members, schemas.MemberRef{SignalID: fmt.Sprintf("%016x%016x", n*7919, m), Kind: schemas.KindAlert,
			Name: fmt.Sprint("Alert", m), Service: fmt.Sprint("service-", n), Instance: fmt.Sprintf("service-%d-7d9f8-%05d", n, m),
			Severity: schemas.SeverityCritical, Status: schemas.StatusFiring, StartsAt: 1_790_000_000_000,
			Reason: fmt.Sprintf("same service service-%d (4000 points), 12 s after the latest alert (1500)", n)})
	}
	for m := range 20 {
		inc.Timeline = append(inc.Timeline, fmt.Sprintf("2026-11-30 12:%02d joined: Alert%d on service-%d", m, m, n))
	}
	return inc
}

// Who asks for one incident sees all that was said of it, and lists are short.
func TestTheViewGivesBackWhatItPacked(t *testing.T) {
	v := NewView(DefaultConfig())
	main, child := withMembers(1), withMembers(2)
	child.ParentID = main.ID
	want := child
	v.PutIncident(&main)
	v.PutIncident(&child)
	if !reflect.DeepEqual(child, want) {
		t.Error("what was put in is changed")
	}
	if got, ok := v.Incident(child.ID); !ok || !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, list := range [][]*schemas.Incident{v.Children(main.ID), v.Incidents(&Query{})} {
		for _, inc := range list {
			if inc.Members != nil || inc.Timeline != nil {
				t.Errorf("%s in a list has its own lists", inc.ID)
			}
		}
	}
	if got := v.withLists(v.Children(main.ID)); len(got) != 1 || !reflect.DeepEqual(*got[0], want) {
		t.Errorf("with lists: %+v", got)
	}

	next := want
	next.Revision, next.Members, next.Timeline = want.Revision+1, nil, nil
	v.PutIncident(&next)
	v.PutIncident(&want) // an older one
	if got, _ := v.Incident(child.ID); len(got.Members) != 0 || got.Revision != next.Revision {
		t.Errorf("members of an older revision are there: %+v", got)
	}
	v.DropIncident(child.ID)
	v.DropIncident(main.ID)
	if len(v.lists) != 0 {
		t.Errorf("%d lists are left of incidents that are gone", len(v.lists))
	}
}

// An open incident took 17 KB here, most of it lists that nobody looks at.
func TestAnOpenIncidentTakesLittleMemory(t *testing.T) {
	const n, most = 1000, 5 << 10
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	v := NewView(DefaultConfig())
	first := withMembers(n)
	v.PutIncident(&first) // the encoder has what it needs
	before := heap()
	for i := range n {
		inc := withMembers(i)
		v.PutIncident(&inc)
	}
	per := (int64(heap()) - int64(before)) / n
	t.Logf("%d bytes an incident", per)
	if per > most {
		t.Errorf("an open incident takes %d bytes, want at most %d", per, most)
	}
	runtime.KeepAlive(v)
}

// A record is read as its incident is, whatever it has.
func TestARecordIsReadAsItsIncident(t *testing.T) {
	full, bare, story := withMembers(1), incident(2, schemas.IncidentOpen), withMembers(3)
	story.Members = nil
	for _, want := range []schemas.Incident{full, bare, story} {
		text, err := json.Marshal(&want)
		if err != nil {
			t.Fatal(err)
		}
		usual, err := schemas.Incidents.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		inc, rest, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := rest.unpack(inc); !reflect.DeepEqual(got, usual) {
			t.Errorf("got %+v, want %+v", got, usual)
		}
	}
	for _, bad := range []string{"", "5", `{"id":"INC-1","members":[`, `{"id":7}`} {
		if _, _, err := decode([]byte(bad)); err == nil {
			t.Errorf("%q is read", bad)
		}
	}
	inc, rest, err := decode([]byte(`{"id":"INC-1","title":"t","members":5}`))
	if err != nil || rest.unpack(inc).Title != "t" {
		t.Errorf("an incident whose members are none: %+v, %v", inc, err)
	}
}

func BenchmarkTakeIncident(b *testing.B) {
	full := withMembers(1)
	text, err := json.Marshal(&full)
	if err != nil {
		b.Fatal(err)
	}
	v := NewView(DefaultConfig())
	b.Run("packed", func(b *testing.B) {
		for b.Loop() {
			inc, rest, err := decode(text)
			if err != nil {
				b.Fatal(err)
			}
			v.put(inc, rest)
		}
	})
	b.Run("decoded", func(b *testing.B) {
		for b.Loop() {
			if _, err := schemas.Incidents.Decode(text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
