//go:build !linux

package engine

import "syscall"

// dieWithParent does nothing where the kernel has no such thing.
func dieWithParent() *syscall.SysProcAttr { return nil }
