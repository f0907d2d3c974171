package express

import (
	"net"
	"sync"
	"time"
)

// handed is a connection on its way to the fallback, and there.
type handed struct {
	net.Conn
	v      *Server
	client string
	since  time.Time // when its request began
	owed   []byte    // answers that the client had not taken
	read   []byte    // what was read of it on the loop, and is not read again yet
	waited bool      // the first deadline has been set
	once   sync.Once
}

// resume writes what is owed and an answer to the request that the loop had taken, and hands the connection over.
func (h *handed) resume(answer []byte, over bool) {
	_ = h.Conn.SetWriteDeadline(time.Now().Add(h.v.o.WriteTimeout)) // fails like the write
	out := net.Buffers{h.owed, answer}
	if _, err := out.WriteTo(h.Conn); err != nil || over {
		_ = h.Close() // the client is gone, or does not read, or was told so
		return
	}
	h.owed = nil
	h.since = time.Now()
	h.v.fallback.give(h)
}

// Read reads what the loop had read first.
func (h *handed) Read(b []byte) (int, error) {
	if len(h.read) == 0 {
		return h.Conn.Read(b)
	}
	n := copy(b, h.read)
	if h.read = h.read[n:]; len(h.read) == 0 {
		h.read = nil
	}
	return n, nil
}

// SetReadDeadline sets the deadline of a read. The first is that of the request which began on the loop: it began earlier.
func (h *handed) SetReadDeadline(t time.Time) error {
	if !h.waited {
		h.waited = true
		t = t.Add(-time.Since(h.since))
	}
	return h.Conn.SetReadDeadline(t)
}

// CloseWrite tells the client that nothing more comes.
func (h *handed) CloseWrite() error {
	if tcp, ok := h.Conn.(*net.TCPConn); ok {
		return tcp.CloseWrite()
	}
	return net.ErrClosed
}

// Close closes the connection.
func (h *handed) Close() error {
	h.once.Do(func() { h.v.leave(h.client) })
	return h.Conn.Close()
}

// Fallback is a net.Listener of the connections that are not served on loops.
type Fallback struct {
	v      *Server
	came   chan *handed
	closed chan struct{}
	once   sync.Once
}

func newFallback(v *Server) *Fallback {
	return &Fallback{v: v, came: make(chan *handed, v.o.MaxConnections), closed: make(chan struct{})}
}

// give hands a connection over. It does not wait: there are never more connections than have room.
func (f *Fallback) give(h *handed) {
	select {
	case <-f.closed:
		_ = h.Close() // whoever would serve it is gone
	case f.came <- h:
	}
}

// Accept waits for the next connection.
func (f *Fallback) Accept() (net.Conn, error) {
	select {
	case h := <-f.came:
		return h, nil
	case <-f.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept.
func (f *Fallback) Close() error {
	f.once.Do(func() { close(f.closed) })
	for {
		select {
		case h := <-f.came:
			_ = h.Close()
		default:
			return nil
		}
	}
}

// Addr returns the address that is listened on.
func (f *Fallback) Addr() net.Addr { return f.v.Addr() }
