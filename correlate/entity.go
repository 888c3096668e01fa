package correlate

import (
	"slices"
	"strings"

	"pinkstar/schemas"
)

// subject is what a signal is about, as far as can be told.
type subject struct {
	service  string // as the engine names it; "" when none is known
	instance string
	host     string
	ent      *entity // the service, or else the instance or the host; nil: nothing at all
	instEnt  *entity
	hostEnt  *entity
	nsEnt    *entity // the namespace, when other alerts name nothing nearer
	possible []int32 // services it may be about, when a shared host or a namespace is all there is
	named    bool    // they are possible because their names are like the namespace's
}

// about works out what s is about.
func (e *Engine) about(sc *scope, s *schemas.Signal) subject {
	sub := subject{}
	node, possible := e.declared(s)
	switch {
	case node >= 0:
		sub.service = e.topo.nodes[node].name
		sub.ent = e.nodeEntity(sc, node)
	default:
		sub.possible = possible
		if name := e.undeclaredService(s); name != "" {
			sub.ent = e.entity(sc, entityService, name, true)
			if sub.service = sub.ent.key.name; sub.service != name {
				sub.service = e.strings.of(name)
			}
		}
	}
	if s.Instance != "" { // the entity's name is the memory that equal names share
		sub.instEnt = e.entity(sc, entityInstance, s.Instance, true)
		sub.instance = sub.instEnt.key.name
	}
	if s.Host != "" {
		sub.hostEnt = e.entity(sc, entityHost, e.topo.machine(s.Host), true)
		sub.host = sub.hostEnt.key.name
	} else if e.isHost(sc, s, sub.instance) {
		sub.hostEnt = e.entity(sc, entityHost, e.topo.machine(sub.instance), true)
	}
	if sub.ent == nil {
		if sub.ent = sub.hostEnt; sub.ent == nil {
			sub.ent = sub.instEnt
		}
	}
	e.aboutNamespace(sc, s, &sub)
	return sub
}

// aboutNamespace: a namespace is what an alert is about when it names nothing
// nearer, and then it may be about the services that are named like it.
func (e *Engine) aboutNamespace(sc *scope, s *schemas.Signal, sub *subject) {
	ns := ""
	for _, l := range namespaceLabels {
		if ns = s.Labels.Get(l); ns != "" {
			break
		}
	}
	if ns == "" {
		return
	}
	sub.nsEnt = e.entity(sc, entityNamespace, ns, sub.ent == nil)
	if sub.ent == nil {
		sub.ent = sub.nsEnt
		sub.possible, sub.named = e.topo.family(ns), true
	}
}

var namespaceLabels = [...]string{"namespace", "kubernetes_namespace", "exported_namespace"}

// isHost reports whether name, given as an instance, is a machine: the topology
// says so, or what exports its metrics, or other signals name it as their host.
func (e *Engine) isHost(sc *scope, s *schemas.Signal, name string) bool {
	if name == "" {
		return false
	}
	if e.topo.isMachine(name) || slices.Contains(e.set.Correlation.MachineJobs, s.Labels.Get("job")) {
		return true
	}
	return e.entity(sc, entityHost, name, false) != nil
}

// declared finds the declared service of s: by a label, its instance, its
// pod's name or its host. A host or instance shared by several services gives
// them all back instead.
func (e *Engine) declared(s *schemas.Signal) (int32, []int32) {
	t := e.topo
	if len(t.nodes) == 0 {
		return -1, nil
	}
	if n := t.lookupNonEmpty(s.Service); n >= 0 {
		return n, nil
	}
	for _, l := range e.set.Correlation.ServiceLabels {
		if n := t.lookupNonEmpty(s.Labels.Get(l)); n >= 0 {
			return n, nil
		}
	}
	var possible []int32
	for _, place := range [...]string{s.Instance, s.Host, s.Service} {
		if place == "" {
			continue
		}
		owners := t.instances[place]
		if len(owners) == 0 {
			owners = t.hosts[t.machine(place)]
		}
		if len(owners) == 1 {
			return owners[0], nil
		}
		if possible == nil {
			possible = owners
		}
	}
	if s.Instance != "" && possible == nil {
		if n := t.ofPod(s.Instance); n >= 0 {
			return n, nil
		}
		if strings.Contains(s.Instance, "://") {
			return t.lookup(s.Instance), nil
		}
	}
	return -1, possible
}

func (t *topology) lookupNonEmpty(name string) int32 {
	if name == "" {
		return -1
	}
	return t.lookup(name)
}

// undeclaredService names the service of s when no topology knows it: a label
// that is believed, the name in a pod's name, or at last a weak label.
func (e *Engine) undeclaredService(s *schemas.Signal) string {
	c := &e.set.Correlation
	weak := ""
	for _, l := range c.ServiceLabels {
		v := s.Labels.Get(l)
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
	if name := e.ownerOfPod(s); name != "" {
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
func (e *Engine) ownerOfPod(s *schemas.Signal) string {
	if s.Instance == "" || strings.IndexByte(s.Instance, '.') >= 0 || e.topo.isMachine(s.Instance) {
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
