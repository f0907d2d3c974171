//go:build unix

package loops

import (
	"errors"
	"os"
	"syscall"

	"github.com/panjf2000/gnet/v2"
)

// Write writes as much to a connection as its peer takes at once, and keeps nothing. It is called on the connection's loop,
// while gnet holds nothing that is to be written before.
func Write(c gnet.Conn, b []byte) (n int, err error) {
	for n < len(b) {
		sent, err := writeOnce(c.Fd(), b[n:])
		switch {
		case errors.Is(err, syscall.EAGAIN):
			return n, nil
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return n, os.NewSyscallError("write", err)
		default:
			n += sent
		}
	}
	return n, nil
}
