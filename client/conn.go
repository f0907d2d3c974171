package client

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// maxPending is how many bytes may wait for the writer before further calls wait for room. A single request that is
// greater goes alone.
const maxPending = 1 << 20

// conn is one greeted connection with its reader and writer. It never heals: once it broke, a slot makes another.
type conn struct {
	addr       string
	node       *node         // who hears of its answers; nil = nobody
	stall      time.Duration // how long it may be silent with requests in flight; 0 = as when idle
	nc         net.Conn
	line       Line // what it is on an event loop; nil = it has goroutines
	maxRequest int  // bytes of a request's body
	maxReply   int  // bytes of a reply's body
	room       int  // calls in flight
	hardRoom   int  // what the node accepts in flight; room leaves a place for a ping below it
	repeats    bool // the node carries out a write once, however often it comes

	wake  chan struct{} // of capacity 1, for the writer
	lost  chan struct{} // closed when the connection broke
	empty chan struct{} // closed when it drains and no call is left
	reads atomic.Uint64 // chunks that came, so that tick sees life
	busy  atomic.Int32  // slots taken and calls waiting, for choosing the less busy connection
	down  atomic.Bool   // broken or draining

	mu       sync.Mutex
	pending  []byte // requests that the writer has not taken yet
	appended uint64 // bytes that ever entered pending
	handed   uint64 // bytes that may have left: taken by the writer, or written when its write failed
	written  uint64 // bytes that the system has taken
	awake    bool   // the writer knows that pending has something
	table    table
	waiting  queue
	draining error // why it takes no new calls; nil while it does
	err      error // why it broke; nil while it lives

	life   life    // of its keeper
	wakers []Waker // of its reader
}

// newConn returns a connection over nc, which has been greeted. Its run is to be called.
func newConn(addr string, nc net.Conn, w *protocol.Welcome, o *Options) *conn {
	c := &conn{
		addr: addr, nc: nc,
		maxRequest: limitOf(w.MaxRequest, protocol.DefaultMaxRequest),
		maxReply:   o.MaxReply,
		room:       o.MaxInFlight,
		hardRoom:   o.MaxInFlight + 1,
		repeats:    slices.Contains(w.Features, protocol.FeatureRepeats),
		wake:       make(chan struct{}, 1),
		lost:       make(chan struct{}),
		empty:      make(chan struct{}),
	}
	if theirs := int(w.MaxInFlight); theirs > 0 && theirs <= c.room {
		c.room, c.hardRoom = max(theirs-1, 1), theirs
	}
	c.table = newTable(c.hardRoom)
	return c
}

// limitOf returns a limit of Welcome; 0 says that the node has the protocol's default.
func limitOf(announced uint32, value int) int {
	if announced == 0 {
		return value
	}
	return int(announced)
}

// run starts the reader and the writer, on an event loop if there are loops; both end when the connection breaks.
func (c *conn) run(wg *sync.WaitGroup, loops Loops) {
	if loops != nil && c.carry(loops, wg) {
		return
	}
	wg.Add(2)
	go func() {
		defer wg.Done()
		c.fail(c.read())
	}()
	go func() {
		defer wg.Done()
		c.write()
	}()
}

// submit hands the call over to the connection. Whatever comes of it, done is signalled once, unless abandon gets the
// call back before that.
func (c *conn) submit(k *call) {
	c.mu.Lock()
	c.take(k)
	c.unlock()
}

// take is submit with the lock held.
func (c *conn) take(k *call) {
	switch {
	case c.err != nil:
		k.fail(StageWrite, c.err, true)
	case c.draining != nil:
		k.fail(StageCheck, c.draining, true)
	case c.waiting.empty() && c.fits(k):
		c.admit(k)
	default:
		c.waiting.push(k)
	}
}

// submitAll is submit for calls that come together.
func (c *conn) submitAll(calls []*call) {
	c.mu.Lock()
	for _, k := range calls {
		c.take(k)
	}
	c.unlock()
}

// unlock wakes the writer if it has something new to do, and unlocks.
func (c *conn) unlock() {
	c.busy.Store(int32(c.table.used() + c.waiting.length))
	wake := !c.awake && len(c.pending) > 0
	if wake {
		c.awake = true
	}
	if c.draining != nil && c.table.live == 0 && c.waiting.empty() {
		select {
		case <-c.empty:
		default:
			close(c.empty)
		}
	}
	c.mu.Unlock()
	if wake {
		c.tellWriter()
	}
}

