package httpcompat

import (
	"io"
	"net"
	"sync"
	"time"

	"github.com/valyala/fasthttp"
)

// listener knows its open connections, so that they can be closed when a shutdown has waited long enough, and lets a
// connection linger whose request was refused before it was read.
type listener struct {
	net.Listener
	mu   sync.Mutex
	open map[string]*conn // by the client's address
}

func newListener(l net.Listener) *listener { return &listener{Listener: l, open: map[string]*conn{}} }

// Accept waits for the next connection.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	wrapped := &conn{Conn: c, listener: l, client: c.RemoteAddr().String()}
	wrapped.local = localAddr{c.LocalAddr(), wrapped}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[wrapped.client] = wrapped
	return wrapped, nil
}

// linger lets the connection of a client linger when it is closed.
func (l *listener) linger(client net.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c := l.open[client.String()]; c != nil {
		c.lingers = true
	}
}

// closeAll closes every connection at once.
func (l *listener) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		c.Conn.Close()
	}
}

// forget takes a connection off the list and tells whether it is to linger. A second time it does nothing.
func (l *listener) forget(c *conn) (lingers bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[c.client] == c {
		delete(l.open, c.client)
	}
	lingers, c.lingers = c.lingers, false
	return lingers
}

// conn is an accepted connection.
type conn struct {
	net.Conn
	listener *listener
	client   string
	local    localAddr
	lingers  bool // guarded by listener.mu
	sighting sighting
}

// localAddr is a connection's own address, by which the connection is found again: fasthttp wraps connections and keeps to
// itself what it wrapped, but passes on the address.
type localAddr struct {
	net.Addr
	conn *conn
}

// connOf returns the connection of a request, or nil when it did not come in through a listener of ours.
func connOf(c *fasthttp.RequestCtx) *conn {
	if a, ok := c.LocalAddr().(*localAddr); ok {
		return a.conn
	}
	return nil
}

// LocalAddr returns the address of this end, a *localAddr.
func (c *conn) LocalAddr() net.Addr { return &c.local }

// SetReadDeadline is called when a request is waited for.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.sighting.await()
	return c.Conn.SetReadDeadline(t)
}

// Read reads, and remembers the request line.
func (c *conn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.sighting.see(b[:n])
	return n, err
}

// How long, and for how many bytes, a connection lingers.
const (
	lingerTime  = time.Second
	lingerBytes = 8 << 20
)

// Close closes the connection. One that lingers first says that no more is sent and drops what still comes in, because
// closing over unread bytes resets the connection and takes the answer from the client that has not read it yet.
func (c *conn) Close() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); c.listener.forget(c) && ok && w.CloseWrite() == nil {
		if c.Conn.SetReadDeadline(time.Now().Add(lingerTime)) == nil {
			io.CopyN(io.Discard, c.Conn, lingerBytes) // its error is that of a connection that is over
		}
	}
	return c.Conn.Close()
}
