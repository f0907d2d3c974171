package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Prepared is a query that a node keeps, so that asking it again sends some 20 bytes and costs the node no look-up of
// names. It is safe for concurrent use and meant to be kept for as long as the query is asked: a screen that refreshes a
// watch list, a page that is turned.
//
// A node keeps it for one connection. The first Execute over another connection, also one that was made anew after it was
// lost, prepares the query there first; others that come over the same connection meanwhile wait for that, and calls of
// other queries do not. A node bounds what a connection may prepare (protocol.ErrOverloaded), so Close what is not needed.
type Prepared struct {
	c     *Client
	op    protocol.Op
	query []byte // encoded
	ids   []string
	key   string // of the ring
	limit int
	rows  func(limit int) int // that the answer has at most, as far as can be guessed

	bindings sync.Map // *conn -> *binding

	mu     sync.Mutex // of making bindings, and of closing
	closed bool
}

// binding is a prepared query on one connection.
type binding struct {
	handle atomic.Uint64 // 0 = there is none yet, or never
	ready  chan struct{} // closed when it is known
	fault  *Error        // why there is none; set before ready is closed
}

// unbounded are more rows than fit the quick lane.
const unbounded = 1 << 24

// Prepare prepares a *protocol.Snapshot, *Period, *Recent, *SelectSnapshot or *SelectPeriod on one connection, so that a
// query which cannot be answered is refused here. The query is not kept, but the strings of its IDs are.
func (c *Client) Prepare(ctx context.Context, q protocol.Message) (*Prepared, error) {
	p := &Prepared{c: c}
	var ids []string
	switch q := q.(type) {
	case *protocol.Snapshot:
		most := unbounded
		if q.Topic == "" {
			most = len(q.Subjects)
		}
		ids, p.limit, p.rows = q.IDs, q.Limit, func(limit int) int { return min(limitRows(limit), most) }
	case *protocol.SelectSnapshot:
		ids, p.limit, p.rows = q.IDs, q.Limit, limitRows
	case *protocol.Period:
		rows := len(q.Subjects) * guessedReports
		ids, p.key, p.rows = q.IDs, firstOf(q.Subjects), func(int) int { return rows }
	case *protocol.Recent:
		subjects, periods := len(q.Subjects), len(q.Periods)
		ids, p.key, p.limit = q.IDs, firstOf(q.Subjects), q.Limit
		p.rows = func(limit int) int { return subjects * recentRows(periods, limit) }
	case *protocol.SelectPeriod:
		ids, p.rows = q.IDs, func(int) int { return unbounded }
	default:
		return nil, &Error{Op: protocol.OpPrepare, Stage: StageCheck, Unsent: true, Err: protocol.Errorf(protocol.CodeBadRequest,
			"a %T cannot be prepared; rankings, series and selections can", q)}
	}
	p.op, _ = protocol.QueryOp(q)
	p.ids, p.query = appendDistinct(nil, ids), q.AppendTo(nil)
	if _, err := c.do(ctx, &request{op: protocol.OpPrepare, lane: p.lane(&protocol.Change{}), key: p.key, prepared: p}); err != nil {
		return nil, err
	}
	return p, nil
}

// Execute asks the query with a change (nil = as it was prepared) and fills r as the query's own method does.
func (p *Prepared) Execute(ctx context.Context, c *protocol.Change, r *protocol.Result) error {
	if c == nil {
		c = &noChange
	}
	return p.c.view(ctx, &request{op: protocol.OpExecute, lane: p.lane(c), key: p.key, ids: p.ids, prepared: p, change: c}, r)
}

var noChange protocol.Change

// Close lets the nodes forget the query, without waiting for them. Execute then returns ErrPreparedClosed. Closing again
// does nothing. It returns nil.
func (p *Prepared) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock() // from here on nobody binds it
	p.bindings.Range(func(key, value any) bool {
		c, b := key.(*conn), value.(*binding)
		p.bindings.Delete(c)
		p.c.spawn(func() { p.forget(c, b) }) // a client that closes has no connection to forget it on
		return true
	})
	return nil
}

// lane returns the lane of an execution.
func (p *Prepared) lane(c *protocol.Change) int {
	return laneOf(p.rows(c.Limit.Or(p.limit)), len(p.ids))
}

// on returns the handle of the query on a connection, for a call that is about to use it.
func (p *Prepared) on(ctx context.Context, k *call, c *conn) (handle uint64, fault *Error) {
	for {
		b, mine, err := p.bind(k, c)
		if err != nil {
			return 0, &Error{Op: k.op, Addr: c.addr, Stage: StageCheck, Err: err, Unsent: true}
		}
		if handle := b.handle.Load(); handle != 0 {
			return handle, nil
		}
		if fault := b.wait(ctx, k, c); fault != nil {
			return 0, fault
		}
		// What one was refused another may be given: it may ask for a newer state. So each is refused for itself.
		if mine && b.fault != nil {
			return 0, b.fault
		}
	}
}