// fits tells whether there is room in flight and in the write buffer. The lock is held.
func (c *conn) fits(k *call) bool {
	return c.table.used() < c.room && (len(c.pending) == 0 || len(c.pending)+len(k.buf) <= maxPending)
}

// admit appends the request to pending and puts the call in flight, or ends it. The lock is held.
func (c *conn) admit(k *call) {
	if len(k.buf) > c.maxRequest {
		k.fail(StageCheck, tooLarge(len(k.buf), c.maxRequest), true)
		return
	}
	left, passed := k.remaining()
	if passed {
		k.fail(StagePool, context.DeadlineExceeded, true)
		return
	}
	h := protocol.RequestHeader{Op: k.op, Flags: k.flags, Deadline: left, Trace: k.trace, MinIndex: k.index}
	h.ID = c.table.put(k)
	start := len(c.pending)
	frame := append(protocol.BeginRequest(c.pending, &h), k.buf...)
	if size := len(frame) - start - protocol.FramePrefix; size > c.maxRequest {
		c.table.undo(k)
		k.fail(StageCheck, tooLarge(size, c.maxRequest), true)
		return
	}
	c.pending = protocol.FinishFrame(frame, start)
	c.appended += uint64(len(frame) - start)
	k.end = c.appended
}

func tooLarge(size, limit int) error {
	return protocol.Errorf(protocol.CodeTooLarge, "request of %d bytes, the node accepts %d (MaxRequest of its Welcome); split it", size, limit)
}

// admitWaiting lets in those who have waited, as far as there is room. The lock is held.
func (c *conn) admitWaiting() {
	for k := c.waiting.first; k != nil && c.fits(k); k = c.waiting.first {
		c.waiting.remove(k)
		c.admit(k)
	}
}

// wait returns when the call is done or ctx ended. The call is idle then.
func (c *conn) wait(ctx context.Context, k *call) {
	if ctx.Done() == nil {
		<-k.done
		return
	}
	select {
	case <-k.done:
	case <-ctx.Done():
		if c.abandon(k, ctx.Err()) {
			return
		}
		<-k.done // its reply is being copied: take it
	}
}

// abandon takes the call off the connection and ends it with err, in place of signalling done. It returns false when
// somebody else has taken the call and will signal.
func (c *conn) abandon(k *call, err error) bool {
	c.mu.Lock()
	defer c.unlock()
	if k.state == callIdle {
		return false
	}
	k.err = err
	k.stage, k.unsent = c.remove(k)
	return true
}

// remove takes the call out of the queue or the table, where its slot stays taken, and tells at which stage it was and
// whether its request certainly never left whole. The lock is held.
func (c *conn) remove(k *call) (stage Stage, unsent bool) {
	if k.state == callWaiting {
		c.waiting.remove(k)
		return StagePool, true
	}
	c.table.giveUp(k)
	if k.end > c.written {
		return StageWrite, k.end > c.handed
	}
	return StageRead, false
}

// drain refuses new calls for cause; empty is closed when those that it has are done.
func (c *conn) drain(cause error) {
	c.down.Store(true)
	c.mu.Lock()
	if c.draining == nil {
		c.draining = cause
	}
	c.unlock()
}

// fail breaks the connection for cause and ends every call on it. Only the first cause counts.
func (c *conn) fail(cause error) {
	c.down.Store(true)
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return
	}
	c.err = lostError(cause)
	for k := c.waiting.first; k != nil; k = c.waiting.first {
		stage, unsent := c.remove(k)
		k.fail(stage, c.err, unsent)
	}
	for i := range c.table.entries {
		if k := c.table.entries[i].call; k != nil {
			stage, unsent := c.remove(k)
			k.fail(stage, c.err, unsent)
		}
	}
	c.pending = nil
	c.unlock()
	close(c.lost)
	c.shut()
}

// cause returns why the connection broke; it has.
func (c *conn) cause() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// String names the connection for logs.
func (c *conn) String() string { return fmt.Sprintf("%s from %s", c.addr, c.nc.LocalAddr()) }
