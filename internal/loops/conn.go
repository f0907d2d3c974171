package loops

import (
	"net"
	"os"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// KeepAlive lets TCP ask whether the peer lives when nothing has come for so long; at least a second.
func KeepAlive(c gnet.Conn, idle time.Duration) error {
	idle = max(idle, time.Second)
	return c.SetKeepAlive(true, idle, max(idle/4, time.Second), 4)
}

// CloseWrite tells the peer that nothing more will come. If that fails the peer learns it when the connection closes.
func CloseWrite(c gnet.Conn) {
	same, err := Dup(c)
	if err != nil {
		return
	}
	defer same.Close()
	if tcp, ok := same.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}

// Dup returns the connection under a descriptor of its own: it stays when the loop closes its one.
func Dup(c gnet.Conn) (net.Conn, error) {
	fd, err := c.Dup()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	return net.FileConn(f)
}

// MostConns returns how many connections leave enough descriptors for the store's files and for connections that are
// accepted only to be refused: gnet stops for good when accepting fails for want of a descriptor.
func MostConns() (n int, known bool) {
	const files = 256
	limit, known := Descriptors()
	n = int(min(limit, 1<<30))
	return n - n/4 - min(files, n/4), known
}
