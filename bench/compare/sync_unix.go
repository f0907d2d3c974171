//go:build unix

package compare

import "syscall"

// settleDisk waits until the system has written what it holds back: what preparing left would slow down the durable writes that are
// measured next.
func settleDisk() { syscall.Sync() }
