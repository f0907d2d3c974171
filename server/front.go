package server

import (
	"sync"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// front answers the native protocol for a node.
type front struct {
	*wire.Listener
	node    *Node
	handles *wire.Handles

	queue   chan *job
	cold    chan *job      // those that need the store
	waiting sync.WaitGroup // goroutines of requests that wait
	workers sync.WaitGroup
	readers sync.WaitGroup // those who may read the store

	jobs      sync.Pool // *job
	scratches sync.Pool // *scratch, of writes
}

var _ wire.Service = (*front)(nil)

// readers is how many goroutines answer reads that need the store. They wait for the disk more than they compute.
const readers = 16

// newFront returns a front whose listener does not run.
func newFront(n *Node) *front {
	f := &front{node: n}
	f.Listener = wire.New(f, n.o.wire())
	room := f.Limits().MaxInFlightTotal
	f.queue, f.cold = make(chan *job, room), make(chan *job, room)
	f.handles = wire.NewHandles(f.Limits())
	f.jobs.New = func() any { return new(job) }
	f.scratches.New = func() any { return new(scratch) }
	return f
}

// Start starts the workers.
func (f *front) Start() {
	for range f.node.o.Workers {
		f.workers.Go(f.work)
	}
	for range readers {
		f.readers.Go(f.read)
	}
}

// Stop ends the workers when every request is done with.
func (f *front) Stop() {
	f.waiting.Wait()
	close(f.queue)
	f.workers.Wait()
	close(f.cold)
	f.readers.Wait()
}

// ClusterID implements wire.Service.
func (f *front) ClusterID() (string, error) { return f.node.clusterID, nil }

// Welcome implements wire.Service.
func (f *front) Welcome(w *protocol.Welcome) (applied uint64) {
	catalog := f.node.engine.Catalog()
	w.Node, w.ClusterID, w.Role, w.CatalogVersion = f.node.nodeID, f.node.clusterID, f.node.Role(), catalog.Version
	return catalog.Applied
}

// Applied implements wire.Service.
func (f *front) Applied() uint64 { return f.node.engine.Applied() }

// NewLoop implements wire.Service.
func (f *front) NewLoop() any {
	sc := &scratch{reader: f.node.warm}
	sc.keeping.query.RememberHot()
	return sc
}

// Opened implements wire.Service.
func (f *front) Opened(*wire.Conn) any { return wire.NewPrepared[*engine.Prepared](f.handles) }

// Closed implements wire.Service.
func (f *front) Closed(c *wire.Conn) { preparedOf(c).Close() }

// Speaks implements wire.Service.
func (f *front) Speaks(op protocol.Op) bool { return handlers[op].answer != nil }

// Turned implements wire.Service.
func (f *front) Turned(lo *wire.Loop) { lo.State().(*scratch).trim() }

// Answer answers a request on the loop if it is cheap, and otherwise hands it to a worker.
func (f *front) Answer(c *wire.Conn, out []byte, h *protocol.RequestHeader, payload, body []byte) (_ []byte, hangup bool) {
	lo, hd := c.Loop(), &handlers[h.Op]
	sc := lo.State().(*scratch)
	if !hd.early && !h.Op.Writes() && f.node.unready.Load() {
		return f.AppendError(out, lo.Counters(), h.ID, ErrStarting), false
	}
	sc.reader, sc.keeping.query.Keep, sc.conn = f.node.warm, false, c
	if hd.cost == nil || len(body) > maxLoopFrame || lo.Budget <= 0 || f.mustWait(h) {
		return f.submit(c, sc, out, h, hd, body, false), false
	}
	if err := f.Expired(h, lo.Began); err != nil {
		return f.AppendError(out, lo.Counters(), h.ID, err), false
	}
	if hd.depends != nil && f.node.replies != nil {
		if out, ok := sc.kept(f.node, out, h, payload); ok {
			lo.Budget -= baseCost
			return out, false
		}
	}
	if err := hd.decode(sc, payload); err != nil {
		return f.AppendError(out, lo.Counters(), h.ID, err), wire.ErrorOf(err).Code == protocol.CodeProtocol
	}
	cost := hd.cost(f.node.engine, sc)
	if cost > maxLoopCost {
		return f.submit(c, sc, out, h, hd, body, false), false
	}
	lo.Budget -= cost
	out, cold := f.answer(c.Context(), out, lo.Counters(), sc, h, hd, payload)
	if cold {
		out = f.submit(c, sc, out, h, hd, body, true)
	}
	return out, false
}
