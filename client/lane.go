package client

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The lanes of a node: a big answer or write holds up only what shares its lane (see the package comment).
const (
	laneQuick = iota // small reads
	laneBulk         // reads that may answer more than bulkReply bytes
	laneWrite        // writes
	lanes
)

// lane is a set of connections to one node that share a kind of request. It dials when it is first used.
type lane struct {
	node  *node
	slots []slot
	start sync.Once
	first chan struct{} // closed at the first note

	mu      sync.Mutex
	noted   bool
	changed chan struct{} // closed and replaced when a connection was made or could not be made or kept
	err     error         // of the latest failure; nil after a success
	refused bool          // err is the node's, and waiting does not mend it
}

// slot is the place of one connection, which its keeper fills again and again.
type slot struct {
	lane *lane
	conn atomic.Pointer[conn]
}

func (l *lane) init(n *node, conns int) {
	l.node, l.slots, l.changed, l.first = n, make([]slot, conns), make(chan struct{}), make(chan struct{})
	for i := range l.slots {
		l.slots[i].lane = l
	}
}

// open starts the keepers, once. It does nothing on a client that closes.
func (l *lane) open() {
	l.start.Do(func() {
		for i := range l.slots {
			if !l.node.client.spawn(func() { l.node.keep(&l.slots[i]) }) {
				return
			}
		}
	})
}

// best returns the least busy connection, another than avoid where there is one; nil = none takes calls.
func (l *lane) best(avoid *conn) *conn {
	var best *conn
	for i := range l.slots {
		c := l.slots[i].conn.Load()
		if c == nil || c.down.Load() {
			continue
		}
		if best == nil || best == avoid || c != avoid && c.busy.Load() < best.busy.Load() {
			best = c
		}
	}
	return best
}

// near returns a connection with room that the loop carries, or else the least busy one; nil = none takes calls.
func (l *lane) near(loop any) *conn {
	if loop != nil {
		for i := range l.slots {
			c := l.slots[i].conn.Load()
			if c != nil && c.line != nil && c.line.Loop() == loop && int(c.busy.Load()) < c.room && !c.down.Load() {
				return c
			}
		}
	}
	return l.best(nil)
}

// publish lets callers use the connection. On a client that closes, and of a node that is removed, it drains at once.
func (l *lane) publish(s *slot, c *conn) {
	s.conn.Store(c)
	select {
	case <-l.node.client.closing:
		c.drain(ErrClosed)
	case <-l.node.removed:
		c.drain(errRemoved)
	default:
	}
	l.note(nil, false)
}

// note tells those who wait for a connection what became of an attempt or a connection.
func (l *lane) note(err error, refused bool) {
	l.mu.Lock()
	l.err, l.refused = err, refused
	if !l.noted {
		l.noted = true
		close(l.first)
	}
	close(l.changed)
	l.changed = make(chan struct{})
	l.mu.Unlock()
	l.node.client.news.ring()
}

// news returns the latest failure, nil where the lane never failed or has a connection since; whether waiting is of no
// use; and a channel that closes when there is more to know.
func (l *lane) news() (more <-chan struct{}, refused bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed, l.refused, l.err
}

// acquire returns a connection, another than avoid where there is one. It waits for one to be made until the deadline
// (zero = none), DialTimeout or the end of ctx, or until the node refuses for a reason that waiting does not mend. In
// haste, because another node may do, one failure is enough.
func (l *lane) acquire(ctx context.Context, deadline time.Time, avoid *conn, haste bool) (*conn, error) {
	if c := l.best(avoid); c != nil {
		return c, nil
	}
	l.open()
	wait := l.node.client.o.DialTimeout
	late := fmt.Errorf("%w within DialTimeout of %v", ErrUnreachable, wait)
	if !deadline.IsZero() && time.Until(deadline) < wait {
		wait, late = time.Until(deadline), context.DeadlineExceeded
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	for {
		more, refused, err := l.news()
		if c := l.best(avoid); c != nil {
			return c, nil
		}
		if refused || haste && err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, because(ctx.Err(), err)
		case <-t.C:
			return nil, because(late, err)
		case <-l.node.client.closing:
			return nil, ErrClosed
		case <-l.node.removed:
			return nil, errRemoved
		}
	}
}

// because adds the latest failure, which may be nil, to the error of one who waited in vain.
func because(err, latest error) error {
	if latest == nil {
		return err
	}
	return fmt.Errorf("%w; the latest attempt: %w", err, latest)
}
