package ingest

import (
	"testing"

	"pinkstar/schemas"
)

func TestRename(t *testing.T) {
	n := schemas.DefaultNaming()
	tr := NewTranslator(n, DefaultConfig().Limits)
	read := func() schemas.Signal {
		t.Helper()
		body := []byte(`{"name":"x","labels":{"unit":"web","box":"m1:9100","env":"prod","realm":"blue"}}`)
		signals, err := tr.Translate(SourceSignals, body, Meta{ReceivedAt: 1_790_000_000_000})
		if err != nil || len(signals) != 1 {
			t.Fatal(signals, err)
		}
		return signals[0]
	}
	if s := read(); s.Service != "" || s.Host != "" || s.Scope != "default/production" {
		t.Fatalf("before: %+v", s)
	}
	n.Service, n.Host, n.Environment = []string{"unit"}, []string{"box"}, []string{"realm"}
	tr.Rename(n)
	if s := read(); s.Service != "web" || s.Host != "m1" || s.Scope != "default/production" {
		t.Errorf("after: service %q, host %q, scope %q", s.Service, s.Host, s.Scope)
	}
}