// bound returns the handle of the query on a connection, 0 where it is not known yet.
func (p *Prepared) bound(c *conn) (handle uint64) {
	if b, ok := p.bindings.Load(c); ok {
		return b.(*binding).handle.Load()
	}
	return 0
}

// bind returns the binding to a connection. It makes one where there is none; mine tells so.
func (p *Prepared) bind(k *call, c *conn) (b *binding, mine bool, err error) {
	if have, ok := p.bindings.Load(c); ok {
		return have.(*binding), false, nil
	}
	return p.bindAnew(k, c)
}

func (p *Prepared) bindAnew(k *call, c *conn) (_ *binding, mine bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, false, ErrPreparedClosed
	}
	if have, ok := p.bindings.Load(c); ok {
		return have.(*binding), false, nil
	}
	p.bindings.Range(func(key, _ any) bool { // those of connections that are no more
		select {
		case <-key.(*conn).lost:
			p.bindings.Delete(key)
		default:
		}
		return true
	})
	b := &binding{ready: make(chan struct{})}
	p.bindings.Store(c, b)
	flags, index := k.flags, k.index
	if !p.c.spawn(func() { p.prepare(c, b, flags, index) }) {
		p.bindings.Delete(c)
		return nil, false, ErrClosed
	}
	return b, true, nil
}

// prepare prepares the query on a connection, in a goroutine of its own and without a deadline: a caller who gives up must
// not leave a handle at the node that nobody knows.
func (p *Prepared) prepare(c *conn, b *binding, flags protocol.Flags, index uint64) {
	defer close(b.ready)
	k := newCall(protocol.OpPrepare)
	defer k.release()
	k.flags, k.index = flags&^protocol.FlagTrace, index
	m := protocol.Prepare{Op: p.op, Query: p.query}
	k.buf = m.AppendTo(k.buf[:0])
	c.submit(k)
	<-k.done
	var h protocol.Handle
	err := k.err
	fault := &Error{Op: k.op, Addr: c.addr, Stage: k.stage, Unsent: k.unsent}
	switch {
	case err != nil:
	case k.header.Code != protocol.CodeOK:
		fault.Stage, err = StageNode, serverError(k.header.Code, k.reply)
	default:
		if err = h.Decode(k.reply); err == nil && h.Number == 0 {
			err = errors.New("handle 0")
		}
		if err != nil {
			fault.Stage, err = StageRead, malformed(err)
			c.fail(err)
		}
	}
	if err != nil {
		fault.Err = err
		b.fault = fault
		p.bindings.CompareAndDelete(c, b)
		return
	}
	b.handle.Store(h.Number)
}

// wait returns when it is known what became of a binding, or why a call does not wait for that.
func (b *binding) wait(ctx context.Context, k *call, c *conn) *Error {
	late := &Error{Op: protocol.OpPrepare, Addr: c.addr, Stage: StageRead}
	var deadline, cut <-chan time.Time
	if k.swept { // no context ends it
		t := time.NewTimer(time.Until(k.deadline))
		defer t.Stop()
		deadline = t.C
	}
	if !k.cut.IsZero() {
		t := time.NewTimer(time.Until(k.cut))
		defer t.Stop()
		cut = t.C
	}
	select {
	case <-b.ready:
		return nil
	case <-ctx.Done():
		late.Err = ctx.Err()
	case <-deadline:
		late.Err = fmt.Errorf("RequestTimeout: %w", context.DeadlineExceeded)
	case <-cut:
		late.Err = fmt.Errorf("%w within TryTimeout", errSlowTry)
	}
	return late
}

// unbind notes that a node does not know a handle, so that the next call prepares the query again.
func (p *Prepared) unbind(c *conn, handle uint64) {
	if b, ok := p.bindings.Load(c); ok && b.(*binding).handle.Load() == handle {
		p.bindings.CompareAndDelete(c, b)
	}
}

// forget lets the node forget the query. What becomes of that is nobody's concern: with the connection it is gone too.
func (p *Prepared) forget(c *conn, b *binding) {
	<-b.ready
	h := protocol.Handle{Number: b.handle.Load()}
	if h.Number == 0 {
		return
	}
	k := newCall(protocol.OpForget)
	defer k.release()
	k.buf = h.AppendTo(k.buf[:0])
	c.submit(k)
	<-k.done
}
