package server

import (
	"net"
	"os"

	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// loop is what the connections of one event loop share; only that loop touches it, the counters excepted.
type loop struct {
	counters counters
	scratch  scratch
	began    int64 // when the wake-up began
	budget   int   // points that the connection may still cost in this wake-up
}

// peekWindow is how much of the input is looked at in one piece, in bytes: as much as a loop reads at once. Input that
// lies in two pieces is copied together by gnet, so that it is not looked at before the frame is whole.
const peekWindow = readBuffer

// traffic is one wake-up: what workers left and what the new input asks for is answered with one write.
func (c *conn) traffic() gnet.Action {
	lo := c.loop
	lo.began, lo.budget = c.l.now(), loopBudget
	left := c.take()
	if c.closing {
		c.wrote()
		_, _ = c.gc.Discard(0) // all of it
		return gnet.None
	}
	if left.slow {
		return c.drop()
	}
	for _, reply := range left.large {
		if !c.write(reply) {
			return gnet.None
		}
	}
	out, hangup := append(lo.scratch.out[:0], left.replies...), left.hangup
	if !hangup {
		out, hangup = c.frames(out)
	}
	lo.scratch.out = out
	defer lo.scratch.trim()
	return c.send(out, hangup)
}

// send writes all replies of a wake-up, and closes the connection if it is to be closed.
func (c *conn) send(out []byte, hangup bool) gnet.Action {
	if len(out) > 0 && !c.write(out) {
		return gnet.None
	}
	if c.queued.Load() > int64(c.l.limits.MaxQueuedBytes) {
		return c.drop()
	}
	if hangup {
		c.linger()
	}
	return gnet.None
}

// drop closes a connection that does not read.
func (c *conn) drop() gnet.Action {
	c.l.slow.Add(1)
	c.l.log.Debug("closing a connection that does not read", "peer", c.gc.RemoteAddr().String())
	return gnet.Close
}

// write gives bytes to gnet, which copies what the peer does not take at once. When it returns false the connection is
// gone, OnClose has been called, and nothing of it may be touched.
func (c *conn) write(out []byte) bool {
	if _, err := c.gc.Write(out); err != nil {
		return false
	}
	c.loop.counters.bytesOut.Add(uint64(len(out)))
	c.wrote()
	return true
}

// frames answers every whole frame of the input. hangup is true after one that breaks the protocol.
func (c *conn) frames(out []byte) (_ []byte, hangup bool) {
	asked := false
	for have := c.gc.InboundBuffered(); have > 0 && have >= c.need; have = c.gc.InboundBuffered() {
		input, err := c.gc.Peek(min(have, max(c.need, peekWindow)))
		if err != nil {
			break // never: so much is there
		}
		var used int
		out, used, hangup = c.cut(out, input)
		if used > 0 {
			asked = true
			_, _ = c.gc.Discard(used) // never 0, which would be all
			c.loop.counters.bytesIn.Add(uint64(used))
		}
		if hangup {
			_, _ = c.gc.Discard(0)
			return out, true
		}
	}
	c.noteInput(asked)
	return out, false
}

// noteInput keeps the times that the sweep looks at.
func (c *conn) noteInput(asked bool) {
	if asked {
		c.asked.Store(c.loop.began)
	}
	switch {
	case c.gc.InboundBuffered() == 0:
		c.partial.Store(0)
	case asked || c.partial.Load() == 0:
		c.partial.Store(c.loop.began)
	}
}

// cut answers the whole frames at the head of input, tells how many bytes they were, and notes in c.need what the frame
// behind them needs.
func (c *conn) cut(out, input []byte) (_ []byte, used int, hangup bool) {
	for {
		rest := input[used:]
		if len(rest) < protocol.FramePrefix {
			c.need = protocol.FramePrefix
			return out, used, false
		}
		limit := c.l.limits.MaxRequest
		if !c.greeted.Load() {
			limit = protocol.MaxHelloFrame
		}
		size, err := protocol.FrameSize(rest[:protocol.FramePrefix], limit)
		if err != nil {
			return c.l.appendError(out, &c.loop.counters, 0, err), used, true
		}
		whole := protocol.FramePrefix + size
		if len(rest) < whole {
			c.need = whole
			return out, used, false
		}
		used += whole
		if out, hangup = c.frame(out, rest[protocol.FramePrefix:whole]); hangup {
			return out, used, true
		}
	}
}

// frame answers one frame, or hands it to a worker.
func (c *conn) frame(out, body []byte) (_ []byte, hangup bool) {
	h, payload, err := protocol.DecodeRequest(body)
	switch {
	case err != nil:
		e := errorOf(err)
		hangup = e.Code == protocol.CodeProtocol || !c.greeted.Load()
		return c.l.appendError(out, &c.loop.counters, h.ID, e), hangup
	case h.ID == 0:
		return c.l.appendError(out, &c.loop.counters, 0, protocol.Errorf(protocol.CodeProtocol,
			"request: id 0 is the connection's own; number requests from 1")), true
	case h.Op == protocol.OpHello || !c.greeted.Load():
		return c.hello(out, &h, payload)
	}
	return c.dispatch(out, &h, payload, body)
}

// dispatch answers a request on the loop if it is cheap, and otherwise hands it to a worker.
func (c *conn) dispatch(out []byte, h *protocol.RequestHeader, payload, body []byte) (_ []byte, hangup bool) {
	l, lo := c.l, c.loop
	hd := &l.handlers[h.Op]
	if hd.answer == nil {
		return l.appendError(out, &lo.counters, h.ID, protocol.Errorf(protocol.CodeUnsupported,
			"%s is not spoken by this node", h.Op)), false
	}
	lo.counters.requests[h.Op].Add(1)
	lo.scratch.reader, lo.scratch.keeping.query.Keep = l.node.warm, false
	lo.scratch.conn = c
	if l.draining.Load() {
		return l.appendError(out, &lo.counters, h.ID, ErrDraining), false
	}
	if err := c.congested(); err != nil {
		return l.appendError(out, &lo.counters, h.ID, err), false
	}
	if hd.cost == nil || len(body) > maxLoopFrame || lo.budget <= 0 || l.mustWait(h) {
		return c.submit(out, h, hd, body, false), false
	}
	if err := l.expired(h, lo.began); err != nil {
		return l.appendError(out, &lo.counters, h.ID, err), false
	}
	if hd.depends != nil && l.node.replies != nil {
		if out, ok := c.kept(out, h, payload); ok {
			lo.budget -= baseCost
			return out, false
		}
	}
	if err := hd.decode(&lo.scratch, payload); err != nil {
		return l.appendError(out, &lo.counters, h.ID, err), errorOf(err).Code == protocol.CodeProtocol
	}
	cost := hd.cost(l.node.engine, &lo.scratch)
	if cost > maxLoopCost {
		return c.submit(out, h, hd, body, false), false
	}
	lo.budget -= cost
	out, cold := l.answer(c.ctx, out, &lo.counters, &lo.scratch, h, hd, payload)
	if cold {
		out = c.submit(out, h, hd, body, true)
	}
	return out, false
}

// linger begins to close the connection: nothing more is sent, and what comes is thrown away, so that the peer can read
// why. Closing at once would reset the connection if input is unread, and the error frame would be lost.
func (c *conn) linger() {
	c.closing = true
	c.lingering.Store(max(c.l.now(), 1))
	if c.gc.OutboundBuffered() == 0 {
		closeWrite(c.gc)
	}
}

// closeWrite tells the peer that nothing more will come. If that fails the peer learns it from the sweep's close.
func closeWrite(gc gnet.Conn) {
	fd, err := gc.Dup()
	if err != nil {
		return
	}
	f := os.NewFile(uintptr(fd), "connection")
	defer f.Close()
	same, err := net.FileConn(f)
	if err != nil {
		return
	}
	defer same.Close()
	if tcp, ok := same.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}
