package jsonscan

import (
	"hash/maphash"
	"strings"
)

// Shared hands out one copy of each string that comes again and again: names of
// labels and services are in every record. It remembers a bounded number of short
// ones, the newest in their place, and is for one goroutine at a time. The zero
// value is ready.
type Shared struct{ slots [sharedStrings]string }

const (
	sharedStrings  = 2048 // a power of two; with maxSharedBytes it bounds what is held, to 130 KB
	maxSharedBytes = 48   // longer ones are texts, which differ
)

var sharedSeed = maphash.MakeSeed()

// of returns a copy of s, which may be one that it returned before.
func (m *Shared) of(s string) string {
	if len(s) == 0 || len(s) > maxSharedBytes {
		return strings.Clone(s)
	}
	slot := &m.slots[maphash.String(sharedSeed, s)%sharedStrings]
	if *slot != s {
		*slot = strings.Clone(s)
	}
	return *slot
}
