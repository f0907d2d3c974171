package wire

import (
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// codes is how many error codes there are.
const codes = int(protocol.CodeUnknownHandle) + 1

// Counters is what an event loop, or the workers together, have counted since the node was opened. Each loop has its
// own, so that counting shares no cache line on the hot path.
type Counters struct {
	requests [protocol.MaxOp + 1]atomic.Uint64 // by operation
	errors   [codes]atomic.Uint64              // error replies by code
	bytesIn  atomic.Uint64
	bytesOut atomic.Uint64
	_        [64]byte
}

// tally is what a loop has counted in this turn and not published: one locked instruction a turn rather than one a request.
type tally struct {
	op       protocol.Op
	requests uint64 // of op
	bytesIn  uint64
}

// asked counts a request.
func (lo *Loop) asked(op protocol.Op) {
	if op != lo.tally.op {
		lo.publish(0)
		lo.tally.op = op
	}
	lo.tally.requests++
}

// publish lets others see what the loop has counted, and replies of so many bytes. That comes before they are written: who
// has its reply finds it counted.
func (lo *Loop) publish(replies int) {
	t, c := &lo.tally, &lo.counters
	if t.requests > 0 {
		c.requests[t.op].Add(t.requests)
	}
	if t.bytesIn > 0 {
		c.bytesIn.Add(t.bytesIn)
	}
	if replies > 0 {
		c.bytesOut.Add(uint64(replies))
	}
	t.requests, t.bytesIn = 0, 0
}

// fail counts an error reply.
func (c *Counters) fail(code protocol.Code) {
	if int(code) < codes {
		c.errors[code].Add(1)
	}
}

// Totals is the sum of counters.
type Totals struct {
	Requests          [protocol.MaxOp + 1]uint64 // by operation
	errors            [codes]uint64
	bytesIn, bytesOut uint64
}

func (t *Totals) add(c *Counters) {
	for i := range c.requests {
		t.Requests[i] += c.requests[i].Load()
	}
	for i := range c.errors {
		t.errors[i] += c.errors[i].Load()
	}
	t.bytesIn += c.bytesIn.Load()
	t.bytesOut += c.bytesOut.Load()
}

// Sum returns how many requests there were.
func (t *Totals) Sum() uint64 { return sum(t.Requests[:]) }

// sum returns the total of a row of counts.
func sum(counts []uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}
