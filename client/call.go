package client

import (
	"math"
	"sync"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// keepBuffer is the greatest buffer that a pooled call or a connection keeps for its next use, in bytes.
const keepBuffer = 256 << 10

// kept is what a buffer that was used leaves for the next use; nil = it is too large to be kept.
func kept(buf []byte) []byte {
	if cap(buf) > keepBuffer {
		return nil
	}
	return buf[:0]
}

// callState says who may touch a call.
type callState uint8

const (
	callIdle     callState = iota // its caller only
	callWaiting                   // in its connection's queue, for room
	callInFlight                  // in its connection's table
)

// call is one request on its way. It is pooled, and used again for the repetitions of one request.
type call struct {
	done chan struct{} // of capacity 1: signalled once for each submit, by whoever took the call off its connection

	// Set by the caller before submit.
	op       protocol.Op
	flags    protocol.Flags
	index    uint64    // with protocol.FlagAtLeast
	trace    []byte    // with protocol.FlagTrace; its caller's
	deadline time.Time // zero = none
	swept    bool      // the deadline is not that of a context: the connection's tick ends it
	began    int64     // when the try began, as Client.now has it
	cut      time.Time // when the connection's tick ends the try, so that another node is asked; zero = never
	node     string    // address of the only node to ask; "" = as it is routed
	ping     bool      // the connection's own: nobody waits for it
	relayed  *Relayed  // whom to tell in place of done
	buf      []byte    // the request's payload, until that is in the connection's pending; then the reply's

	// Under the connection's lock, between submit and done.
	state      callState
	slot       int    // in the table
	end        uint64 // offset in the connection's stream behind the last byte of the request
	next, prev *call  // in the queue

	// Set before done is signalled.
	header protocol.ReplyHeader
	reply  []byte // the reply's payload: of buf, or a great one's own memory
	err    error  // why there is no reply
	stage  Stage  // of err
	unsent bool   // with err: the node certainly never had the whole request
}

var calls = sync.Pool{New: func() any { return &call{done: make(chan struct{}, 1)} }}

// newCall returns a call of the pool for one request of op.
func newCall(op protocol.Op) *call {
	k := calls.Get().(*call)
	k.op = op
	return k
}

// release gives the call, which is idle, back to the pool.
func (k *call) release() {
	*k = call{done: k.done, buf: kept(k.buf)}
	calls.Put(k)
}

// fail ends a call that has been taken off its connection.
func (k *call) fail(stage Stage, err error, unsent bool) {
	k.err, k.stage, k.unsent = err, stage, unsent
	if k.relayed != nil {
		k.relayed.failed()
		return
	}
	k.done <- struct{}{}
}

// finish ends a call that has been taken off its connection with its reply. The payload is copied, unless own says that
// it is memory which nobody else uses.
func (k *call) finish(h protocol.ReplyHeader, payload []byte, own bool) {
	k.header, k.err = h, nil
	if own {
		k.reply = payload
	} else {
		k.buf = append(k.buf[:0], payload...)
		k.reply = k.buf
	}
	k.done <- struct{}{}
}

// remaining returns the milliseconds until the deadline, rounded up; 0 = there is none. It tells whether that has passed.
func (k *call) remaining() (ms uint32, passed bool) {
	if k.deadline.IsZero() {
		return 0, false
	}
	left := time.Until(k.deadline)
	if left <= 0 {
		return 0, true
	}
	return uint32(min((left+time.Millisecond-1)/time.Millisecond, math.MaxUint32)), false
}

// queue is a list of calls that wait for room, first come first served.
type queue struct {
	first, last *call
	length      int
}

func (q *queue) empty() bool { return q.first == nil }

func (q *queue) push(k *call) {
	k.state, k.prev, k.next = callWaiting, q.last, nil
	if q.last == nil {
		q.first = k
	} else {
		q.last.next = k
	}
	q.last = k
	q.length++
}

func (q *queue) remove(k *call) {
	q.length--
	if k.prev == nil {
		q.first = k.next
	} else {
		k.prev.next = k.next
	}
	if k.next == nil {
		q.last = k.prev
	} else {
		k.next.prev = k.prev
	}
	k.state, k.prev, k.next = callIdle, nil, nil
}
