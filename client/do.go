package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// request is what one call of a user asks. It lives on the caller's stack.
type request struct {
	op      protocol.Op
	lane    int
	in, out protocol.Message
	ids     []string // names of the columns of a Result that does not bring them itself

	origin  *protocol.Origin // in in, of a write; else nil
	writeOf protocol.Origin  // what it is where the node knows origins
}

// address writes the request's origin for a connection. It tells whether the request may be sent over it again when its
// outcome is not known.
func (q *request) address(c *conn) (repeatable bool) {
	if q.origin == nil {
		return true
	}
	*q.origin = protocol.Origin{}
	if c.repeats {
		*q.origin = q.writeOf
	}
	return c.repeats
}

// empty is the payload of requests and replies that say nothing.
var empty protocol.Empty

// decode reads the reply.
func (q *request) decode(reply []byte) error {
	if err := q.out.Decode(reply); err != nil {
		return err
	}
	r, ok := q.out.(*protocol.Result)
	if !ok {
		return nil
	}
	if len(q.ids) > 0 {
		r.IDs = appendDistinct(r.IDs[:0], q.ids)
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
	tries int
	node  *node
	conn  *conn // nil: no connection was had
	// begun is the fault of a write that may have been carried out, by nodes that know repeats.
	begun *Error
	// repeatable: the last try may be made again whatever became of it.
	repeatable bool
}

// repeat tries until there is an answer or a reason to stop.
func (c *Client) repeat(ctx context.Context, q *request) (applied uint64, last attempt, err error) {
	if err := ctx.Err(); err != nil {
		return 0, last, &Error{Op: q.op, Stage: StageCheck, Err: err, Unsent: true}
	}
	k := newCall(q.op)
	defer k.release()
	c.setDeadline(ctx, k)
	if d := demandOf(ctx); d != nil && !q.op.Writes() {
		k.flags, k.index = d.flags, d.index
	}
	for {
		fault := c.try(ctx, k, q, &last)
		last.tries++
		if fault == nil {
			return k.header.Applied, last, nil
		}
		if last.tries > c.o.Retries || !c.again(ctx, k, fault, &last) {
			return 0, last, last.worst(fault)
		}
		if k.op.Writes() && uncertain(fault) {
			last.begun = fault
		}
	}
}

// setDeadline gives the call the deadline of ctx, or RequestTimeout.
func (c *Client) setDeadline(ctx context.Context, k *call) {
	deadline, ok := ctx.Deadline()
	if !ok && c.o.RequestTimeout > 0 {
		deadline, k.swept = time.Now().Add(c.o.RequestTimeout), true
	}
	k.deadline = deadline
}

// try sends the call once and decodes its reply. It returns nil or what went wrong.
func (c *Client) try(ctx context.Context, k *call, q *request, last *attempt) *Error {
	node := c.route(last)
	avoid := last.conn
	last.node, last.conn = node, nil
	fault := func(stage Stage, err error, unsent bool) *Error {
		return &Error{Op: k.op, Addr: node.addr, Stage: stage, Err: err, Unsent: unsent}
	}
	select {
	case <-c.closing:
		return fault(StageCheck, ErrClosed, true)
	default:
	}
	conn, err := node.lanes[q.lane].acquire(ctx, k.deadline, avoid)
	if err != nil {
		return fault(StageDial, err, true)
	}
	last.conn = conn
	last.repeatable = q.address(conn)
	if last.begun != nil && !last.repeatable {
		return last.begun // this node would not know that it is a repeat
	}
	k.buf = q.in.AppendTo(k.buf[:0])
	conn.submit(k)
	conn.wait(ctx, k)
	if k.err != nil {
		return fault(k.stage, k.err, k.unsent)
	}
	if k.header.Code != protocol.CodeOK {
		return fault(StageNode, serverError(k.header.Code, k.reply), false)
	}
	if err := q.decode(k.reply); err != nil {
		conn.fail(malformed(err))
		return fault(StageRead, malformed(err), false)
	}
	return nil
}

// route chooses the node of a try: the first that has a connection, another than that of the last try where there is
// one. This is where cluster mode will know the ring, the master and who is slow.
func (c *Client) route(last *attempt) *node {
	if len(c.nodes) == 1 {
		return c.nodes[0]
	}
	from := 0
	if last.node != nil {
		from = slices.Index(c.nodes, last.node) + 1
	}
	for i := range c.nodes {
		if n := c.nodes[(from+i)%len(c.nodes)]; n.ready() {
			return n
		}
	}
	return c.nodes[from%len(c.nodes)]
}

// mayRepeat tells whether what the node refused with that code may be asked again.
func mayRepeat(op protocol.Op, code protocol.Code) bool {
	if op.Writes() {
		return code == protocol.CodeUnknownOutcome
	}
	return code.Retryable()
}

// uncertain tells whether a write may have been carried out although it failed.
func uncertain(fault *Error) bool {
	return !fault.Unsent && (fault.Stage != StageNode || errors.Is(fault.Err, protocol.ErrUnknownOutcome))
}

// worst returns what to say of a call whose last try failed with fault: of a write that an earlier try may have carried
// out, this too.
func (a *attempt) worst(fault *Error) *Error {
	if a.begun == nil || a.begun == fault || uncertain(fault) {
		return fault
	}
	both := *a.begun
	both.Err = fmt.Errorf("%w; sent again: %w", a.begun.Err, fault.Err)
	return &both
}

// again tells whether the call is to be tried again after its last try failed, and pauses before that where it makes
// sense.
func (c *Client) again(ctx context.Context, k *call, fault *Error, last *attempt) bool {
	var refused *protocol.Error
	pause, n := time.Duration(0), last.tries-1
	if k.op.Writes() && uncertain(fault) && !last.repeatable {
		return false
	}
	switch {
	case errors.Is(fault.Err, ErrConnLost) && fault.Stage != StageDial:
		if n > 0 {
			pause = backoff{c.o.RetryBackoff, c.o.BackoffMax}.pause(n - 1)
		}
	case fault.Stage == StageNode && errors.As(fault.Err, &refused) && mayRepeat(k.op, refused.Code):
		pause = backoff{c.o.RetryBackoff, c.o.BackoffMax}.pause(n)
	case fault.Stage == StageDial && errors.Is(fault.Err, ErrUnreachable) && len(c.nodes) > 1:
		// It waited enough; another node may be there.
	default:
		return false
	}
	if !k.deadline.IsZero() && time.Until(k.deadline) <= pause {
		return false
	}
	if pause > 0 && !sleep(ctx, c.closing, pause) {
		if err := ctx.Err(); err != nil {
			fault.Err = fmt.Errorf("%w before it was tried again after: %w", err, fault.Err)
		}
		return false
	}
	return true
}
