package process

import (
	"fmt"

	"pinkstar/schemas"
)

// A record over the brokers' limit can never be written, and a partition that
// tries for ever has stopped. So what comes in is bounded (readSignal), and what
// goes out is cut, visibly, should it still be too large (kafka.FittingRecord).

func checkNames(s *schemas.Signal) error {
	for _, f := range []struct{ name, value string }{
		{"name", s.Name}, {"source", s.Source}, {"fingerprint", s.Fingerprint}, {"scope", s.Scope}, {"service", s.Service},
		{"instance", s.Instance}, {"host", s.Host}, {"team", s.Team}, {"url", s.URL}, {"runbook", s.Runbook},
	} {
		if len(f.value) > schemas.MaxNameBytes {
			return fmt.Errorf("%s: takes %d bytes; the limit is %d", f.name, len(f.value), schemas.MaxNameBytes)
		}
	}
	return nil
}
