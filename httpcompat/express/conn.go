package express

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/internal/loops"
)

// conn is a connection on a loop. Fields without a note belong to that loop. Times are nanoseconds since the server began.
// A request that is answered at once takes no lock and stores to no atomic field, for the reason that wire.Conn gives.
type conn struct {
	v    *Server
	loop *loop
	gc   gnet.Conn

	gathered bool // its request waits for the loop's next flush
	odd      bool // what comes next of it is not answered here
	over     bool // it closes after what was answered
	waits    bool // the last request was taken over, and the loop has not taken its answer
	gone     bool // it has left the loop. The loop sets it under mu, so that it alone reads it without

	// For the sweep, the drain and whoever answers too.
	late    atomic.Bool  // the sweep found that it takes too long
	asked   atomic.Int64 // when the last request was whole, or up to a sweep later; 0 = there was none
	partial atomic.Int64 // since when part of a request has been waiting for the rest; 0 = none is
	opened  int64

	client string // address, as it is counted
	mu     struct {
		sync.Mutex
		busy      bool    // a request was taken over and is not answered
		quiet     bool    // and the loop has written all that comes before its answer, and has no input behind it
		early     bool    // it was answered before the loop knew that it was taken over
		answer    []byte  // to it; the loop writes it when it is woken. Its memory is used again
		close     bool    // the connection is to close after the answer
		apart     *handed // it has left the loop while busy, and goes on elsewhere after the answer
		elsewhere bool    // it has left the loop, and goes on elsewhere
	}
}

// since returns when the request at hand, or the time in which a first one must come, began.
func (c *conn) since() time.Time {
	at := c.opened
	if c.asked.Load() != 0 {
		at = c.partial.Load()
	}
	if at == 0 {
		at = c.v.now()
	}
	return c.v.begin.Add(time.Duration(at))
}

// idle tells whether no request is under way.
func (c *conn) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.mu.busy && c.partial.Load() == 0
}

// busy tells whether a request was taken over and is not answered.
func (c *conn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.mu.busy
}

// take appends the answer to a request that was taken over, if it has come; busy tells that it has not.
func (c *conn) take(out []byte) (_ []byte, busy bool) {
	if !c.waits {
		return out, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.mu.answer) > 0 {
		out = append(out, c.mu.answer...)
		if c.mu.answer = c.mu.answer[:0]; cap(c.mu.answer) > maxKept {
			c.mu.answer = nil
		}
		c.over = c.over || c.mu.close
	}
	return out, c.mu.busy
}

// took notes that a request was taken over, unless it is answered already.
func (c *conn) took() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.early, c.mu.busy, c.mu.quiet = false, !c.mu.early, false
}

// settle notes whether the answer to the request that was taken over may be written from anywhere: the loop has written what
// comes before it, and no input waits behind it.
func (c *conn) settle() {
	nothing := c.gc.InboundBuffered() == 0
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.quiet = nothing && c.mu.busy
}

// Done hands over the answer to a request that was taken over. The request is no longer the caller's. It may be called from
// anywhere.
func (r *Request) Done() {
	if w := r.Leave(); w != nil {
		w.Wake()
	}
}

// Waker is told that there is something to do.
type Waker interface{ Wake() }

// Leave is Done without waking the loop: whoever leaves several answers wakes those whom it returns after all of them.
// Nil = there is nobody to wake.
func (r *Request) Leave() Waker {
	c := r.c
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.answer, c.mu.close = r.appendAnswer(c.mu.answer[:0], c.v.draining.Load())
	c.mu.early, c.mu.busy = !c.mu.busy, false
	c.v.release(r)
	switch {
	case c.mu.apart != nil:
		go c.mu.apart.resume(c.mu.answer, c.mu.close)
	case !c.gone:
		return c
	}
	return nil
}

// Wake writes the answer that was left, or lets the loop do it where that has more to do.
func (c *conn) Wake() {
	if !c.write() {
		c.v.engine.Wake(c.gc)
	}
}

// write writes the answer that was left. It saves the way over the loop, with a system call to wake it and a switch to it:
// a gateway's rankings take 27 us of CPU instead of 30 (medians of three runs each). The descriptor is not closed meanwhile, because ended waits for the lock.
func (c *conn) write() (done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.mu.answer) == 0 || c.gone {
		return true // the loop has taken it
	}
	if !c.mu.quiet || c.mu.close {
		return false
	}
	n, err := loops.Write(c.gc, c.mu.answer)
	c.mu.answer = append(c.mu.answer[:0], c.mu.answer[n:]...)
	return err == nil && len(c.mu.answer) == 0
}

// ended is called when the connection is closed on its loop. The client may have stopped sending only, and read on: then
// what it has begun is answered elsewhere.
func (c *conn) ended() {
	if c.gathered {
		c.loop.flush()
	}
	if !c.goOn(nil, nil) {
		c.v.forget(c)
		c.v.leave(c.client)
	}
}

// goOn lets the connection go on at the fallback, and tells whether there is anything to go on with: answers that the client
// has not taken yet, a request that was taken over, some bytes that were read of the next, or those that the loop still has.
// The connection must be closed on its loop then.
func (c *conn) goOn(owed, read []byte) bool {
	rest, _ := c.gc.Peek(-1)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return c.mu.elsewhere
	}
	c.gone = true
	owed = append(bytes.Clone(owed), c.mu.answer...)
	c.mu.answer = nil
	c.over = c.over || c.mu.close
	input := len(read) + len(rest)
	if c.over {
		input = 0
	}
	if len(owed) == 0 && !c.mu.busy && input == 0 && !c.late.Load() {
		return false
	}
	nc, err := loops.Dup(c.gc)
	if err != nil {
		c.v.o.Logger.Warn("a connection is closed, for want of a descriptor", "error", err)
		return false
	}
	h := &handed{Conn: nc, v: c.v, client: c.client, since: c.since(), owed: owed}
	h.read = append(append(h.read, read...), rest...)
	c.v.forget(c)
	c.mu.elsewhere = true
	switch {
	case c.mu.busy:
		c.mu.apart = h
	case len(owed) > 0:
		go h.resume(nil, c.over)
	default:
		c.v.fallback.give(h)
	}
	return true
}
