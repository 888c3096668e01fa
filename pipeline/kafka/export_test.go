package kafka

import "github.com/twmb/franz-go/pkg/kfake"

// With makes a test's broker differ: further options, and no repair.
func (e *Embedded) With(noRepair bool, opts ...kfake.Opt) {
	e.noRepair, e.extra = noRepair, opts
}
