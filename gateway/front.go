package gateway

import (
	"net"
	"sync"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/internal/loops"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/wire"
)

// front answers the native protocol for a gateway: what a node must answer is passed on as it came, and the reply too.
//
//	loop: frame -> copy -> Relay.Send ...    of all frames of a wake-up -> Relay.Flush: one write to each node
//	loop: replies of a node -> Listener.Pass: copied under the client's id ... -> one wake-up for each client
//
// The loops carry the connections to nodes, so that no other thread is woken on the way.
// So a request costs no goroutine, and no memory but its copy, which is used again. What takes more than one request to a
// node (PREPARE, STATS, RESET_COUNTERS), and frames that are long to check, have a goroutine of their own.
type front struct {
	*wire.Listener
	g       *Gateway
	handles *wire.Handles
	id      string
	passing sync.Pool      // *passage
	aside   sync.WaitGroup // goroutines of requests that are not relayed
}

var (
	_ wire.Service = (*front)(nil)
	_ client.Loops = (*front)(nil)
)

const (
	// maxLoopFrame is the longest frame that is checked on a loop, in bytes.
	maxLoopFrame = 16 << 10
	// maxKept bounds the memory that a passage keeps for the next request, in bytes.
	maxKept = 1 << 20
	// preparedBytes is about what a prepared query takes here beside its encoding.
	preparedBytes = 1 << 10
)

func newFront(g *Gateway) *front {
	f := &front{g: g, id: newID()}
	f.Listener = wire.New(f, g.o.wire())
	f.handles = wire.NewHandles(f.Limits())
	f.passing.New = func() any { return &passage{f: f} }
	return f
}

// Carry implements client.Loops: the loops of the front carry the connections to nodes.
func (f *front) Carry(nc net.Conn, h client.LineHandler) error {
	return f.Listener.Carry(nc, handled{h})
}

// handled is a client.LineHandler as the loops know it.
type handled struct{ client.LineHandler }

func (h handled) Opened(l *loops.Line) { h.LineHandler.Opened(l) }

// passage is a request on its way to a node and back.
type passage struct {
	client.Relayed
	f    *front
	c    *wire.Conn
	id   uint64 // of the request, as its client numbered it
	room wire.Room
	body []byte // copies of payload and trace
}

// start takes a request over from the loop.
func (f *front) start(c *wire.Conn, room wire.Room, h *protocol.RequestHeader, payload []byte) *passage {
	p := f.passing.Get().(*passage)
	p.c, p.room, p.id = c, room, h.ID
	p.body = append(append(p.body[:0], payload...), h.Trace...)
	p.Raw = client.Raw{Op: h.Op, Flags: h.Flags, MinIndex: h.MinIndex, Payload: p.body[:len(payload)], Trace: p.body[len(payload):]}
	if h.Deadline != 0 {
		p.Deadline = f.deadline(h, c.Loop().Began)
	}
	p.To = p
	return p
}

// deadline returns when the request that was taken at began must be answered.
func (f *front) deadline(h *protocol.RequestHeader, began int64) time.Time {
	return time.Now().Add(time.Duration(h.Deadline)*time.Millisecond - time.Duration(f.Now()-began))
}

// end gives the passage back.
func (p *passage) end() {
	f := p.f
	p.room.Release()
	if cap(p.body) > maxKept {
		p.body = nil
	}
	*p = passage{f: f, body: p.body[:0]}
	f.passing.Put(p)
}

// Replied implements client.Sink: the reply goes to its client as it came, under the client's id.
func (p *passage) Replied(r *client.Relayed) client.Waker {
	f, c := p.f, p.c
	defer p.end()
	if err := r.Err; err != nil || r.Reply.Code == protocol.CodeNotMaster {
		if err == nil {
			err = errNoMaster
		}
		f.Deliver(c, &p.room, p.id, f.AppendError(nil, f.Shared(), p.id, native(err)), false)
		return nil
	}
	h := protocol.ReplyHeader{ID: p.id, Code: r.Reply.Code, Applied: r.Reply.Applied}
	if f.Pass(c, &p.room, &h, r.Reply.Payload) {
		return c
	}
	return nil
}

// relay is what a loop passes requests on with; nil before there is a node.
type relay struct{ *client.Relay }

// Start implements wire.Service.
func (f *front) Start() {}

// Stop implements wire.Service. What is relayed ends with the SDK.
func (f *front) Stop() { f.aside.Wait() }

// ClusterID implements wire.Service.
func (f *front) ClusterID() (string, error) {
	sdk, err := f.g.link.get()
	if err != nil {
		return "", err
	}
	id, _ := sdk.Identity()
	return id, nil
}

