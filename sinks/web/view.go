package web

import (
	"errors"
	"hash/fnv"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"pinkstar/schemas"
)

// View is the live state of incidents and problems: the fold of the compacted
// topics. It is fed by a Reader and read by many requests at once.
//
// What it hands out is shared and must not be changed: a revision replaces the
// whole incident and never edits the one before. Lists of incidents come without
// their members and story (see packed.go).
type View struct {
	cfg   Config
	ready atomic.Pointer[error] // nil until Run has begun; then why not, or a nil error

	mu        sync.RWMutex
	incidents *schemas.Newest[schemas.Incident] // without their lists
	lists     map[string]packed                 // of those incidents
	children  map[string]map[string]bool        // outermost incident -> incidents below it
	closed    []string                          // closed ones, in the order they closed
	problems  *schemas.Newest[schemas.Problem]
	dropped   int64  // not taken because a limit was reached
	taken     int64  // revisions of incidents, in all
	standing  uint64 // of which incidents that are not closed there is which revision
}

// NewView returns an empty view.
func NewView(cfg Config) *View {
	return &View{
		cfg:       cfg,
		incidents: schemas.Incidents.Newest(),
		lists:     map[string]packed{},
		children:  map[string]map[string]bool{},
		problems:  schemas.Problems.Newest(),
	}
}

var errLoading = errors.New("the live view is still being read from the incidents topic")

// Ready returns nil once the view has caught up, or the reason why not.
func (v *View) Ready() error {
	if p := v.ready.Load(); p != nil {
		return *p
	}
	return errLoading
}

func (v *View) setReady(err error) { v.ready.Store(&err) }

// PutIncident takes a revision. An older one than the view has is ignored, so
// reading a topic twice does no harm.
func (v *View) PutIncident(inc *schemas.Incident) { v.put(pack(inc)) }

// put takes a revision without its lists, and these.
func (v *View) put(inc *schemas.Incident, rest packed) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.incidents.Get(inc.ID) == nil && v.incidents.Len()-len(v.closed) >= v.cfg.MaxOpen {
		v.dropped++
		return
	}
	old, taken := v.incidents.Put(inc)
	if !taken {
		return
	}
	v.taken++
	if rest == nil {
		delete(v.lists, inc.ID)
	} else {
		v.lists[inc.ID] = rest
	}
	v.standing ^= imprint(old) ^ imprint(inc)
	wasClosed := old != nil && old.Status == schemas.IncidentClosed
	if old != nil && old.ParentID != inc.ParentID {
		v.unlink(old)
	}
	if inc.ParentID != "" {
		if v.children[inc.ParentID] == nil {
			v.children[inc.ParentID] = map[string]bool{}
		}
		v.children[inc.ParentID][inc.ID] = true
	}
	switch isClosed := inc.Status == schemas.IncidentClosed; {
	case isClosed && !wasClosed:
		v.closed = append(v.closed, inc.ID)
		v.forgetClosed()
	case !isClosed && wasClosed: // not something the engine does, but the log is the truth
		v.closed = slices.DeleteFunc(v.closed, func(id string) bool { return id == inc.ID })
	}
}

// DropIncident takes a tombstone.
func (v *View) DropIncident(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if old := v.incidents.Get(id); old != nil {
		if old.Status == schemas.IncidentClosed {
			v.closed = slices.DeleteFunc(v.closed, func(c string) bool { return c == id })
		}
		v.standing ^= imprint(old)
		v.remove(old)
	}
}

// imprint stands for a revision of an incident that is not closed. Put together
// by exclusive or, the imprints of two views are equal when they show the same,
// in whatever order and process they read it.
func imprint(inc *schemas.Incident) uint64 {
	if inc == nil || inc.Status == schemas.IncidentClosed {
		return 0
	}
	h := fnv.New64a()
	_, _ = h.Write(strconv.AppendInt([]byte(inc.ID+" "), inc.Revision, 10)) // a hash takes everything
	return h.Sum64()
}

func (v *View) forgetClosed() {
	for len(v.closed) > v.cfg.KeepClosed {
		v.remove(v.incidents.Get(v.closed[0]))
		v.closed = v.closed[1:]
	}
}

func (v *View) remove(inc *schemas.Incident) {
	v.unlink(inc)
	v.incidents.Drop(inc.ID)
	delete(v.lists, inc.ID)
}

