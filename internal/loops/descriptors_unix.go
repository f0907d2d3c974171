//go:build unix

package loops

import (
	"errors"
	"net"
	"syscall"
)

// Descriptors returns how many files and sockets the process may have open.
func Descriptors() (limit uint64, known bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return uint64(r.Cur), true
}

// stopAccepting ends a listening socket under all its descriptors: whoever accepts from it is told, and connections that
// were not accepted yet are reset. macOS does not have that.
func stopAccepting(socket net.Listener) error {
	tcp, ok := socket.(*net.TCPListener)
	if !ok {
		return errors.ErrUnsupported
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return err
	}
	var ended error
	if err := raw.Control(func(fd uintptr) { ended = syscall.Shutdown(int(fd), syscall.SHUT_RD) }); err != nil {
		return err
	}
	return ended
}
