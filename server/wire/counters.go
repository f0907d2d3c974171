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
