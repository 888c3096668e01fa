package correlate

import (
	"pinkstar/correlate/internal/identity"
	"pinkstar/schemas"
)

// ServiceOf names the service an alert is about as this engine does when it
// places it, "" when that can't be told. It changes nothing.
func (e *Engine) ServiceOf(s *schemas.Signal) string {
	if node, _ := identity.Declared(e.st, s); node >= 0 {
		return e.st.Topology.Nodes[node].Name
	}
	return identity.UndeclaredService(e.st, s)
}

// LiveIncident returns the incident that a known signal is placed in, "" when
// the signal is not known or in none.
func (e *Engine) LiveIncident(id schemas.ID) string {
	if r := e.st.FindSignal(id); r != nil && r.Scope.Incidents[r.IncidentID()] != nil {
		return r.IncidentID()
	}
	return ""
}
