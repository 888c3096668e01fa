package ingest

import (
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceSignals is our own signals: an object, an array or NDJSON. A team's program need not send
// more than a name, so whatever no other sender claims is one.
const SourceSignals Source = "signals"

var signals = sender{
	name: SourceSignals, aliases: []string{"signal", "pinkstar"}, path: "/signals", topic: schemas.TopicAlerts,
	mediaTypes: []string{
		"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "text/calendar",
	},
	looks:    func(m members) bool { return m.any("kind", "fingerprint", "starts_at", "labels", "name") },
	anything: true,
	read: func(b *batch, r *jsonscan.Reader) error {
		return b.element(r, "", -1, func(s *schemas.Signal) error { return readOwn(r, s) })
	},
}

// readOwn reads our own signal, less what is ours to set.
func readOwn(r *jsonscan.Reader, s *schemas.Signal) error {
	start := r.Mark()
	if err := schemas.ReadSignal(r, s); err != nil {
		return err
	}
	s.Flags, s.Activation = nil, nil
	if s.Status != "" {
		return nil
	}
	r.Rewind(start)
	var err error
	s.Status, err = statusElsewhere(r)
	return err
}

// Members in which other programs say that something is over. Without a status
// a signal fires, which must not happen to one that says {"state": "OK"}.
var (
	statusMembers = map[string]bool{
		"state": true, "alertstate": true, "alertstatus": true, "newstate": true, "currentstate": true, "eventstatus": true, "eventstate": true,
	}
	overMembers   = map[string]bool{"resolved": true, "isresolved": true, "recovered": true, "isrecovery": true, "cleared": true, "ok": true, "healthy": true}
	firingMembers = map[string]bool{"firing": true, "alerting": true, "active": true, "triggered": true, "isactive": true}
	// eventMembers say many things; of them only a recovery counts.
	eventMembers = map[string]bool{
		"event": true, "eventtype": true, "action": true, "eventaction": true, "transition": true, "notificationtype": true, "type": true,
		"level": true, "alertlevel": true, "result": true, "health": true, "healthstatus": true, "condition": true, "outcome": true,
	}
)

// recoveries are words for an event that ends something.
var recoveries = map[string]bool{
	"recovery": true, "recovered": true, "resolve": true, "resolved": true, "ok": true, "clear": true, "cleared": true, "close": true, "closed": true,
	"okay": true, "normal": true, "healthy": true, "up": true, "green": true, "passing": true, "passed": true, "success": true, "succeeded": true,
}

// statusElsewhere looks for a status under another name; a word that is not
// understood is refused when the signal is completed.
func statusElsewhere(r *jsonscan.Reader) (status schemas.Status, err error) {
	err = r.Object(func(name string) error {
		name = strings.ReplaceAll(strings.ToLower(name), "_", "")
		switch k := r.Kind(); {
		case statusMembers[name] && k == jsonscan.String:
			v, err := r.String()
			status = schemas.Status(v)
			return err
		case (overMembers[name] || firingMembers[name]) && k == jsonscan.Bool:
			yes, err := r.Bool()
			if yes == overMembers[name] {
				status = schemas.StatusResolved
			}
			return err
		case eventMembers[name] && k == jsonscan.String:
			v, err := r.String()
			if recoveries[strings.ToLower(strings.TrimSpace(v))] {
				status = schemas.StatusResolved
			}
			return err
		}
		return nil
	})
	return status, err
}
