package correlate

import "pinkstar/schemas"

// ServiceOf names the service an alert is about as this engine does when it
// places it, "" when that can't be told. It changes nothing.
func (e *Engine) ServiceOf(s *schemas.Signal) string {
	if node, _ := e.declared(s); node >= 0 {
		return e.topo.nodes[node].name
	}
	return e.undeclaredService(s)
}
