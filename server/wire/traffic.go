package wire

import (
	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/internal/loops"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Loop is what the connections of one event loop share; only that loop touches it, the counters excepted.
type Loop struct {
	l *Listener
	// Began is when the wake-up began, or the turn of several connections, in nanoseconds since the listener did.
	Began int64
	// Budget is what the connection may still cost in this wake-up, in the service's points. It begins at
	// Options.LoopBudget.
	Budget int

	turns  []turn // of connections whose request was gathered
	input  []byte // those requests
	lonely int    // how many wake-ups are answered at once before gathering is tried again

	tally    tally
	counters Counters
	state    any // the service's
	out      []byte
	header   protocol.RequestHeader
	hello    protocol.Hello
	welcome  protocol.Welcome
}

// State returns what Service.NewLoop returned.
func (lo *Loop) State() any { return lo.state }

// Counters returns what the loop counts.
func (lo *Loop) Counters() *Counters { return &lo.counters }

// peekWindow is how much of the input is looked at in one piece, in bytes: as much as a loop reads at once. Input that
// lies in two pieces is copied together by gnet, so that it is not looked at before the frame is whole.
const peekWindow = readBuffer

// traffic is one wake-up: what workers left and what the new input asks for is answered with one write, at once or
// together with other connections (gather).
func (c *Conn) traffic() gnet.Action {
	lo := c.loop
	if c.gathered { // it was woken for this, or asks for more
		if lo.flush(); c.gone {
			return gnet.None
		}
	}
	if lo.gather(c) {
		return gnet.None
	}
	lo.Began = c.l.now()
	out, hangup, action := c.turn(lo.out[:0], nil)
	lo.keep(out)
	lo.publish(len(out))
	if action != gnet.None || c.closing {
		return action
	}
	return c.send(out, hangup)
}

// keep keeps the buffer of a wake-up for the next one.
func (lo *Loop) keep(out []byte) {
	if lo.out = out[:0]; cap(out) > maxKept {
		lo.out = nil
	}
}

// turn appends what workers left for the connection and the replies to its input: to the frame that was gathered, or else to
// what lies in gnet's buffers. hangup closes it after them.
func (c *Conn) turn(out, gathered []byte) (_ []byte, hangup bool, _ gnet.Action) {
	lo := c.loop
	lo.Budget = c.l.o.LoopBudget
	left := c.take()
	if c.closing {
		c.wrote()
		_, _ = c.gc.Discard(0) // all of it
		return out, false, gnet.None
	}
	if left.slow {
		return out, false, c.drop()
	}
	for _, reply := range left.large {
		lo.publish(len(reply))
		if !c.write(reply) {
			return out, false, gnet.None
		}
	}
	out, hangup = append(out, left.replies...), left.hangup
	switch {
	case hangup:
		return out, true, gnet.None
	case gathered != nil:
		out, _, hangup = c.cut(out, gathered)
		lo.tally.bytesIn += uint64(len(gathered))
		c.noteInput(true, 0) // what came since is dealt with after the turn
	default:
		out, hangup = c.frames(out)
	}
	c.l.service.Turned(lo)
	return out, hangup, gnet.None
}

// send writes all replies of a wake-up, and closes the connection if it is to be closed.
func (c *Conn) send(out []byte, hangup bool) gnet.Action {
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
func (c *Conn) drop() gnet.Action {
	c.l.slow.Add(1)
	c.l.log.Debug("closing a connection that does not read", "peer", c.gc.RemoteAddr().String())
	return gnet.Close
}

// write gives bytes to the peer, and what that does not take at once to gnet, which copies it. When it returns false the
// connection is gone, OnClose has been called, and nothing of it may be touched.
func (c *Conn) write(out []byte) bool {
	if _, err := loops.Send(c.gc, out); err != nil {
		return false
	}
	c.wrote()
	return true
}

// frames answers every whole frame of the input. hangup is true after one that breaks the protocol.
func (c *Conn) frames(out []byte) (_ []byte, hangup bool) {
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
			c.loop.tally.bytesIn += uint64(used)
		}
		if hangup {
			_, _ = c.gc.Discard(0)
			return out, true
		}
	}
	c.noteInput(asked, c.gc.InboundBuffered())
	return out, false
}

// noteInput keeps the times that the sweep looks at, no more precisely than that does: whether a frame was whole, and how
// many bytes of another wait.
func (c *Conn) noteInput(asked bool, rest int) {
	began, partial := c.loop.Began, c.partial.Load()
	if asked && began > c.asked.Load() {
		c.asked.Store(began + int64(c.l.every))
	}
	switch {
	case rest > 0 && (asked || partial == 0):
		c.partial.Store(began)
	case rest == 0 && partial != 0:
		c.partial.Store(0)
	}
}

// cut answers the whole frames at the head of input, tells how many bytes they were, and notes in c.need what the frame
// behind them needs.
func (c *Conn) cut(out, input []byte) (_ []byte, used int, hangup bool) {
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
			return c.l.AppendError(out, &c.loop.counters, 0, err), used, true
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
func (c *Conn) frame(out, body []byte) (_ []byte, hangup bool) {
	h := &c.loop.header // not on the stack: it is handed to an interface
	var payload []byte
	var err error
	*h, payload, err = protocol.DecodeRequest(body)
	switch {
	case err != nil:
		e := ErrorOf(err)
		hangup = e.Code == protocol.CodeProtocol || !c.greeted.Load()
		return c.l.AppendError(out, &c.loop.counters, h.ID, e), hangup
	case h.ID == 0:
		return c.l.AppendError(out, &c.loop.counters, 0, protocol.Errorf(protocol.CodeProtocol,
			"request: id 0 is the connection's own; number requests from 1")), true
	case h.Op == protocol.OpHello || !c.greeted.Load():
		return c.hello(out, h, payload)
	}
	return c.dispatch(out, h, payload, body)
}

// dispatch lets the service answer a request that may be answered.
func (c *Conn) dispatch(out []byte, h *protocol.RequestHeader, payload, body []byte) (_ []byte, hangup bool) {
	l, lo := c.l, c.loop
	if !l.service.Speaks(h.Op) {
		return l.AppendError(out, &lo.counters, h.ID, protocol.Errorf(protocol.CodeUnsupported,
			"%s is not spoken by this %s", h.Op, l.o.Who)), false
	}
	lo.asked(h.Op)
	if l.draining.Load() {
		return l.AppendError(out, &lo.counters, h.ID, ErrDraining), false
	}
	if err := c.congested(); err != nil {
		return l.AppendError(out, &lo.counters, h.ID, err), false
	}
	return l.service.Answer(c, out, h, payload, body)
}

// linger begins to close the connection: nothing more is sent, and what comes is thrown away, so that the peer can read
// why. Closing at once would reset the connection if input is unread, and the error frame would be lost.
func (c *Conn) linger() {
	c.closing = true
	c.lingering.Store(max(c.l.now(), 1))
	if c.gc.OutboundBuffered() == 0 {
		loops.CloseWrite(c.gc)
	}
}
