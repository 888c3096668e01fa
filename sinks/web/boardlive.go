package web

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"pinkstar/schemas/apierror"
)

// maxWatchers bounds how many pages are told of changes at once; the others are
// reloaded by hand.
const maxWatchers = 500

// watchFor is how long one answer goes on before the browser asks again: a stop
// of the process waits for it.
const watchFor = 10 * time.Second

// seen is what a page notes of what it shows, for the question what has changed
// since: the process, how many revisions it had taken, and what stood.
func (a *API) seen(id string) string { return a.position(a.view.stand(id)) }

func (a *API) position(s Stand) string {
	return fmt.Sprintf("%s.%d.%x", a.epoch, s.Taken, s.Standing)
}

// since is how many changes there were between what a page shows and now. Another
// process, or this one before its restart, counted for itself: then it is one if
// anything is different.
func (a *API) since(id, shown string, now Stand) int64 {
	parts := strings.Split(shown, ".")
	if len(parts) != 3 {
		return 0 // nothing is known of what is shown
	}
	taken, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return 0
	}
	switch {
	case id != "" || parts[0] == a.epoch:
		return max(now.Taken-taken, 0)
	case parts[2] != strconv.FormatUint(now.Standing, 16):
		return 1
	}
	return 0
}

// boardChanges tells a page, as server-sent events, that something has changed,
// at most once a second. What it shows does not move until somebody asks. A page
// says what it shows (since), and the browser, when it asks again, what it was
// told last: so nothing is missed in between.
func (a *API) boardChanges(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	if err := known(v, []string{"incident", "since"}); err != nil {
		return err
	}
	if a.watchers.Add(1) > maxWatchers {
		a.watchers.Add(-1)
		return apierror.New(http.StatusServiceUnavailable, "%d pages watch already; reload by hand", maxWatchers)
	}
	defer a.watchers.Add(-1)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	id := v.Get("incident")
	shown := v.Get("since")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		shown = last
	}
	a.tellChanges(w, r, id, shown)
	return nil
}

// tellChanges goes on until the browser has gone, or for watchFor.
func (a *API) tellChanges(w http.ResponseWriter, r *http.Request, id, shown string) {
	control := http.NewResponseController(w)
	if _, err := fmt.Fprint(w, "retry: 1000\n\n"); err != nil {
		return // the browser has gone
	}
	end := time.NewTimer(watchFor)
	defer end.Stop()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	if shown == "" {
		shown = a.seen(id)
	}
	for {
		now := a.view.stand(id)
		if n := a.since(id, shown, now); n > 0 {
			shown = a.position(now)
			if _, err := io.WriteString(w, "id: "+shown+"\ndata: "+strconv.FormatInt(n, 10)+"\n\n"); err != nil {
				return // the browser has gone
			}
		}
		if err := control.Flush(); err != nil {
			return // the browser has gone
		}
		select {
		case <-r.Context().Done():
			return
		case <-end.C:
			return
		case <-tick.C:
		}
	}
}
