package server

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/cache"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// job is a request that is not answered on its event loop.
type job struct {
	c     *conn
	hd    *handler
	body  []byte // a copy of the frame; header and payload borrow from it
	began int64  // when the loop took it
	h     protocol.RequestHeader
	load  []byte // its payload
	keep  bool   // the reply is worth keeping
}

// admit takes room for a request of so many bytes, or says which limit is met.
func (l *listener) admit(c *conn, size int) error {
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
	c.inFlight.Add(1)
	l.inFlight.Add(1)
	l.handed.Add(1)
	l.inFlightBytes.Add(int64(size))
	return nil
}

// submit copies a request and hands it to a worker, to one that may read the store if it is cold, or to a goroutine of its
// own if it waits.
func (c *conn) submit(out []byte, h *protocol.RequestHeader, hd *handler, body []byte, cold bool) []byte {
	l := c.l
	if err := l.admit(c, len(body)); err != nil {
		return l.appendError(out, &c.loop.counters, h.ID, err)
	}
	j := l.jobs.Get().(*job)
	j.c, j.hd, j.began = c, hd, c.loop.began
	j.keep = hd.depends != nil && c.loop.scratch.keeping.query.Keep
	j.body = append(j.body[:0], body...)
	j.h, j.load, _ = protocol.DecodeRequest(j.body) // it was decoded a moment ago
	switch {
	case cold:
		l.cold <- j // has room for all that is admitted, like the queue
	case hd.cost == nil || l.mustWait(h):
		l.waiting.Go(func() { l.wait(j) })
	default:
		l.queue <- j
	}
	return out
}

// release gives back what a request had taken. Its reply was delivered before, so that no moment shows neither.
func (l *listener) release(j *job) {
	l.inFlightBytes.Add(-int64(len(j.body)))
	j.c.inFlight.Add(-1)
	l.inFlight.Add(-1)
	if cap(j.body) > maxKept {
		j.body = nil
	}
	*j = job{body: j.body[:0]}
	l.jobs.Put(j)
}

// mustWait tells whether a request can be answered only after something else has happened.
func (l *listener) mustWait(h *protocol.RequestHeader) bool {
	return h.Flags&protocol.FlagLinearizable != 0 ||
		h.Flags&protocol.FlagAtLeast != 0 && h.MinIndex > l.node.engine.Applied()
}

// expired returns an error if the deadline of a request that was taken at began has passed.
func (l *listener) expired(h *protocol.RequestHeader, began int64) error {
	if h.Deadline == 0 || l.now()-began < int64(h.Deadline)*int64(time.Millisecond) {
		return nil
	}
	return protocol.Errorf(protocol.CodeDeadline, "the deadline of %d ms passed while the request waited its turn", h.Deadline)
}

// patience returns a context that ends with the request's deadline, or Limits.MaxWait where it has none, and with the
// connection.
func (l *listener) patience(j *job) (context.Context, context.CancelFunc) {
	limit := l.limits.MaxWait
	if j.h.Deadline != 0 {
		limit = time.Duration(j.h.Deadline)*time.Millisecond - time.Duration(l.now()-j.began)
	} else if limit < 0 {
		return j.c.ctx, func() {}
	}
	return context.WithTimeout(j.c.ctx, limit)
}

// wait is the life of a request that waits: a write is then answered here, a read goes on to the workers, so that no
// more than these compute.
func (l *listener) wait(j *job) {
	ctx, cancel := l.patience(j)
	defer cancel()
	switch {
	case !l.awaited(ctx, j):
		l.release(j)
	case j.hd.cost != nil:
		l.queue <- j
	default:
		sc := l.scratches.Get().(*scratch)
		sc.reader = l.node.engine
		if l.run(ctx, sc, j) {
			sc.trim()
			l.scratches.Put(sc)
		}
	}
}

// awaited returns once what the request's flags ask for is true, or answers that it will not be.
func (l *listener) awaited(ctx context.Context, j *job) (ok bool) {
	if j.h.Flags&(protocol.FlagLinearizable|protocol.FlagAtLeast) == 0 {
		return true
	}
	defer l.rescue(j)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.waits, cancel)() // a draining node sees no further writes
	if err := l.await(ctx, &j.h); err != nil {
		l.deliver(j, l.appendError(nil, &l.shared, j.h.ID, err), false)
		return false
	}
	return true
}

