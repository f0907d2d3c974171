package client

import (
	"context"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// request is what one call of a user asks. It lives on the caller's stack.
type request struct {
	op      protocol.Op
	lane    int
	key     string // first subject of what is routed by the ring; "" = any node does
	in, out protocol.Message
	ids     []string // names of the columns of a Result that does not bring them itself

	origin  *protocol.Origin // in in, of a write; else nil
	writeOf protocol.Origin  // what it is where the node knows origins

	prepared *Prepared        // in place of in: of EXECUTE, and of PREPARE
	change   *protocol.Change // of EXECUTE
	handle   uint64           // of EXECUTE, on the connection of the try

	raw   *Raw // in place of in and out; with prepared its payload is not sent
	reply *RawReply
}

// address writes the request's origin for a connection. It tells whether the request may be sent over it again when its
// outcome is not known.
func (q *request) address(c *conn) (repeatable bool) {
	switch {
	case !q.op.Writes():
		return true
	case q.raw != nil: // as it came
		return c.repeats && q.writeOf.Given()
	}
	*q.origin = protocol.Origin{}
	if c.repeats {
		*q.origin = q.writeOf
	}
	return c.repeats
}

// empty is the payload of requests and replies that say nothing.
var empty protocol.Empty

// encode appends the request's payload.
func (q *request) encode(dst []byte) []byte {
	switch {
	case q.prepared != nil:
		e := protocol.Execute{Handle: q.handle, Change: *q.change}
		return e.AppendTo(dst)
	case q.raw != nil:
		return append(dst, q.raw.Payload...)
	}
	return q.in.AppendTo(dst)
}

// decode reads the reply.
func (q *request) decode(reply []byte) error {
	if err := q.out.Decode(reply); err != nil {
		return err
	}
	if r, ok := q.out.(*protocol.Result); ok {
		return columns(r, q.ids)
	}
	return nil
}

// columns names the columns of a result, unless it brings their names along, and checks that there are as many.
func columns(r *protocol.Result, ids []string) error {
	if len(ids) > 0 {
		r.IDs = appendDistinct(r.IDs[:0], ids)
	}
	if len(r.Values) != len(r.IDs)*r.Rows() {
		return protocol.Errorf(protocol.CodeProtocol, "%d values for %d rows of %d columns", len(r.Values), r.Rows(), len(r.IDs))
	}
	return nil
}

// do sends one request and decodes its reply. It returns the applied index of the answer. Reads are sent again as
// Options.Retries says.
func (c *Client) do(ctx context.Context, q *request) (applied uint64, err error) {
	if c.o.OnRequest == nil {
		applied, _, err = c.repeat(ctx, q)
		return applied, err
	}
	began := time.Now()
	applied, last, err := c.repeat(ctx, q)
	s := Sample{Op: q.op, Duration: time.Since(began), Attempts: last.tries, Err: err}
	if last.node != nil {
		s.Addr = last.node.addr
	}
	c.o.OnRequest(s)
	return applied, err
}

// attempt is what the tries of a request leave to the next.
type attempt struct {
	tries     int
	retries   int             // tries after the first that count against Options.Retries
	redirects int             // answers "not master" that named one
	elections int             // tries in vain for want of a master
	refused   *protocol.Error // the latest "not master"; nil = none
	tried     [maxTried]*node // the latest, for choosing others
	node      *node           // of the last try; nil = none was chosen
	next      *node           // whom the last try named; nil = nobody
	conn      *conn           // of the last try; nil: no connection was had
	// begun is the fault of a write that may have been carried out, by nodes that know repeats.
	begun   *Error
	unbound int // tries whose connection did not know the handle of a prepared query any more
	// repeatable: the last try may be made again whatever became of it.
	repeatable bool
}

// fault returns the error of the last try.
func (a *attempt) fault(k *call, stage Stage, err error, unsent bool) *Error {
	e := &Error{Op: k.op, Stage: stage, Err: err, Unsent: unsent}
	if a.node != nil {
		e.Addr = a.node.addr
	}
	return e
}

// maxTried is how many of the nodes that were tried are avoided while there are others.
const maxTried = 4

// repeat tries until there is an answer or a reason to stop.
func (c *Client) repeat(ctx context.Context, q *request) (applied uint64, last attempt, err error) {
	if err := ctx.Err(); err != nil {
		return 0, last, &Error{Op: q.op, Stage: StageCheck, Err: err, Unsent: true}
	}
	k := newCall(q.op)
	defer k.release()
	k.began = c.now()
	c.setDeadline(ctx, k, q)
	k.ask(demandOf(ctx), q.raw)
	c.budget.bring()
	if fault := c.pursue(ctx, k, q, &last, c.try(ctx, k, q, &last)); fault != nil {
		return 0, last, fault
	}
	return k.header.Applied, last, nil
}

// pursue takes over after a try that ended with fault, or nil: it tries again until there is an answer or a reason to stop.
func (c *Client) pursue(ctx context.Context, k *call, q *request, last *attempt, fault *Error) *Error {
	for {
		last.tries++
		if fault == nil {
			return nil
		}
		if !c.again(ctx, k, fault, last) {
			return last.worst(fault)
		}
		if k.op.Writes() && uncertain(fault) {
			last.begun = fault
		}
		c.retries.Add(1)
		k.began = c.now()
		fault = c.try(ctx, k, q, last)
	}
}

// ask gives the call what a context and a raw request demand of the answer.
func (k *call) ask(d *demand, raw *Raw) {
	if raw != nil {
		k.flags, k.index, k.trace = raw.Flags, raw.MinIndex, raw.Trace
	}
	if d == nil {
		return
	}
	k.node = d.node
	if !k.op.Writes() {
		k.flags |= d.flags
		k.index = max(k.index, d.index)
	}
}

// setDeadline gives the call the deadline of ctx or of a raw request, whichever is earlier, or RequestTimeout.
func (c *Client) setDeadline(ctx context.Context, k *call, q *request) {
	deadline, ok := ctx.Deadline()
	if q.raw != nil && !q.raw.Deadline.IsZero() && (!ok || q.raw.Deadline.Before(deadline)) {
		deadline, ok, k.swept = q.raw.Deadline, true, true
	}
	if !ok && c.o.RequestTimeout > 0 {
		deadline, k.swept = c.born.Add(time.Duration(k.began)+c.o.RequestTimeout), true
	}
	k.deadline = deadline
}

// try sends the call once and decodes its reply. It returns nil or what went wrong.
func (c *Client) try(ctx context.Context, k *call, q *request, last *attempt) *Error {
	avoid := last.conn
	last.conn = nil
	select {
	case <-c.closing:
		return last.fault(k, StageCheck, ErrClosed, true)
	default:
	}
	if err := c.choose(ctx, k, q, last); err != nil {
		return last.fault(k, StageDial, err, true)
	}
	lane := &last.node.lanes[q.lane]
	conn := lane.best(avoid)
	if conn == nil {
		var err error
		if conn, err = lane.acquire(ctx, k.deadline, avoid, c.others(k, last)); err != nil {
			return last.fault(k, StageDial, err, true)
		}
		k.began = c.now()
	}
	last.conn = conn
	last.repeatable = q.address(conn)
	if last.begun != nil && !last.repeatable {
		return last.begun // this node would not know that it is a repeat
	}
	c.limitTry(k, last)
	h := &last.node.health
	epoch := h.breakers.of(k.op).Enter()
	fault := c.exchange(ctx, k, q, last)
	c.judge(k, fault, h, epoch)
	return fault
}

// limitTry bounds the try where another one elsewhere would be possible.
func (c *Client) limitTry(k *call, last *attempt) {
	k.cut = time.Time{}
	if c.o.TryTimeout > 0 && !k.op.Writes() && last.retries < c.o.Retries && c.budget.plenty() && c.others(k, last) {
		k.cut = c.born.Add(time.Duration(k.began) + c.o.TryTimeout)
	}
}

// exchange sends the call over last.conn and decodes the reply.
func (c *Client) exchange(ctx context.Context, k *call, q *request, last *attempt) *Error {
	conn := last.conn
	if q.prepared != nil {
		handle, fault := q.prepared.on(ctx, k, conn)
		if fault != nil || q.op == protocol.OpPrepare {
			return fault
		}
		q.handle = handle
	}
	k.buf = q.encode(k.buf[:0])
	conn.submit(k)
	conn.wait(ctx, k)
	if k.err != nil {
		return last.fault(k, k.stage, k.err, k.unsent)
	}
	if k.header.Code == protocol.CodeUnknownHandle && q.prepared != nil {
		q.prepared.unbind(conn, q.handle)
	}
	if q.raw != nil {
		return q.take(k, last)
	}
	if k.header.Code != protocol.CodeOK {
		return last.fault(k, StageNode, serverError(k.header.Code, k.reply), false)
	}
	if err := q.decode(k.reply); err != nil {
		conn.fail(malformed(err))
		return last.fault(k, StageRead, malformed(err), false)
	}
	return nil
}
