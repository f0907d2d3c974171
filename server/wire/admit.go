package wire

import (
	"context"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Room is what a request that is answered later takes of the limits of its connection and of the listener.
type Room struct {
	c    *Conn // nil once it was given back
	size int
}

// Admit takes room for a request of so many bytes that is answered later, or says which limit is met. Delivering the reply
// gives it back. It is called on the connection's loop.
func (l *Listener) Admit(c *Conn, size int) (Room, error) {
	if err := l.full(c, size); err != nil {
		return Room{}, err
	}
	c.loop.publish(0) // it may be answered before the turn ends
	c.inFlight.Add(1)
	l.inFlight.Add(1)
	l.handed.Add(1)
	l.inFlightBytes.Add(int64(size))
	return Room{c, size}, nil
}

// full tells which limit leaves no room for a request of so many bytes.
func (l *Listener) full(c *Conn, size int) error {
	switch {
	case int(c.inFlight.Load()) >= l.limits.MaxInFlight:
		return protocol.Errorf(protocol.CodeOverloaded, "%d requests of this connection wait to be answered, the limit is %d",
			c.inFlight.Load(), l.limits.MaxInFlight)
	case int(l.inFlight.Load()) >= l.limits.MaxInFlightTotal:
		return protocol.Errorf(protocol.CodeOverloaded, "%d requests wait to be answered, the limit is %d",
			l.inFlight.Load(), l.limits.MaxInFlightTotal)
	case l.inFlightBytes.Load()+int64(size) > int64(l.limits.MaxInFlightBytes):
		return protocol.Errorf(protocol.CodeOverloaded, "requests of %d bytes wait to be answered, the limit is %d",
			l.inFlightBytes.Load(), l.limits.MaxInFlightBytes)
	}
	return nil
}

// Release gives the room back, unless that was done: a request that is not answered after all ends so too.
//
// Whoever delivers releases before the loop can write: a client that has its reply finds the room for its next request. And
// it counts the reply as queued before that, so that a drain sees either the request or the reply.
func (r *Room) Release() {
	c := r.c
	if c == nil {
		return
	}
	r.c = nil
	c.l.inFlightBytes.Add(-int64(r.size))
	c.inFlight.Add(-1)
	c.l.inFlight.Add(-1)
}

// Expired returns an error if the deadline of a request that was taken at began has passed.
func (l *Listener) Expired(h *protocol.RequestHeader, began int64) error {
	if h.Deadline == 0 || l.now()-began < int64(h.Deadline)*int64(time.Millisecond) {
		return nil
	}
	return protocol.Errorf(protocol.CodeDeadline, "the deadline of %d ms passed while the request waited its turn", h.Deadline)
}

// Patience returns a context that ends with the deadline of a request that was taken at began, or Limits.MaxWait where it
// has none, and with the connection.
func (l *Listener) Patience(c *Conn, h *protocol.RequestHeader, began int64) (context.Context, context.CancelFunc) {
	limit := l.limits.MaxWait
	if h.Deadline != 0 {
		limit = time.Duration(h.Deadline)*time.Millisecond - time.Duration(l.now()-began)
	} else if limit < 0 {
		return c.ctx, func() {}
	}
	return context.WithTimeout(c.ctx, limit)
}

// Rescue answers a request that panicked with p, and closes its connection.
func (l *Listener) Rescue(c *Conn, room *Room, h *protocol.RequestHeader, p any) {
	l.Panicked(h.Op.String(), p)
	l.Deliver(c, room, h.ID, l.AppendError(nil, &l.shared, h.ID, protocol.Errorf(protocol.CodeInternal,
		"%s failed inside the %s; its log says where", h.Op, l.o.Who)), true)
}

// Deliver leaves the reply to request id with its connection, from anywhere, and gives the request's room back. One for which
// there is no memory becomes CodeOverloaded.
//
// kept tells that out is no longer the caller's.
func (l *Listener) Deliver(c *Conn, room *Room, id uint64, out []byte, hangup bool) (kept bool) {
	if !hangup {
		if err := l.crowded(len(out)); err != nil {
			out = l.AppendError(nil, &l.shared, id, err)
		}
	}
	return c.deliver(room, out, hangup)
}

// crowded tells that so many more bytes of replies cannot wait to be read.
func (l *Listener) crowded(more int) error {
	if n := l.queued.Load(); n+int64(more) > int64(l.limits.MaxQueuedTotal) {
		return protocol.Errorf(protocol.CodeOverloaded,
			"%d bytes of replies wait for clients to read them, the limit is %d", n, l.limits.MaxQueuedTotal)
	}
	return nil
}

// Pass leaves a reply that somebody else encoded with its connection, under the header that is given, and gives
// the request's room back. The payload is copied. wake tells the caller to call Wake of the connection: whoever passes several on does so once, after all of them.
func (l *Listener) Pass(c *Conn, room *Room, h *protocol.ReplyHeader, payload []byte) (wake bool) {
	err := l.crowded(len(payload))
	if size := len(payload) + headerMost; err == nil && size > l.limits.MaxReply {
		err = tooLarge(size, l.limits.MaxReply)
	}
	if err != nil {
		_, wake = c.leave(room, l.AppendError(nil, &l.shared, h.ID, err), false)
		return wake
	}
	if h.Code != protocol.CodeOK {
		l.shared.fail(h.Code)
	}
	if len(payload) > maxCopied {
		out := protocol.BeginReply(make([]byte, 0, len(payload)+headerMost), h)
		_, wake = c.leave(room, protocol.FinishFrame(append(out, payload...), 0), false)
		return wake
	}
	return c.pass(room, h, payload)
}

// headerMost is the most that prefix and header of a reply take, in bytes.
const headerMost = 48