func (l *listener) await(ctx context.Context, h *protocol.RequestHeader) error {
	if h.Flags&protocol.FlagLinearizable != 0 {
		if err := l.node.log.Barrier(ctx); err != nil {
			return fmt.Errorf("wait for a linearizable read: %w", err)
		}
	}
	if h.Flags&protocol.FlagAtLeast != 0 {
		return l.node.engine.WaitApplied(ctx, h.MinIndex)
	}
	return nil
}

// work is the life of a worker. It computes: what turns out to need the store goes on to those who read it, so that no
// disk holds up what memory can answer.
func (l *listener) work() { l.serve(l.queue, l.node.warm) }

// read is the life of one who may read the store.
func (l *listener) read() { l.serve(l.cold, l.node.engine) }

func (l *listener) serve(queue <-chan *job, reader Reader) {
	sc := &scratch{reader: reader}
	for j := range queue {
		if !l.run(j.c.ctx, sc, j) {
			sc = &scratch{reader: reader}
		}
		sc.trim()
	}
}

// run answers a request and releases it, or hands it on if it is cold. It returns false after a panic, which leaves the
// scratch in no known state.
func (l *listener) run(ctx context.Context, sc *scratch, j *job) (sound bool) {
	cold := false
	defer func() {
		if cold {
			l.cold <- j
		} else {
			l.release(j)
		}
	}()
	defer l.rescue(j)
	if j.c.goneAlready() {
		return true
	}
	sc.out, sc.conn = sc.out[:0], j.c
	hangup := false
	if err := l.expired(&j.h, j.began); err != nil {
		sc.out = l.appendError(sc.out, &l.shared, j.h.ID, err)
	} else if err := j.hd.decode(sc, j.load); err != nil {
		sc.out = l.appendError(sc.out, &l.shared, j.h.ID, err)
		hangup = errorOf(err).Code == protocol.CodeProtocol
	} else {
		sc.keeping.query.Keep = j.keep
		if sc.out, cold = l.answer(ctx, sc.out, &l.shared, sc, &j.h, j.hd, j.load); cold {
			return true
		}
	}
	if l.deliver(j, sc.out, hangup) {
		sc.out = nil
	}
	return true
}

// rescue is deferred: it answers a request that panicked, and closes its connection.
func (l *listener) rescue(j *job) {
	if p := recover(); p != nil {
		l.panicked(j.h.Op.String(), p)
		l.deliver(j, l.appendError(nil, &l.shared, j.h.ID, protocol.Errorf(protocol.CodeInternal,
			"%s failed inside the node; its log says where", j.h.Op)), true)
	}
}

// deliver leaves the reply to a request with its connection. One for which there is no memory becomes CodeOverloaded.
//
// kept tells that out is no longer the caller's.
func (l *listener) deliver(j *job, out []byte, hangup bool) (kept bool) {
	if n := l.queued.Load(); n+int64(len(out)) > int64(l.limits.MaxQueuedTotal) && !hangup {
		out = l.appendError(nil, &l.shared, j.h.ID, protocol.Errorf(protocol.CodeOverloaded,
			"%d bytes of replies wait for clients to read them, the limit is %d", n, l.limits.MaxQueuedTotal))
	}
	return j.c.deliver(out, hangup)
}

// answer appends the reply to a decoded request, and keeps it if that was found worth while. cold tells that nothing is
// appended, since the scratch's reader may not read the store and the request needs it.
func (l *listener) answer(ctx context.Context, out []byte, cs *counters, sc *scratch, h *protocol.RequestHeader,
	hd *handler, request []byte) (_ []byte, cold bool) {
	reply, applied, err := hd.answer(ctx, l.node, sc)
	switch {
	case err == nil:
	case errors.Is(err, engine.ErrCold):
		return out, true
	default:
		return l.appendError(out, cs, h.ID, err), false
	}
	out, encoded := l.appendReply(out, cs, h.ID, applied, reply)
	if hd.depends != nil && sc.keeping.query.Keep && encoded != nil {
		topic, subjects := hd.depends(sc)
		sc.keeping.keep(l.node, cache.Native, byte(h.Op), request, applied, topic, subjects, encoded)
	}
	return out, false
}
