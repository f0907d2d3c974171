//go:build !race && !386 && !s390x

package loops

import (
	"syscall"
	"unsafe"
)

// maxRaw is the most that is written without telling the scheduler, in bytes: it takes some 20 us.
const maxRaw = 64 << 10

// writeOnce is the system call. It never waits, since the descriptors of connections do not block, but it wakes the peer,
// which may take the processor at once. The scheduler would take that for a call that blocks, and give the loop's place to
// another thread, from which the loop had to get it back: 14 to 21 % of the CPU of a node with 150 connections on two
// processors that were busy. So it is not told of short ones. Sendto comes to the socket with less on its way than write;
// 386 and s390x have none.
func writeOnce(fd int, b []byte) (n int, err error) {
	if len(b) > maxRaw {
		return syscall.Write(fd, b)
	}
	written, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))),
		uintptr(len(b)), syscall.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(written), nil
}
