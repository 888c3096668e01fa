package standin

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"sync"
)

// Hooks are the webhooks that a system has not got rid of.
type Hooks struct {
	mu      sync.Mutex
	waiting []hook
	made    int
}

type hook struct {
	id   string
	body []byte
}

// add has a webhook wait. make is given its number.
func (h *Hooks) add(body func(id string) map[string]any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made++
	id := fmt.Sprint("hook-", h.made)
	h.waiting = append(h.waiting, hook{id, object(body(id))})
}

// Waiting is how many there are.
func (h *Hooks) Waiting() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.waiting)
}

// Rename gives the webhook at place i another identifier, as whoever recorded one
// could.
func (h *Hooks) Rename(i int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.made++
	h.waiting[i].id = fmt.Sprint("hook-", h.made)
}

// post sends the webhook at place i and, when it was taken and may be forgotten,
// forgets it. It returns the answer's body.
func (h *Hooks) post(ctx context.Context, c *http.Client, url string, i int, forget bool, sign func(hook) http.Header) (string, error) {
	h.mu.Lock()
	if i >= len(h.waiting) {
		h.mu.Unlock()
		return "", nil
	}
	x := h.waiting[i]
	h.mu.Unlock()
	answer, err := send(ctx, c, url, x.body, sign(x))
	if err != nil || !forget {
		return answer, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.waiting {
		if h.waiting[i].id == x.id {
			h.waiting = append(h.waiting[:i], h.waiting[i+1:]...)
			break
		}
	}
	return answer, nil
}

// send posts a body; an answer that is no success is an error.
func send(ctx context.Context, c *http.Client, url string, body []byte, header http.Header) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	maps.Copy(r.Header, header)
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("%s: %s", resp.Status, said)
	}
	return string(said), err
}

func hexHMAC(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// object is m as JSON.
func object(m map[string]any) []byte {
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // maps of texts
	}
	return b
}

func header(more map[string]string) http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	for name, v := range more {
		h.Set(name, v)
	}
	return h
}

// answer writes a JSON text.
func answer(w http.ResponseWriter, status int, format string, args ...any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, format, args...)
}
