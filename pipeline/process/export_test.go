package process

import (
	"syscall"
	"time"
)

// BehaveAs makes c one of a release whose engines have that behaviour.
func (c *Correlator) BehaveAs(number int64) { c.behaviour = number }

// CPU is what this process has used: user and system.
func CPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