// Welcome implements wire.Service.
func (f *front) Welcome(w *protocol.Welcome) (applied uint64) {
	w.Node, w.Role = f.id, "gateway"
	if sdk, err := f.g.link.get(); err == nil {
		w.ClusterID, w.CatalogVersion = sdk.Identity()
		applied = sdk.Applied()
	}
	return applied
}

// Applied implements wire.Service: the newest index that a node has shown.
func (f *front) Applied() uint64 {
	if sdk, err := f.g.link.get(); err == nil {
		return sdk.Applied()
	}
	return 0
}

// NewLoop implements wire.Service.
func (f *front) NewLoop() any { return &relay{} }

// Opened implements wire.Service.
func (f *front) Opened(*wire.Conn) any { return wire.NewPrepared[*client.Prepared](f.handles) }

// Closed implements wire.Service.
func (f *front) Closed(c *wire.Conn) {
	for _, q := range preparedOf(c).Close() {
		_ = q.Close() // returns nil
	}
}

func preparedOf(c *wire.Conn) *wire.Prepared[*client.Prepared] {
	return c.State().(*wire.Prepared[*client.Prepared])
}

// Turned implements wire.Service.
func (f *front) Turned(lo *wire.Loop) {
	if y := lo.State().(*relay); y.Relay != nil {
		y.Flush()
	}
}

// Speaks implements wire.Service.
func (f *front) Speaks(op protocol.Op) bool {
	switch op {
	case protocol.OpPrepare, protocol.OpExecute, protocol.OpForget, protocol.OpCluster, protocol.OpRemoveMember:
		return true
	}
	return op >= protocol.OpPing && op <= protocol.OpResetCounters || op >= protocol.OpPut && op <= protocol.OpPutTables
}

// Answer implements wire.Service.
func (f *front) Answer(c *wire.Conn, out []byte, h *protocol.RequestHeader, payload, body []byte) (_ []byte, hangup bool) {
	lo := c.Loop()
	refuse := func(err error) ([]byte, bool) {
		e := native(err)
		return f.AppendError(out, lo.Counters(), h.ID, e), e.Code == protocol.CodeProtocol
	}
	sdk, err := f.g.link.get()
	if err != nil {
		return refuse(err)
	}
	switch h.Op {
	case protocol.OpPing:
		if h.Flags&(protocol.FlagAtLeast|protocol.FlagLinearizable) == 0 {
			return f.ping(c, out, h, payload, sdk)
		}
	case protocol.OpForget:
		return f.forget(c, out, h, payload, sdk)
	}
	room, err := f.Admit(c, len(body))
	if err != nil {
		return refuse(err)
	}
	if answer := asides[h.Op]; answer != nil || len(body) > maxLoopFrame {
		f.stepAside(c, room, h, payload, answer)
		return out, false
	}
	if err := f.pass(c, f.start(c, room, h, payload), sdk); err != nil {
		return refuse(err)
	}
	return out, false
}

// pass sends a request to a node. After an error the passage has ended.
func (f *front) pass(c *wire.Conn, p *passage, sdk *client.Client) (err error) {
	y := c.Loop().State().(*relay)
	if y.Relay == nil {
		y.Relay = sdk.NewRelay()
		y.Prefer(c.Events())
	}
	if p.Op != protocol.OpExecute {
		if err = y.Send(&p.Relayed); err != nil {
			p.end()
		}
		return err
	}
	var e protocol.Execute
	if err = e.Decode(p.Payload); err == nil {
		q, known := preparedOf(c).Find(e.Handle)
		if known {
			p.Change = e.Change
			y.SendPrepared(&p.Relayed, q)
			return nil
		}
		err = wire.UnknownHandle(e.Handle)
	}
	p.end()
	return err
}

func (f *front) ping(c *wire.Conn, out []byte, h *protocol.RequestHeader, payload []byte, sdk *client.Client) ([]byte, bool) {
	var none protocol.Empty
	if err := none.Decode(payload); err != nil {
		return f.AppendError(out, c.Loop().Counters(), h.ID, err), true
	}
	out, _ = f.AppendReply(out, c.Loop().Counters(), h.ID, sdk.Applied(), none)
	return out, false
}

func (f *front) forget(c *wire.Conn, out []byte, h *protocol.RequestHeader, payload []byte, sdk *client.Client) ([]byte, bool) {
	var handle protocol.Handle
	if err := handle.Decode(payload); err != nil {
		return f.AppendError(out, c.Loop().Counters(), h.ID, err), true
	}
	if q, known := preparedOf(c).Forget(handle.Number); known {
		_ = q.Close() // returns nil
	}
	out, _ = f.AppendReply(out, c.Loop().Counters(), h.ID, sdk.Applied(), protocol.Empty{})
	return out, false
}
