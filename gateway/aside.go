package gateway

import (
	"bytes"
	"context"
	"errors"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// request is one that has a goroutine of its own.
type request struct {
	c       *wire.Conn
	room    wire.Room
	h       protocol.RequestHeader
	payload []byte // its own
	began   int64
}

// stepAside answers an admitted request on a goroutine of its own; answer nil = a node answers it.
func (f *front) stepAside(c *wire.Conn, room wire.Room, h *protocol.RequestHeader, payload []byte,
	answer func(*front, context.Context, *request) (protocol.Message, error)) {
	q := &request{c: c, room: room, h: *h, payload: bytes.Clone(payload), began: c.Loop().Began}
	q.h.Trace = bytes.Clone(h.Trace)
	f.aside.Go(func() {
		defer q.room.Release()
		defer func() {
			if p := recover(); p != nil {
				f.Rescue(c, &q.room, &q.h, p)
			}
		}()
		ctx, cancel := f.Patience(c, &q.h, q.began)
		defer cancel()
		if answer == nil {
			f.forward(ctx, q)
			return
		}
		m, err := answer(f, ctx, q)
		if err != nil {
			f.refuse(q, err)
			return
		}
		out, _ := f.AppendReply(nil, f.Shared(), q.h.ID, f.Applied(), m)
		f.Deliver(c, &q.room, q.h.ID, out, false)
	})
}

// refuse delivers an error.
func (f *front) refuse(q *request, err error) {
	e := native(err)
	f.Deliver(q.c, &q.room, q.h.ID, f.AppendError(nil, f.Shared(), q.h.ID, e), e.Code == protocol.CodeProtocol)
}

// forward passes a request on and its reply back.
func (f *front) forward(ctx context.Context, q *request) {
	sdk, err := f.g.link.get()
	var r client.RawReply
	if err == nil {
		err = sdk.Forward(ctx, &client.Raw{Op: q.h.Op, Flags: q.h.Flags, MinIndex: q.h.MinIndex, Trace: q.h.Trace, Payload: q.payload}, &r)
	}
	if err == nil && r.Code == protocol.CodeNotMaster {
		err = errNoMaster
	}
	if err != nil {
		f.refuse(q, err)
		return
	}
	if f.Pass(q.c, &q.room, &protocol.ReplyHeader{ID: q.h.ID, Code: r.Code, Applied: r.Applied}, r.Payload) {
		q.c.Wake()
	}
}

// asides are the operations that the gateway answers itself.
var asides = [protocol.MaxOp + 1]func(*front, context.Context, *request) (protocol.Message, error){
	protocol.OpPrepare:       (*front).prepare,
	protocol.OpStats:         (*front).stats,
	protocol.OpResetCounters: (*front).resetCounters,
}

// prepare prepares a query at the node that it belongs to, and keeps it behind a handle of the connection. Others prepare it
// when it is first executed there.
func (f *front) prepare(ctx context.Context, q *request) (protocol.Message, error) {
	var m protocol.Prepare
	if err := m.Decode(q.payload); err != nil {
		return nil, err
	}
	query, err := m.Open()
	if err != nil {
		return nil, err
	}
	mine, size := preparedOf(q.c), len(q.payload)+preparedBytes
	if err := mine.Room(size); err != nil {
		return nil, err
	}
	sdk, err := f.g.link.get()
	if err != nil {
		return nil, err
	}
	if q.h.Flags&protocol.FlagAtLeast != 0 {
		ctx = client.AtLeast(ctx, q.h.MinIndex)
	}
	if q.h.Flags&protocol.FlagLinearizable != 0 {
		ctx = client.Linearizable(ctx)
	}
	p, err := sdk.Prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	handle, held, err := mine.Hold(p, size)
	if !held {
		return &protocol.Handle{Number: handle}, errors.Join(err, p.Close())
	}
	return &protocol.Handle{Number: handle}, nil
}

// stats are the cluster's figures.
func (f *front) stats(ctx context.Context, q *request) (protocol.Message, error) {
	var none protocol.Empty
	if err := none.Decode(q.payload); err != nil {
		return nil, err
	}
	s, err := f.g.Stats(ctx)
	figures := protocol.StatList(s.Figures)
	return &figures, err
}

func (f *front) resetCounters(ctx context.Context, q *request) (protocol.Message, error) {
	var none protocol.Empty
	if err := none.Decode(q.payload); err != nil {
		return nil, err
	}
	return none, f.g.ResetCache(ctx)
}
