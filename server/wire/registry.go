package wire

import (
	"context"
	"slices"

	"github.com/panjf2000/gnet/v2"
)

// maxLingering bounds the connections that are kept open only for their peer to read why they close.
const maxLingering = 256

// register begins to keep a connection.
func (l *Listener) register(gc gnet.Conn) *Conn {
	c := &Conn{l: l, gc: gc, opened: l.now()}
	c.ctx, c.cancel = context.WithCancel(l.ctx)
	c.asked.Store(c.opened)
	l.registry.Lock()
	defer l.registry.Unlock()
	on := gc.EventLoop()
	if c.loop = l.registry.loops[on]; c.loop == nil {
		c.loop = l.newLoop()
		l.registry.loops[on] = c.loop
	}
	l.registry.conns[c] = struct{}{}
	c.state = l.service.Opened(c)
	gc.SetContext(c)
	return c
}

// newLoop returns what the connections of an event loop share.
func (l *Listener) newLoop() *Loop { return &Loop{l: l, state: l.service.NewLoop()} }

// forget is called when a connection is closed.
func (l *Listener) forget(c *Conn) {
	l.conns.Add(-1)
	l.registry.Lock()
	defer l.registry.Unlock()
	delete(l.registry.conns, c)
}

// open returns the connections of this moment.
func (l *Listener) open(into []*Conn) []*Conn {
	l.registry.Lock()
	defer l.registry.Unlock()
	into = slices.Grow(into[:0], len(l.registry.conns))
	for c := range l.registry.conns {
		into = append(into, c)
	}
	return into
}

// Totals returns what loops and workers have counted.
func (l *Listener) Totals() Totals {
	var t Totals
	l.registry.Lock()
	defer l.registry.Unlock()
	for _, lo := range l.registry.loops {
		t.add(&lo.counters)
	}
	t.add(&l.shared)
	return t
}

// refuse tells the peer of a new connection why it closes. It is called in OnOpen.
func (c *Conn) refuse(err error) gnet.Action {
	out := c.l.AppendError(nil, &c.loop.counters, 0, err)
	c.loop.publish(len(out))
	if c.l.conns.Load() > int64(c.l.limits.MaxConns+maxLingering) {
		_, _ = c.gc.Write(out) // closing at once may lose it, but room matters more now
		return gnet.Close
	}
	return c.send(out, true)
}
