package wire

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/panjf2000/gnet/v2"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// maxKept bounds the memory that a buffer keeps for its next use, in bytes.
const maxKept = 1 << 20

// maxCopied is the longest reply that a worker copies to a connection, in bytes; the loop waits while it does.
const maxCopied = 64 << 10

// Conn is a connection. Fields without a note belong to its event loop. Times are nanoseconds since the listener began.
//
// A request that is answered at once on a connection to which nothing is owed takes no lock and stores to no atomic field:
// on amd64 either waits for all stores before it, and with many connections those go to memory that is in no cache. What it
// looks at lies in two cache lines, before mu. A request of BenchmarkTurn takes 0.29 us instead of 0.39.
type Conn struct {
	l    *Listener
	loop *Loop
	gc   gnet.Conn
	// ctx ends with the connection, and with it what its requests wait for.
	ctx   context.Context
	state any // what the service keeps of it

	need     int  // bytes that the frame at the head of the input has, prefix included, as far as it is known
	gathered bool // a request of it waits for the loop's next flush
	closing  bool // an error frame was sent: input is thrown away until the peer closes or the sweep does
	gone     bool // OnClose was called. The loop sets it under mu, so that it alone reads it without

	// For the sweep, the drain and workers too.
	inFlight  atomic.Int32 // requests that were admitted and are not answered
	greeted   atomic.Bool
	woken     atomic.Bool  // the loop was woken for what workers left, and has not taken it. It is set under mu
	queued    atomic.Int64 // bytes that the peer has not taken, as last counted: pending and gnet's
	asked     atomic.Int64 // when the last frame was whole, or up to a sweep later
	partial   atomic.Int64 // since when part of a frame has been waiting for the rest; 0 = none is
	lingering atomic.Int64 // since when it is closing; 0 = it is not
	opened    int64

	cancel context.CancelFunc // of ctx
	mu     struct {
		sync.Mutex
		pending []byte   // replies that workers left; the loop writes them when it is woken
		spare   []byte   // the buffer that pending had before
		large   [][]byte // replies too large to copy
		waiting int      // bytes of pending and large
		unsent  int      // bytes that gnet holds, as the loop last saw
		hangup  bool     // after those replies the connection is to close
		slow    bool     // so many replies waited that they were thrown away; the connection is to close
	}
}

// Loop returns the event loop that the connection belongs to.
func (c *Conn) Loop() *Loop { return c.loop }

// Events tells which of the engine's loops that is, as loops.Line.Loop does.
func (c *Conn) Events() any { return c.gc.EventLoop() }

// State returns what Service.Opened returned.
func (c *Conn) State() any { return c.state }

// Context ends with the connection, and with it what its requests wait for.
func (c *Conn) Context() context.Context { return c.ctx }

// deliver leaves a reply with the connection, to be written by its loop, after which the connection closes if hangup is
// set. A large reply is not copied: kept then tells the caller that out is no longer its own.
func (c *Conn) deliver(room *Room, out []byte, hangup bool) (kept bool) {
	kept, wake := c.leave(room, out, hangup)
	if wake {
		c.Wake()
	}
	return kept
}

// Wake lets the connection's loop write what Pass left with it.
func (c *Conn) Wake() { c.l.engine.Wake(c.gc) }

// leave is deliver without waking the loop: wake tells the caller to.
func (c *Conn) leave(room *Room, out []byte, hangup bool) (kept, wake bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer room.Release()
	if c.over() {
		return false, false
	}
	if kept = len(out) > maxCopied; kept {
		c.mu.large = append(c.mu.large, out)
	} else {
		c.mu.pending = append(c.mu.pending, out...)
	}
	c.mu.hangup = hangup
	return kept, c.left(len(out))
}

// pass appends a reply frame to what waits for the loop. wake tells the caller to wake it.
func (c *Conn) pass(room *Room, h *protocol.ReplyHeader, payload []byte) (wake bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	defer room.Release()
	if c.over() {
		return false
	}
	start := len(c.mu.pending)
	c.mu.pending = protocol.FinishFrame(append(protocol.BeginReply(c.mu.pending, h), payload...), start)
	return c.left(len(c.mu.pending) - start)
}

// left counts so many more bytes that wait for the loop, and tells whether it must be woken; c.mu is held.
func (c *Conn) left(bytes int) (wake bool) {
	c.mu.waiting += bytes
	if c.mu.waiting > c.l.limits.MaxQueuedBytes { // workers are faster than the loop is woken
		c.mu.pending, c.mu.large, c.mu.waiting, c.mu.slow = nil, nil, 0, true
	}
	c.count()
	return !c.woken.Swap(true)
}

// count updates what the connection and the listener have queued; c.mu is held.
func (c *Conn) count() {
	now := int64(c.mu.waiting + c.mu.unsent)
	c.l.queued.Add(now - c.queued.Swap(now))
}

// leavings are what workers have left with a connection.
type leavings struct {
	replies []byte   // valid until the next take
	large   [][]byte // further replies
	hangup  bool     // to close after them
	slow    bool     // to close at once
}

// take returns what workers have left. It counts as queued until wrote is called.
func (c *Conn) take() leavings {
	if !c.woken.Load() && c.queued.Load() == 0 {
		return leavings{} // who leaves something from now on wakes the loop again; and gnet holds nothing that it did not before
	}
	unsent := c.gc.OutboundBuffered()
	c.mu.Lock()
	defer c.mu.Unlock()
	l := leavings{c.mu.pending, c.mu.large, c.mu.hangup, c.mu.slow}
	c.woken.Store(l.hangup || l.slow) // a connection that is to close stays so
	c.mu.unsent = unsent + c.mu.waiting
	c.mu.waiting = 0
	c.mu.large = nil
	if len(l.replies) > 0 {
		c.mu.pending, c.mu.spare = c.mu.spare[:0], nil
		if cap(l.replies) <= maxKept {
			c.mu.spare = l.replies
		}
	}
	c.count()
	return l
}

// wrote notes what gnet holds after a write.
func (c *Conn) wrote() {
	unsent := c.gc.OutboundBuffered()
	if unsent == 0 && c.queued.Load() == 0 {
		return // as it was before: if a worker leaves something now, it counts that
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.mu.unsent = unsent
	c.count()
}

// Gone tells whether the connection is closed, so that answering it is of no use.
func (c *Conn) Gone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over()
}

// over is Gone for who holds c.mu.
func (c *Conn) over() bool { return c.gone || c.mu.hangup || c.mu.slow }

// end is called when the connection is closed.
func (c *Conn) end() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	c.mu.pending, c.mu.spare, c.mu.large = nil, nil, nil
	c.mu.waiting, c.mu.unsent = 0, 0
	c.count()
}

// settled tells whether nothing is owed to the peer; a peer that is being thrown out is owed nothing.
func (c *Conn) settled() bool {
	return c.lingering.Load() != 0 || c.inFlight.Load() == 0 && c.queued.Load() == 0
}

// congested tells whether so much waits for the peer to read it that nothing more should be computed for it.
func (c *Conn) congested() error {
	if n := c.queued.Load(); n > int64(c.l.limits.MaxQueuedBytes/2) {
		return protocol.Errorf(protocol.CodeOverloaded, "%d bytes of replies wait to be read; read them first", n)
	}
	return nil
}
