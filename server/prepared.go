package server

import (
	"context"
	"sync"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
)

// prepared is the prepared queries of one connection. Its loop and workers use it: EXECUTE runs where its cost says, and
// PREPARE of a dear query on a worker. A lock that nobody else wants costs less than sending either to one place.
//
// The queries themselves are safe to share, so an EXECUTE holds the lock for a look into the map only, and one that is
// under way is not disturbed by FORGET or by the end of the connection.
type prepared struct {
	sync.Mutex
	queries map[uint64]preparedQuery // by handle
	bytes   int
	gone    bool // the connection is closed
}

// preparedQuery is what a handle names.
type preparedQuery struct {
	query *engine.Prepared
	bytes int
}

// find returns the query of a handle, or nil.
func (p *prepared) find(handle uint64) *engine.Prepared {
	p.Lock()
	defer p.Unlock()
	return p.queries[handle].query
}

// room tells which limit another query of so many bytes would break, or nil.
func (c *conn) room(bytes int) error {
	l, p := c.l, &c.prepared
	p.Lock()
	defer p.Unlock()
	switch {
	case bytes > l.limits.MaxPreparedBytes:
		return protocol.Errorf(protocol.CodeTooLarge, "the prepared query would take %d bytes, the limit of a connection is %d; "+
			"send it unprepared, or prepare it in parts", bytes, l.limits.MaxPreparedBytes)
	case len(p.queries) >= l.limits.MaxPrepared:
		return protocol.Errorf(protocol.CodeOverloaded, "%d queries are prepared on this connection, the limit is %d; FORGET one",
			len(p.queries), l.limits.MaxPrepared)
	case p.bytes+bytes > l.limits.MaxPreparedBytes:
		return protocol.Errorf(protocol.CodeOverloaded, "prepared queries of this connection take %d bytes, %d more would be "+
			"over the limit of %d; FORGET some", p.bytes, bytes, l.limits.MaxPreparedBytes)
	case l.preparedBytes.Load()+int64(bytes) > int64(l.limits.MaxPreparedTotal):
		return protocol.Errorf(protocol.CodeOverloaded, "prepared queries of all connections take %d bytes, the limit is %d",
			l.preparedBytes.Load(), l.limits.MaxPreparedTotal)
	}
	return nil
}

// hold gives a query a handle.
func (c *conn) hold(q *engine.Prepared, bytes int) (handle uint64, err error) {
	if err := c.room(bytes); err != nil {
		return 0, err
	}
	p := &c.prepared
	handle = c.l.lastHandle.Add(1)
	p.Lock()
	defer p.Unlock()
	if p.gone {
		return handle, nil // nobody will use it
	}
	if p.queries == nil {
		p.queries = map[uint64]preparedQuery{}
	}
	p.queries[handle] = preparedQuery{q, bytes}
	p.bytes += bytes
	c.l.prepared.Add(1)
	c.l.preparedBytes.Add(int64(bytes))
	return handle, nil
}

// forgetQuery drops a handle, which need not be known.
func (c *conn) forgetQuery(handle uint64) {
	p := &c.prepared
	p.Lock()
	defer p.Unlock()
	q, ok := p.queries[handle]
	if !ok {
		return
	}
	delete(p.queries, handle)
	p.bytes -= q.bytes
	c.l.prepared.Add(-1)
	c.l.preparedBytes.Add(-int64(q.bytes))
}

// forgetQueries drops all handles when the connection is closed.
func (c *conn) forgetQueries() {
	p := &c.prepared
	p.Lock()
	defer p.Unlock()
	c.l.prepared.Add(-int64(len(p.queries)))
	c.l.preparedBytes.Add(-int64(p.bytes))
	p.queries, p.bytes, p.gone = nil, 0, true
}

func (sc *scratch) decodePrepare(payload []byte) (err error) {
	if err := sc.prepare.Decode(payload); err != nil {
		return err
	}
	sc.query, err = sc.prepare.Open()
	return err
}

func (sc *scratch) decodeExecute(payload []byte) error {
	if err := sc.execute.Decode(payload); err != nil {
		return err
	}
	sc.executed = sc.conn.prepared.find(sc.execute.Handle)
	return nil
}

func costPrepare(e Engine, sc *scratch) int {
	return baseCost + costOf(e, sc.query, &protocol.Change{})
}

func costExecute(e Engine, sc *scratch) int {
	if sc.executed == nil {
		return baseCost
	}
	return costOf(e, sc.executed.Query(), &sc.execute.Change)
}

func answerPrepare(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
	if err := sc.conn.room(0); err != nil { // before it is computed
		return nil, 0, err
	}
	q, err := sc.reader.Prepare(sc.query, &sc.result)
	if err != nil {
		return nil, 0, err
	}
	sc.handle.Number, err = sc.conn.hold(q, q.Size()+len(sc.prepare.Query))
	return &sc.handle, sc.result.Applied, err
}

func answerExecute(_ context.Context, _ *Node, sc *scratch) (protocol.Message, uint64, error) {
	if sc.executed == nil {
		return nil, 0, protocol.Errorf(protocol.CodeUnknownHandle, "no query is prepared under handle %d on this connection; "+
			"handles end with their connection: PREPARE the query again", sc.execute.Handle)
	}
	return sc.answered(sc.reader.Execute(sc.executed, &sc.execute.Change, &sc.result))
}

func answerForget(_ context.Context, n *Node, sc *scratch) (protocol.Message, uint64, error) {
	sc.conn.forgetQuery(sc.handle.Number)
	return &sc.empty, n.engine.Applied(), nil
}
