package express

import (
	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/internal/loops"
)

// traffic is one wake-up: what was left for the connection and what its input asks for is answered with one write, at once
// or together with other connections (gather).
func (c *conn) traffic() gnet.Action {
	lo := c.loop
	if c.gathered { // it was woken for this, or asks for more
		if lo.flush(); c.gone {
			return gnet.None
		}
	}
	if lo.gather(c) {
		return gnet.None
	}
	lo.began = c.v.now()
	out, action := c.turn(lo.out[:0])
	lo.keep(out)
	lo.service.Flush()
	return action
}

// keep keeps the buffer of a wake-up for the next one.
func (lo *loop) keep(out []byte) {
	if lo.out = out[:0]; cap(out) > maxKept {
		lo.out = nil
	}
}

// turn answers what lies in gnet's buffers, and writes that.
func (c *conn) turn(out []byte) (_ []byte, action gnet.Action) {
	out, c.waits = c.take(out)
	c.odd = c.odd || c.late.Load()
	if !c.waits && !c.over && !c.odd {
		out = c.answerAll(out)
	}
	return out, c.send(out, nil)
}

// answerAll answers the requests of the input one after the other, up to one that was taken over or cannot be answered here.
func (c *conn) answerAll(out []byte) []byte {
	input, err := c.gc.Peek(-1)
	if err != nil {
		return out // never: as much as there is
	}
	used, f, began := 0, answered, false
	for f == answered && !c.over && used < len(input) {
		var n int
		if out, n, c.over, f = c.loop.answer(c, out, input[used:]); f <= taken {
			used, began = used+n, true
		}
		c.waits = f == taken
	}
	if used > 0 {
		_, _ = c.gc.Discard(used) // never 0, which would be all
	}
	c.odd = f == odd
	c.noteInput(began)
	return out
}

// noteInput keeps the time that the sweep looks at. fresh tells that the input begins with another request than before.
func (c *conn) noteInput(fresh bool) {
	switch {
	case c.gc.InboundBuffered() == 0 || c.busy():
		if c.partial.Load() != 0 {
			c.partial.Store(0)
		}
	case fresh || c.partial.Load() == 0:
		c.partial.Store(c.loop.began)
	}
}

// send writes the answers of a wake-up, and closes the connection on its loop if it is done with, or goes on elsewhere: when
// the client does not take its answer at once, when what comes next is odd, of which read was read already, and when it has
// sent so much behind a request that was taken over that it must not be read on.
func (c *conn) send(out, read []byte) gnet.Action {
	n, err := loops.Write(c.gc, out)
	switch {
	case err != nil:
		c.over = true // the client is gone
		return gnet.Close
	case n < len(out) || c.odd || c.gc.InboundBuffered() > maxWhole:
		c.goOn(out[n:], read)
		return gnet.Close
	case c.over:
		return gnet.Close
	case c.waits:
		c.settle()
	}
	return gnet.None
}
