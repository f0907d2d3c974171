//go:build unix

package wire

import "syscall"

// Descriptors returns how many files and sockets the process may have open.
func Descriptors() (limit uint64, known bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return uint64(r.Cur), true
}
