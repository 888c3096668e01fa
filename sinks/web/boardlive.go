package web

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"pinkstar/schemas/apierror"
)

// maxWatchers bounds how many pages are told of changes at once; the others are
// reloaded by hand.
const maxWatchers = 500

// watchFor is how long one answer goes on before the browser asks again: a stop
// of the process waits for it.
const watchFor = 10 * time.Second

// boardChanges tells a page, as server-sent events, that something has changed,
// at most once a second. What it shows does not move until somebody asks.
func (a *API) boardChanges(w http.ResponseWriter, r *http.Request) error {
	if a.watchers.Add(1) > maxWatchers {
		a.watchers.Add(-1)
		return apierror.New(http.StatusServiceUnavailable, "%d pages watch already; reload by hand", maxWatchers)
	}
	defer a.watchers.Add(-1)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	if _, err := fmt.Fprint(w, "retry: 1000\n\n"); err != nil {
		return nil // the browser has gone
	}
	id := r.URL.Query().Get("incident")
	end := time.NewTimer(watchFor)
	defer end.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	seen := a.view.revisions(id)
	for {
		if err := control.Flush(); err != nil {
			return nil // the browser has gone
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-end.C:
			return nil
		case <-tick.C:
		}
		if now := a.view.revisions(id); now != seen {
			if _, err := io.WriteString(w, "data: "+strconv.FormatInt(now-seen, 10)+"\n\n"); err != nil {
				return nil // the browser has gone
			}
			seen = now
		}
	}
}
