package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/cache"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// job is a request that is not answered on its event loop.
type job struct {
	c     *wire.Conn
	room  wire.Room
	hd    *handler
	body  []byte // a copy of the frame; header and payload borrow from it
	began int64  // when the loop took it
	h     protocol.RequestHeader
	load  []byte // its payload
	keep  bool   // the reply is worth keeping
}

// submit copies a request and hands it to a worker, to one that may read the store if it is cold, or to a goroutine of its
// own if it waits.
func (f *front) submit(c *wire.Conn, sc *scratch, out []byte, h *protocol.RequestHeader, hd *handler, body []byte, cold bool) []byte {
	room, err := f.Admit(c, len(body))
	if err != nil {
		return f.AppendError(out, c.Loop().Counters(), h.ID, err)
	}
	j := f.jobs.Get().(*job)
	j.c, j.room, j.hd, j.began = c, room, hd, c.Loop().Began
	j.keep = hd.depends != nil && sc.keeping.query.Keep
	j.body = append(j.body[:0], body...)
	j.h, j.load, _ = protocol.DecodeRequest(j.body) // it was decoded a moment ago
	switch {
	case cold:
		f.cold <- j // has room for all that is admitted, like the queue
	case hd.cost == nil || f.mustWait(h):
		f.waiting.Go(func() { f.wait(j) })
	default:
		f.queue <- j
	}
	return out
}

// release ends a request that was answered, or whose client has gone.
func (f *front) release(j *job) {
	j.room.Release()
	if cap(j.body) > maxKept {
		j.body = nil
	}
	*j = job{body: j.body[:0]}
	f.jobs.Put(j)
}

// mustWait tells whether a request can be answered only after something else has happened.
func (f *front) mustWait(h *protocol.RequestHeader) bool {
	return h.Flags&protocol.FlagLinearizable != 0 ||
		h.Flags&protocol.FlagAtLeast != 0 && h.MinIndex > f.node.engine.Applied()
}

// wait is the life of a request that waits: a write is then answered here, a read goes on to the workers, so that no
// more than these compute.
func (f *front) wait(j *job) {
	ctx, cancel := f.Patience(j.c, &j.h, j.began)
	defer cancel()
	switch {
	case !f.awaited(ctx, j):
		f.release(j)
	case j.hd.cost != nil:
		f.queue <- j
	default:
		sc := f.scratches.Get().(*scratch)
		sc.reader = f.node.engine
		if f.run(ctx, sc, j) {
			sc.trim()
			f.scratches.Put(sc)
		}
	}
}

// awaited returns once what the request's flags ask for is true, or answers that it will not be.
func (f *front) awaited(ctx context.Context, j *job) (ok bool) {
	if j.h.Flags&(protocol.FlagLinearizable|protocol.FlagAtLeast) == 0 {
		return true
	}
	defer f.rescue(j)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(f.Waits(), cancel)() // a draining node sees no further writes
	if err := f.await(ctx, &j.h); err != nil {
		f.Deliver(j.c, &j.room, j.h.ID, f.AppendError(nil, f.Shared(), j.h.ID, err), false)
		return false
	}
	return true
}

func (f *front) await(ctx context.Context, h *protocol.RequestHeader) error {
	if h.Flags&protocol.FlagLinearizable != 0 {
		if err := f.node.log.Barrier(ctx); err != nil {
			return fmt.Errorf("wait for a linearizable read: %w", err)
		}
	}
	if h.Flags&protocol.FlagAtLeast != 0 {
		return f.node.engine.WaitApplied(ctx, h.MinIndex)
	}
	return nil
}

// work is the life of a worker. It computes: what turns out to need the store goes on to those who read it, so that no
// disk holds up what memory can answer.
func (f *front) work() { f.serve(f.queue, f.node.warm) }

// read is the life of one who may read the store.
func (f *front) read() { f.serve(f.cold, f.node.engine) }

func (f *front) serve(queue <-chan *job, reader Reader) {
	sc := &scratch{reader: reader}
	for j := range queue {
		if !f.run(j.c.Context(), sc, j) {
			sc = &scratch{reader: reader}
		}
		sc.trim()
	}
}

// run answers a request and releases it, or hands it on if it is cold. It returns false after a panic, which leaves the
// scratch in no known state.
func (f *front) run(ctx context.Context, sc *scratch, j *job) (sound bool) {
	cold := false
	defer func() {
		if cold {
			f.cold <- j
		} else {
			f.release(j)
		}
	}()
	defer f.rescue(j)
	if j.c.Gone() {
		return true
	}
	sc.out, sc.conn = sc.out[:0], j.c
	hangup := false
	if err := f.Expired(&j.h, j.began); err != nil {
		sc.out = f.AppendError(sc.out, f.Shared(), j.h.ID, err)
	} else if err := j.hd.decode(sc, j.load); err != nil {
		sc.out = f.AppendError(sc.out, f.Shared(), j.h.ID, err)
		hangup = wire.ErrorOf(err).Code == protocol.CodeProtocol
	} else {
		sc.keeping.query.Keep = j.keep
		if sc.out, cold = f.answer(ctx, sc.out, f.Shared(), sc, &j.h, j.hd, j.load); cold {
			return true
		}
	}
	if f.Deliver(j.c, &j.room, j.h.ID, sc.out, hangup) {
		sc.out = nil
	}
	return true
}

// rescue is deferred: it answers a request that panicked, and closes its connection.
func (f *front) rescue(j *job) {
	if p := recover(); p != nil {
		f.Rescue(j.c, &j.room, &j.h, p)
	}
}

// answer appends the reply to a decoded request, and keeps it if that was found worth while. cold tells that nothing is
// appended, since the scratch's reader may not read the store and the request needs it.
func (f *front) answer(ctx context.Context, out []byte, cs *wire.Counters, sc *scratch, h *protocol.RequestHeader,
	hd *handler, request []byte) (_ []byte, cold bool) {
	reply, applied, err := hd.answer(ctx, f.node, sc)
	switch {
	case err == nil:
	case errors.Is(err, engine.ErrCold):
		return out, true
	default:
		return f.AppendError(out, cs, h.ID, err), false
	}
	out, encoded := f.AppendReply(out, cs, h.ID, applied, reply)
	if hd.depends != nil && sc.keeping.query.Keep && encoded != nil {
		topic, subjects := hd.depends(sc)
		sc.keeping.keep(f.node, cache.Native, byte(h.Op), request, applied, topic, subjects, encoded)
	}
	return out, false
}
