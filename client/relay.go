package client

import (
	"bytes"
	"context"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Sink takes what becomes of relayed requests.
type Sink interface {
	// Replied takes the outcome of a request: Reply, or Err where no node answered. It is called once for each request, on
	// whatever goroutine has the outcome, and must be quick: a connection waits meanwhile. Reply.Payload is lent until it
	// returns; the Relayed is its owner's again. What it returns, if anything, is woken once all replies that came
	// together were handed over.
	Replied(r *Relayed) Waker
}

// Waker is told that there is something to do.
type Waker interface{ Wake() }

// Relayed is a request that a Relay passes on, with its reply. It may be used again after it was replied to.
type Relayed struct {
	Raw             // of the request; Payload and Trace must stay as they are until it was replied to
	Reply  RawReply // without Err
	Err    error    // a *Error: no node answered
	To     Sink
	Change protocol.Change // of SendPrepared
	IDs    []string        // of SendQuery: what the columns of its answer are called; none = it says so

	c     *Client
	k     *call
	q     request
	last  attempt
	epoch uint32 // of the node's breaker
	start int64  // when it was sent, as Client.now has it
}

// Relay is Forward for one who has many requests at a time and no goroutine for each: requests that are sent one after
// the other leave together with Flush, and their replies come to a Sink. Retries and redirections are those of Forward.
// A Relay serves one goroutine at a time; a Client has as many as wanted.
type Relay struct {
	c       *Client
	in      inspector
	batches []batch
	queued  int
	loop    any // of the connections that are preferred; nil = none are
}

// batch is the calls of a Relay for one connection.
type batch struct {
	c     *conn
	calls []*call
}

// maxBatch is how many requests a Relay holds back until it flushes by itself.
const maxBatch = 128

// NewRelay returns a relay of the client.
func (c *Client) NewRelay() *Relay { return &Relay{c: c} }

// Prefer lets the Relay prefer connections that are carried by an event loop (Line.Loop): that on which it is used itself.
func (y *Relay) Prefer(loop any) { y.loop = loop }

// Send sends a request, for which Op, Flags, MinIndex, Trace, Deadline, Payload and To are set. It does not wait. An error
// is that of a request which cannot be sent (see Forward); its Sink is not told then.
func (y *Relay) Send(r *Relayed) error {
	r.q = request{op: r.Op, raw: &r.Raw, reply: &r.Reply}
	if err := y.in.look(&r.Raw, &r.q); err != nil {
		return &Error{Op: r.Op, Stage: StageCheck, Err: err, Unsent: true}
	}
	y.send(r)
	return nil
}

// SendQuery sends a read, in place of r.Payload, whose memory is used for it. What Answer fills is named by r.IDs. The query may
// be used again when its Sink was told.
func (y *Relay) SendQuery(r *Relayed, op protocol.Op, m protocol.Message) {
	r.Op, r.Payload = op, m.AppendTo(r.Payload[:0])
	r.q = request{op: op, raw: &r.Raw, reply: &r.Reply}
	r.q.lane, r.q.key = routeOf(m)
	y.send(r)
}

// Answer fills a result with the answer to what SendQuery sent, in Replied: it borrows from Reply. It returns Err or, as a
// *Error too, what the node refused with; the result is empty then.
func (r *Relayed) Answer(into *protocol.Result) error {
	into.Reset()
	err := r.Err
	if err == nil {
		err = r.answer(into)
	}
	if err != nil {
		into.Reset()
	}
	into.Applied = r.Reply.Applied
	return err
}

func (r *Relayed) answer(into *protocol.Result) error {
	fault := func(stage Stage, err error) error {
		return &Error{Op: r.Op, Addr: r.Reply.Addr, Stage: stage, Err: err}
	}
	if r.Reply.Code != protocol.CodeOK {
		return fault(StageNode, serverError(r.Reply.Code, r.Reply.Payload))
	}
	err := into.Decode(r.Reply.Payload)
	if err == nil {
		err = columns(into, r.IDs)
	}
	if err != nil {
		return fault(StageRead, malformed(err))
	}
	return nil
}

// SendPrepared sends an execution of a prepared query with r.Change, in place of r.Payload.
func (y *Relay) SendPrepared(r *Relayed, p *Prepared) {
	r.Op = protocol.OpExecute
	r.q = request{op: r.Op, lane: p.lane(&r.Change), key: p.key, prepared: p, change: &r.Change, raw: &r.Raw, reply: &r.Reply}
	y.send(r)
}

func (y *Relay) send(r *Relayed) {
	c := y.c
	r.c, r.Err, r.Reply, r.last = c, nil, RawReply{}, attempt{}
	k := newCall(r.Op)
	r.k = k
	k.began = c.now()
	r.start = k.began
	c.setDeadline(context.Background(), k, &r.q)
	k.ask(nil, &r.Raw)
	c.budget.bring()
	conn := r.aim(y.loop)
	if conn == nil {
		r.detour(nil)
		return
	}
	k.relayed = r
	k.buf = r.q.encode(k.buf[:0])
	y.queue(conn, k)
}

// aim chooses a connection that can be used without waiting for anything, on the loop if there is one; nil = there is none.
func (r *Relayed) aim(loop any) *conn {
	c, k, last := r.c, r.k, &r.last
	select {
	case <-c.closing:
		return nil
	default:
	}
	n, err := c.route(k, &r.q, last)
	if n == nil || err != nil {
		return nil
	}
	conn := n.lanes[r.q.lane].near(loop)
	if conn == nil {
		return nil
	}
	if p := r.q.prepared; p != nil {
		if r.q.handle = p.bound(conn); r.q.handle == 0 {
			return nil
		}
	}
	last.node, last.conn = n, conn
	last.tried[0] = n
	last.repeatable = r.q.address(conn)
	c.limitTry(k, last)
	r.epoch = n.health.breakers.of(k.op).Enter()
	return conn
}

func (y *Relay) queue(c *conn, k *call) {
	i := 0
	for i < len(y.batches) && y.batches[i].c != c {
		i++
	}
	if i == len(y.batches) {
		if i < cap(y.batches) {
			y.batches = y.batches[:i+1]
		} else {
			y.batches = append(y.batches, batch{})
		}
		y.batches[i].c = c
	}
	b := &y.batches[i]
	b.calls = append(b.calls, k)
	if y.queued++; y.queued >= maxBatch {
		y.Flush()
	}
}

// Flush lets go what was sent.
func (y *Relay) Flush() {
	for i := range y.batches {
		b := &y.batches[i]
		b.c.submitAll(b.calls)
		clear(b.calls)
		b.c, b.calls = nil, b.calls[:0]
	}
	y.batches, y.queued = y.batches[:0], 0
}

// replied takes the reply to the first try, on the connection's reader. The payload is the reader's.
func (r *Relayed) replied(h protocol.ReplyHeader, payload []byte) Waker {
	k := r.k
	k.header = h
	var fault *Error
	if h.Code != protocol.CodeOK {
		fault = r.last.fault(k, StageNode, serverError(h.Code, payload), false)
		if !final(r.Op, h.Code) {
			r.Reply = RawReply{Code: h.Code, Applied: h.Applied, Payload: bytes.Clone(payload), Addr: r.last.node.addr}
			if h.Code == protocol.CodeUnknownHandle && r.q.prepared != nil {
				r.q.prepared.unbind(r.last.conn, r.q.handle)
			}
			r.judge(fault)
			r.detour(fault)
			return nil
		}
	}
	r.judge(fault)
	r.last.tries++
	r.Reply = RawReply{Code: h.Code, Applied: h.Applied, Payload: payload, Addr: r.last.node.addr}
	return r.done()
}

// final tells whether a node's answer is the last word on the first try.
func final(op protocol.Op, code protocol.Code) bool {
	return code != protocol.CodeNotMaster && code != protocol.CodeUnknownHandle && code != protocol.CodeUnknownOutcome &&
		!code.Retryable()
}

// failed takes the failure of the first try. The connection's lock is held, so what comes of it comes elsewhere.
func (r *Relayed) failed() {
	k := r.k
	fault := r.last.fault(k, k.stage, k.err, k.unsent)
	r.judge(fault)
	r.detour(fault)
}

func (r *Relayed) judge(fault *Error) { r.c.judge(r.k, fault, &r.last.node.health, r.epoch) }

// detour goes on with a request that needs somebody to wait for it, on a goroutine of its own: after the fault of its first
// try, or before that with nil.
func (r *Relayed) detour(fault *Error) {
	r.k.relayed = nil
	if !r.c.spawn(func() { r.wait(fault) }) {
		r.Err = r.last.fault(r.k, StageCheck, ErrClosed, fault == nil || fault.Unsent)
		if w := r.done(); w != nil {
			w.Wake()
		}
	}
}

// wait does what Forward does, from the fault of the first try on.
func (r *Relayed) wait(fault *Error) {
	ctx := context.Background()
	if fault == nil {
		fault = r.c.try(ctx, r.k, &r.q, &r.last)
	}
	fault = r.c.pursue(ctx, r.k, &r.q, &r.last, fault)
	if fault != nil {
		r.Err = r.Reply.settle(fault)
	}
	if w := r.done(); w != nil {
		w.Wake()
	}
}

// done hands the outcome over.
func (r *Relayed) done() Waker {
	c := r.c
	if c.o.OnRequest != nil {
		s := Sample{Op: r.Op, Duration: time.Duration(c.now() - r.start), Attempts: r.last.tries, Err: r.Err}
		if r.last.node != nil {
			s.Addr = r.last.node.addr
		}
		if r.Err == nil && r.Reply.Code != protocol.CodeOK {
			s.Err = r.last.fault(r.k, StageNode, serverError(r.Reply.Code, r.Reply.Payload), false)
		}
		c.o.OnRequest(s)
	}
	r.k.release()
	r.k, r.q, r.last = nil, request{}, attempt{}
	return r.To.Replied(r)
}
