package app

import (
	"encoding/json"
	"net/http"
	"sync"

	"pinkstar/cmd/pinkstar/access"
)

// health collects why the process is not ready, by part.
type health struct {
	mu    sync.RWMutex
	parts []part
}

// part is something whose state is asked for.
type part struct {
	name  string
	ready func() error // nil when it is, or the reason why not
	// ailing, when set, is what keeps the part from its work without making the
	// process unready: a writer whose ClickHouse is away must not take the
	// gateway beside it out of service.
	ailing func() error
}

func newHealth() *health { return &health{} }

func (h *health) add(p part) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.parts = append(h.parts, p)
}

// partState is one line of the answer.
type partState struct {
	Part   string `json:"part"`
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"` // why not
	Ailing string `json:"ailing,omitempty"` // what is wrong although it is ready
}

// state asks every part.
func (h *health) state() (parts []partState, ready bool) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	ready = true
	for _, p := range h.parts {
		s := partState{Part: p.name, Ready: true}
		if err := p.ready(); err != nil {
			s.Ready, s.Reason, ready = false, err.Error(), false
		}
		if p.ailing != nil {
			if err := p.ailing(); err != nil {
				s.Ailing = err.Error()
			}
		}
		parts = append(parts, s)
	}
	return parts, ready
}

// serveReady answers 200 when every part is ready, else 503; both say which
// part is in what state, and why to whom the guard knows.
func (h *health) serveReady(guard *access.Guard) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		parts, ready := h.state()
		if _, known := guard.Who(r); !known {
			for i := range parts {
				parts[i].Reason, parts[i].Ailing = "", ""
			}
		}
		writeReady(w, parts, ready)
	}
}

func writeReady(w http.ResponseWriter, parts []partState, ready bool) {
	w.Header().Set("Content-Type", "application/json")
	if !ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	answer := struct {
		Ready bool        `json:"ready"`
		Parts []partState `json:"parts"`
	}{ready, parts}
	b, err := json.Marshal(answer)
	if err != nil { // strings and booleans only
		panic("app: " + err.Error())
	}
	_, _ = w.Write(append(b, '\n')) // only a caller that left makes this fail
}

func serveHealthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("Pinkstar is healthy.\n"))
}
