package server

import (
	"context"
	"slices"

	"github.com/panjf2000/gnet/v2"
)

// maxLingering bounds the connections that are kept open only for their peer to read why they close.
const maxLingering = 256

// register begins to keep a connection.
func (l *listener) register(gc gnet.Conn) *conn {
	c := &conn{l: l, gc: gc, opened: l.now()}
	c.ctx, c.cancel = context.WithCancel(l.ctx)
	c.asked.Store(c.opened)
	l.registry.Lock()
	defer l.registry.Unlock()
	on := gc.EventLoop()
	if c.loop = l.registry.loops[on]; c.loop == nil {
		c.loop = new(loop)
		l.registry.loops[on] = c.loop
	}
	l.registry.conns[c] = struct{}{}
	gc.SetContext(c)
	return c
}

// forget is called when a connection is closed.
func (l *listener) forget(c *conn) {
	l.conns.Add(-1)
	l.registry.Lock()
	defer l.registry.Unlock()
	delete(l.registry.conns, c)
}

// open returns the connections of this moment.
func (l *listener) open(into []*conn) []*conn {
	l.registry.Lock()
	defer l.registry.Unlock()
	into = slices.Grow(into[:0], len(l.registry.conns))
	for c := range l.registry.conns {
		into = append(into, c)
	}
	return into
}

// totals returns what loops and workers have counted.
func (l *listener) totals() totals {
	var t totals
	l.registry.Lock()
	defer l.registry.Unlock()
	for _, lo := range l.registry.loops {
		t.add(&lo.counters)
	}
	t.add(&l.shared)
	return t
}

// refuse tells the peer of a new connection why it closes. It is called in OnOpen.
func (c *conn) refuse(err error) gnet.Action {
	out := c.l.appendError(nil, &c.loop.counters, 0, err)
	if c.l.conns.Load() > int64(c.l.limits.MaxConns+maxLingering) {
		_, _ = c.gc.Write(out) // closing at once may lose it, but room matters more now
		return gnet.Close
	}
	return c.send(out, true)
}
