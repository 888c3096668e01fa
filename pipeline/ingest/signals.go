package ingest

import (
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
		return b.element(r, "", -1, func(s *schemas.Signal) error { return b.readOwn(r, s) })
	},
}

// readOwn reads our own signal, less what is ours to set.
func (b *batch) readOwn(r *jsonscan.Reader, s *schemas.Signal) error {
	start := r.Mark()
	if err := schemas.ReadSignal(r, s); err != nil {
		return err
	}
	end := r.Mark()
	r.Rewind(start)
	if err := b.unknownFields(r, ""); err != nil {
		return err
	}
	r.Rewind(end)
	s.Flags, s.Activation = nil, nil
	if s.Status != "" {
		return nil
	}
	r.Rewind(start)
	return statusElsewhere(r, s)
}