func (v *View) unlink(inc *schemas.Incident) {
	if below := v.children[inc.ParentID]; below != nil {
		delete(below, inc.ID)
		if len(below) == 0 {
			delete(v.children, inc.ParentID)
		}
	}
}

// PutProblem takes a revision of a problem.
func (v *View) PutProblem(p *schemas.Problem) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.problems.Get(p.ID) == nil && v.problems.Len() >= v.cfg.MaxProblems {
		v.dropped++
		return
	}
	v.problems.Put(p)
}

// DropProblem takes a tombstone.
func (v *View) DropProblem(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.problems.Drop(id)
}

// Incident returns the live state of one incident, with its lists.
func (v *View) Incident(id string) (*schemas.Incident, bool) {
	v.mu.RLock()
	inc, rest := v.incidents.Get(id), v.lists[id]
	v.mu.RUnlock()
	if inc == nil {
		return nil, false
	}
	return rest.unpack(inc), true
}

// holds reports whether the view has an incident.
func (v *View) holds(id string) bool {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.incidents.Get(id) != nil
}

// Stand is how far a view has come: what a page needs to know to tell whether it
// still shows everything.
type Stand struct {
	Taken    int64  // revisions that this view has taken; of one incident, its revision
	Standing uint64 // equal where the same is shown, by another process too
}

// stand returns how far the view has come with an incident, or for "" with all.
func (v *View) stand(id string) Stand {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if id == "" {
		return Stand{v.taken, v.standing}
	}
	if inc := v.incidents.Get(id); inc != nil {
		return Stand{inc.Revision, 0}
	}
	return Stand{}
}

// Children returns the incidents below id that the view holds, newest first and
// without their lists.
func (v *View) Children(id string) []*schemas.Incident {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := make([]*schemas.Incident, 0, len(v.children[id]))
	for c := range v.children[id] {
		out = append(out, v.incidents.Get(c))
	}
	sortIncidents(out)
	return out
}

// withLists returns incidents as the view holds them now, with their lists, and
// leaves out what it no longer holds.
func (v *View) withLists(list []*schemas.Incident) []*schemas.Incident {
	out := make([]*schemas.Incident, 0, len(list))
	for _, short := range list {
		if inc, ok := v.Incident(short.ID); ok {
			out = append(out, inc)
		}
	}
	return out
}

// Incidents returns what matches q after its position, newest first and without
// lists. It does not apply q.Limit: the caller merges with history first.
func (v *View) Incidents(q *Query) []*schemas.Incident {
	out := v.matching(q)
	sortIncidents(out)
	return out
}

// matching is Incidents in no order.
func (v *View) matching(q *Query) []*schemas.Incident {
	v.mu.RLock()
	defer v.mu.RUnlock()
	var out []*schemas.Incident
	take := func(inc *schemas.Incident) {
		if (q.After.IsZero() || q.After.compare(positionOf(inc)) < 0) && q.Match(inc) {
			out = append(out, inc)
		}
	}
	if q.ParentID != "" {
		for id := range v.children[q.ParentID] {
			take(v.incidents.Get(id))
		}
	} else {
		for inc := range v.incidents.All() {
			take(inc)
		}
	}
	return out
}

func sortIncidents(list []*schemas.Incident) {
	slices.SortFunc(list, func(a, b *schemas.Incident) int { return positionOf(a).compare(positionOf(b)) })
}

// Problem returns one problem.
func (v *View) Problem(id string) (*schemas.Problem, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	p := v.problems.Get(id)
	return p, p != nil
}

// Problems returns every problem, the one seen last first.
func (v *View) Problems() []*schemas.Problem {
	v.mu.RLock()
	defer v.mu.RUnlock()
	out := make([]*schemas.Problem, 0, v.problems.Len())
	for p := range v.problems.All() {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *schemas.Problem) int {
		return Position{a.LastSeenAt, a.ID}.compare(Position{b.LastSeenAt, b.ID})
	})
	return out
}

// Size returns how many incidents and problems the view holds and how many it
// had no room for.
func (v *View) Size() (open, closed, problems int, dropped int64) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	return v.incidents.Len() - len(v.closed), len(v.closed), v.problems.Len(), v.dropped
}
