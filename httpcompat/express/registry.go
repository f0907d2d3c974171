package express

import (
	"fmt"
	"net"

	"github.com/panjf2000/gnet/v2"
	"github.com/valyala/fasthttp"
)

// register begins to keep a connection, or returns what tells the client that there is no room.
func (v *Server) register(gc gnet.Conn) (c *conn, refusal []byte) {
	client := hostOf(gc.RemoteAddr())
	v.registry.Lock()
	defer v.registry.Unlock()
	switch {
	case v.registry.all >= v.o.MaxConnections:
		return nil, refuse(fasthttp.StatusServiceUnavailable, "too many connections are open; try again later")
	case v.registry.of[client] >= v.o.MaxConnectionsPerIP:
		return nil, refuse(fasthttp.StatusTooManyRequests, "too many connections are open from your address")
	}
	v.registry.all++
	v.registry.of[client]++
	c = &conn{v: v, gc: gc, client: client, opened: v.now()}
	on := gc.EventLoop()
	if c.loop = v.registry.loops[on]; c.loop == nil {
		c.loop = newLoop(v)
		v.registry.loops[on] = c.loop
	}
	v.registry.conns[c] = struct{}{}
	return c, nil
}

// hostOf returns a client's address without its port.
func hostOf(a net.Addr) string {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return string(tcp.IP)
	}
	return a.String()
}

// refuse returns an answer after which the connection closes.
func refuse(code int, message string) []byte {
	return fmt.Appendf(nil, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s",
		code, fasthttp.StatusMessage(code), len(message), message)
}

// forget takes a connection off its loop.
func (v *Server) forget(c *conn) {
	v.registry.Lock()
	defer v.registry.Unlock()
	delete(v.registry.conns, c)
}

// leave gives back the place that a connection took of the limits.
func (v *Server) leave(client string) {
	v.registry.Lock()
	defer v.registry.Unlock()
	v.registry.all--
	if v.registry.of[client]--; v.registry.of[client] == 0 {
		delete(v.registry.of, client)
	}
}
