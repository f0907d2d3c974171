package client

import (
	"context"
	"errors"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Raw is a request as it came from elsewhere, which a gateway passes on without building it anew.
type Raw struct {
	Op       protocol.Op
	Flags    protocol.Flags // of the request's header; those of the context (AtLeast, Linearizable) count too
	MinIndex uint64         // with protocol.FlagAtLeast
	Trace    []byte         // with protocol.FlagTrace, at most protocol.MaxTrace bytes
	Deadline time.Time      // of the request; zero = that of the context, or RequestTimeout. The earlier one counts
	Payload  []byte         // what follows the header. Forward only reads Payload and Trace, and not after it returned
}

// RawReply is the reply to a Raw, as it came. It may be used again and again: Forward reuses the memory of Payload.
type RawReply struct {
	Code    protocol.Code // CodeOK, or what the node refused with; Payload is a protocol.Error then
	Applied uint64        // index that the answer shows
	Payload []byte        // the caller's, until the next Forward with this RawReply
	Addr    string        // host:port of the node that answered
}

// Forward sends a request as it is to the node that a call of the SDK would go to, with the same retries and
// redirections, and returns the reply as it is. A node's refusal is a reply too; an error, always a *Error, says that no
// node answered.
//
// The payload is checked before it is sent, though not kept in decoded form: a node closes the connection on which a
// malformed one comes, and that connection carries other callers' requests. Operations that belong to one connection
// (HELLO, PREPARE, EXECUTE, FORGET) and unknown ones are refused with protocol.CodeUnsupported. A write that has an origin
// keeps it and is sent again like the SDK's own; one without is sent again only when it certainly never reached a node.
// After an error r is empty but for its memory.
func (c *Client) Forward(ctx context.Context, q *Raw, r *RawReply) error {
	*r = RawReply{Payload: r.Payload[:0]}
	in := inspectors.Get().(*inspector)
	defer inspectors.Put(in)
	route := request{op: q.Op, raw: q, reply: r}
	if err := in.look(q, &route); err != nil {
		return &Error{Op: q.Op, Stage: StageCheck, Err: err, Unsent: true}
	}
	_, err := c.do(ctx, &route)
	return r.settle(err)
}

// settle returns err, unless it is a refusal of the node, which is a reply.
func (r *RawReply) settle(err error) error {
	if err == nil {
		return nil
	}
	var fault *Error
	unknown := errors.Is(err, protocol.ErrUnknownOutcome) && r.Code != protocol.CodeUnknownOutcome // of an earlier try
	if errors.As(err, &fault) && fault.Stage == StageNode && !unknown {
		return nil
	}
	*r = RawReply{Payload: r.Payload[:0]}
	return err
}

// take hands the reply over to the caller of Forward. The memory of the caller's last reply goes to the call in exchange.
func (q *request) take(k *call, last *attempt) *Error {
	var fault *Error
	if k.header.Code != protocol.CodeOK {
		fault = last.fault(k, StageNode, serverError(k.header.Code, k.reply), false)
	}
	memory := q.reply.Payload
	*q.reply = RawReply{Code: k.header.Code, Applied: k.header.Applied, Payload: k.reply, Addr: last.node.addr}
	k.buf, k.reply = memory[:0], nil
	return fault
}
