package wire

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Handles counts the prepared queries of all connections of a listener, and numbers them.
type Handles struct {
	limits *Limits
	last   atomic.Uint64 // it begins at a random number (SPEC.md, 4.6)
	count  atomic.Int64
	bytes  atomic.Int64
}

// NewHandles returns the handles of a listener with these limits.
func NewHandles(limits *Limits) *Handles {
	h := &Handles{limits: limits}
	h.last.Store(uint64(rand.Uint32()))
	return h
}

// Prepared is the prepared queries of one connection, by handle. Its loop and workers use it: EXECUTE runs where its cost
// says, and PREPARE of a dear query on a worker. A lock that nobody else wants costs less than sending either to one place.
//
// The queries themselves are safe to share, so an EXECUTE holds the lock for a look into the map only, and one that is
// under way is not disturbed by FORGET or by the end of the connection.
type Prepared[Q any] struct {
	all *Handles
	mu  sync.Mutex
	by  map[uint64]preparedQuery[Q]

	bytes int
	gone  bool // the connection is closed
}

// preparedQuery is what a handle names.
type preparedQuery[Q any] struct {
	query Q
	bytes int
}

// NewPrepared returns the prepared queries of a new connection: none.
func NewPrepared[Q any](all *Handles) *Prepared[Q] { return &Prepared[Q]{all: all} }

// Find returns the query of a handle.
func (p *Prepared[Q]) Find(handle uint64) (query Q, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q, ok := p.by[handle]
	return q.query, ok
}

// Room tells which limit another query of so many bytes would break, or nil.
func (p *Prepared[Q]) Room(bytes int) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	limits := p.all.limits
	switch {
	case bytes > limits.MaxPreparedBytes:
		return protocol.Errorf(protocol.CodeTooLarge, "the prepared query would take %d bytes, the limit of a connection is %d; "+
			"send it unprepared, or prepare it in parts", bytes, limits.MaxPreparedBytes)
	case len(p.by) >= limits.MaxPrepared:
		return protocol.Errorf(protocol.CodeOverloaded, "%d queries are prepared on this connection, the limit is %d; FORGET one",
			len(p.by), limits.MaxPrepared)
	case p.bytes+bytes > limits.MaxPreparedBytes:
		return protocol.Errorf(protocol.CodeOverloaded, "prepared queries of this connection take %d bytes, %d more would be "+
			"over the limit of %d; FORGET some", p.bytes, bytes, limits.MaxPreparedBytes)
	case p.all.bytes.Load()+int64(bytes) > int64(limits.MaxPreparedTotal):
		return protocol.Errorf(protocol.CodeOverloaded, "prepared queries of all connections take %d bytes, the limit is %d",
			p.all.bytes.Load(), limits.MaxPreparedTotal)
	}
	return nil
}

// Hold gives a query a handle. held is false where there is no connection any more to use it.
func (p *Prepared[Q]) Hold(q Q, bytes int) (handle uint64, held bool, err error) {
	if err := p.Room(bytes); err != nil {
		return 0, false, err
	}
	handle = p.all.last.Add(1)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return handle, false, nil
	}
	if p.by == nil {
		p.by = map[uint64]preparedQuery[Q]{}
	}
	p.by[handle] = preparedQuery[Q]{q, bytes}
	p.bytes += bytes
	p.all.count.Add(1)
	p.all.bytes.Add(int64(bytes))
	return handle, true, nil
}

// Forget drops a handle, which need not be known, and returns its query.
func (p *Prepared[Q]) Forget(handle uint64) (query Q, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	q, ok := p.by[handle]
	if !ok {
		return q.query, false
	}
	delete(p.by, handle)
	p.bytes -= q.bytes
	p.all.count.Add(-1)
	p.all.bytes.Add(-int64(q.bytes))
	return q.query, true
}

// Close drops all handles when the connection is closed, and returns their queries.
func (p *Prepared[Q]) Close() (queries []Q) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, q := range p.by {
		queries = append(queries, q.query)
	}
	p.all.count.Add(-int64(len(p.by)))
	p.all.bytes.Add(-int64(p.bytes))
	p.by, p.bytes, p.gone = nil, 0, true
	return queries
}

// UnknownHandle answers an EXECUTE of a handle that is not known on its connection.
func UnknownHandle(handle uint64) error {
	return protocol.Errorf(protocol.CodeUnknownHandle, "no query is prepared under handle %d on this connection; "+
		"handles end with their connection: PREPARE the query again", handle)
}
