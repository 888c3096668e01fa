package identity

import (
	"cmp"
	"slices"
	"strings"

	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Release drops the entities of sub that no incident came to refer to.
func Release(sc *state.Scope, sub *Subject) {
	for _, ent := range [...]*state.Entity{sub.Entity, sub.InstanceEntity, sub.HostEntity, sub.NamespaceEntity} {
		if ent != nil && ent.Refs == 0 {
			sc.Drop(ent)
		}
	}
}

// SubjectOf is what a held alert is about.
func SubjectOf(st *state.State, sc *state.Scope, a *state.Alert) Subject {
	sub := Subject{Service: a.Service, Instance: a.Instance, Host: a.Host}
	if a.Instance != "" {
		sub.InstanceEntity = st.Entity(sc, state.EntityInstance, a.Instance, true)
	}
	if host := cmp.Or(a.Host, a.Machine); host != "" {
		sub.HostEntity = st.Entity(sc, state.EntityHost, host, true)
	}
	if a.Namespace != "" {
		sub.NamespaceEntity = st.Entity(sc, state.EntityNamespace, a.Namespace, true)
	}
	switch {
	case a.Service != "":
		sub.Entity = st.Entity(sc, state.EntityService, a.Service, true)
	case sub.HostEntity != nil:
		sub.Entity = sub.HostEntity
	case sub.InstanceEntity != nil:
		sub.Entity = sub.InstanceEntity
	default:
		sub.Entity = sub.NamespaceEntity
	}
	return sub
}

// Subject is what a signal is about, as far as can be told.
type Subject struct {
	Service         string // as the engine names it; "" when none is known
	Instance        string
	Host            string
	Entity          *state.Entity // the service, or else the instance or the host; nil: nothing at all
	InstanceEntity  *state.Entity
	HostEntity      *state.Entity
	NamespaceEntity *state.Entity // the namespace, when other alerts name nothing nearer
	Possible        []int32       // services it may be about, when a shared host or a namespace is all there is
	Named           bool          // they are possible because their names are like the namespace's
}

// About works out what s is about.
func About(st *state.State, sc *state.Scope, s *schemas.Signal) Subject {
	sub := Subject{}
	node, possible := Declared(st, s)
	switch {
	case node >= 0:
		sub.Service = st.Topology.Nodes[node].Name
		sub.Entity = st.NodeEntity(sc, node)
	default:
		sub.Possible = possible
		if name := UndeclaredService(st, s); name != "" {
			sub.Entity = st.Entity(sc, state.EntityService, name, true)
			if sub.Service = sub.Entity.Key.Name; sub.Service != name {
				sub.Service = st.Strings.Of(name)
			}
		}
	}
	if s.Instance != "" { // the entity's name is the memory that equal names share
		sub.InstanceEntity = st.Entity(sc, state.EntityInstance, s.Instance, true)
		sub.Instance = sub.InstanceEntity.Key.Name
	}
	if s.Host != "" {
		sub.HostEntity = st.Entity(sc, state.EntityHost, st.Topology.Machine(s.Host), true)
		sub.Host = sub.HostEntity.Key.Name
	} else if isHost(st, sc, s, sub.Instance) {
		sub.HostEntity = st.Entity(sc, state.EntityHost, st.Topology.Machine(sub.Instance), true)
	} else if m := sc.Placement.MachineOf(sub.Instance, st.Now); m != "" {
		sub.HostEntity = st.Entity(sc, state.EntityHost, m, true)
	}
	runsThere(st, sc, &sub)
	if sub.Entity == nil {
		if sub.Entity = sub.HostEntity; sub.Entity == nil {
			sub.Entity = sub.InstanceEntity
		}
	}
	aboutNamespace(st, sc, s, &sub)
	return sub
}

// runsThere: an alert of a machine may be about what was seen to run on it.
func runsThere(st *state.State, sc *state.Scope, sub *Subject) {
	if sub.Entity != nil || sub.HostEntity == nil || sub.Possible != nil {
		return
	}
	for _, name := range sc.Placement.Services(sub.HostEntity.Key.Name, st.Now) {
		if n := st.Topology.Exact(name); n >= 0 && len(sub.Possible) < possibleCap {
			sub.Possible = append(sub.Possible, n)
		}
	}
}

// possibleCap bounds how many services an alert of a machine may be about.
const possibleCap = 16

// LearnPlacement notes where s, which is about sub, says that something runs.
func LearnPlacement(st *state.State, sc *state.Scope, s *schemas.Signal, sub *Subject) {
	if s.Host == "" || sub.Service == "" || sub.HostEntity == nil || sub.HostEntity == sub.Entity || sub.Instance == s.Host {
		return
	}
	sc.Placement.Learn(sub.Service, sub.Instance, sub.HostEntity.Key.Name, st.Now)
}

// aboutNamespace: a namespace is what an alert is about when it names nothing
// nearer, and then it may be about the services that are named like it.
func aboutNamespace(st *state.State, sc *state.Scope, s *schemas.Signal, sub *Subject) {
	ns, _ := s.Labels.Named(st.Rules.Correlation.NamespaceLabels)
	if ns == "" {
		return
	}
	sub.NamespaceEntity = st.Entity(sc, state.EntityNamespace, ns, sub.Entity == nil)
	if sub.Entity == nil {
		sub.Entity = sub.NamespaceEntity
		sub.Possible, sub.Named = st.Topology.Family(ns), true
	}
}

// isHost reports whether name, given as an instance, is a machine: the topology
// says so, or what exports its metrics, or other signals name it as their host.
func isHost(st *state.State, sc *state.Scope, s *schemas.Signal, name string) bool {
	if name == "" {
		return false
	}
	if st.Topology.IsMachine(name) || slices.Contains(st.Rules.Correlation.MachineJobs, s.Labels.Get("job")) {
		return true
	}
	return st.Entity(sc, state.EntityHost, name, false) != nil
}

// Declared finds the declared service of s: by a label, its instance, its
// pod's name or its host. A host or instance shared by several services gives
// them all back instead.
func Declared(st *state.State, s *schemas.Signal) (int32, []int32) {
	t := st.Topology
	if len(t.Nodes) == 0 {
		return -1, nil
	}
	if n := t.LookupNonEmpty(s.Service); n >= 0 {
		return n, nil
	}
	for _, l := range st.Rules.Correlation.ServiceLabels {
		if n := t.LookupNonEmpty(strings.TrimSpace(s.Labels.Get(l))); n >= 0 {
			return n, nil
		}
	}
	var possible []int32
	for _, place := range [...]string{s.Instance, s.Host, s.Service} {
		if place == "" {
			continue
		}
		owners := t.Instances[place]
		if len(owners) == 0 {
			owners = t.Hosts[t.Machine(place)]
		}
		if len(owners) == 1 {
			return owners[0], nil
		}
		if possible == nil {
			possible = owners
		}
	}
	if s.Instance != "" && possible == nil {
		if n := t.OfPod(s.Instance); n >= 0 {
			return n, nil
		}
		if strings.Contains(s.Instance, "://") {
			return t.Lookup(s.Instance), nil
		}
	}
	return -1, possible
}

// UndeclaredService names the service of s when no topology knows it: a label
// that is believed, the name in a pod's name, or at last a weak label.
func UndeclaredService(st *state.State, s *schemas.Signal) string {
	c := &st.Rules.Correlation
	weak := ""
	for _, l := range c.ServiceLabels {
		v := strings.TrimSpace(s.Labels.Get(l)) // spaces around a name are no part of it
		if v == "" {
			continue
		}
		if !slices.Contains(c.WeakLabels, l) {
			return v
		}
		if weak == "" {
			weak = v
		}
	}
	if s.Service != "" && s.Service != weak {
		return s.Service
	}
	if name := ownerOfPod(st, s); name != "" {
		return name
	}
	if s.Instance == "" && s.Host == "" {
		if weak != "" {
			return weak
		}
		return s.Service
	}
	return ""
}

// ownerOfPod names the service that the instance of s is a pod of. Only a label
// for pods may mean the pod of a StatefulSet: what the label instance says is
// where metrics are scraped, and node-7 and ip-10-0-3-17 are machines, which
// share nothing but a name.
func ownerOfPod(st *state.State, s *schemas.Signal) string {
	if s.Instance == "" || strings.IndexByte(s.Instance, '.') >= 0 || st.Topology.IsMachine(s.Instance) {
		return ""
	}
	ordinal := slices.ContainsFunc(s.Labels, func(l schemas.Label) bool { return l.Value == s.Instance && l.Name != "instance" })
	return podService(s.Instance, ordinal)
}

// podService returns the service in a Kubernetes pod name, which is
// name-<replica set>-<5 characters> or, where an ordinal may follow it,
// name-<number>; "" when it is neither.
func podService(pod string, ordinal bool) string {
	i := strings.LastIndexByte(pod, '-')
	if i <= 0 || i+1 == len(pod) {
		return ""
	}
	tail := pod[i+1:]
	if ordinal && allDigits(tail) && len(tail) <= 4 {
		return pod[:i]
	}
	j := strings.LastIndexByte(pod[:i], '-')
	if j <= 0 || len(tail) != 5 || !isHash(tail) {
		return ""
	}
	if rs := pod[j+1 : i]; len(rs) >= 6 && len(rs) <= 10 && isHash(rs) && strings.ContainsAny(rs, "0123456789") {
		return pod[:j]
	}
	return ""
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// isHash reports whether s could come from Kubernetes' generator of names:
// lower-case letters and digits.
func isHash(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}
