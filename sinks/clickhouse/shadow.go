package clickhouse

import (
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/prometheus/client_golang/prometheus"
)

// NewShadowWriter returns a writer of what a shadow decides: shadow_decisions
// and shadow_incidents, which v_shadow_diff compares with what is in force. The
// signals themselves are there already.
func NewShadowWriter(conn driver.Conn, cfg WriterConfig, reg prometheus.Registerer) *Writer {
	w := NewWriter(conn, cfg, reg)
	w.shadow = true
	return w
}
