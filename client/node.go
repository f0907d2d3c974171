package client

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// node is one address with its lanes.
type node struct {
	addr    string // host:port
	client  *Client
	lanes   [lanes]lane
	member  atomic.Pointer[Member]           // as discovery has it
	welcome atomic.Pointer[protocol.Welcome] // of the latest greeting; nil = never greeted

	health health

	removed chan struct{}   // closed when it left the topology: its calls go elsewhere
	ctx     context.Context // ends when it has drained after that, or with the client's: connections break
	cancel  context.CancelCauseFunc
}

func newNode(c *Client, addr string) *node {
	n := &node{addr: addr, client: c, removed: make(chan struct{})}
	n.ctx, n.cancel = context.WithCancelCause(c.ctx)
	n.member.Store(&Member{Addr: addr})
	n.health.breakers.o, n.health.breakers.idle, n.health.breakers.now = c.o.breaker(), c.lone(), c.now
	for i := range n.lanes {
		conns := 1
		if i == laneQuick {
			conns = c.o.ConnsPerNode
		}
		n.lanes[i].init(n, conns)
	}
	return n
}

// ready tells whether the node has a connection that takes calls.
func (n *node) ready() bool {
	for i := range n.lanes {
		if n.lanes[i].best(nil) != nil {
			return true
		}
	}
	return false
}

// dial makes and greets one connection, within DialTimeout. It is not running yet.
func (n *node) dial(ctx context.Context) (*conn, error) {
	o := &n.client.o
	ctx, cancel := context.WithTimeout(ctx, o.DialTimeout)
	defer cancel()
	nc, err := o.Dial(ctx, "tcp", n.addr)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	w, err := greet(ctx, nc, o)
	if err == nil {
		err = n.client.joins(w.ClusterID)
	}
	if err != nil {
		_ = nc.Close() // its error would tell nothing that err does not
		return nil, fmt.Errorf("greeting: %w", err)
	}
	n.greeted(w)
	conn := newConn(n.addr, nc, w, o)
	conn.node = n
	return conn, nil
}

// greeted notes what the node said of itself.
func (n *node) greeted(w *protocol.Welcome) {
	n.welcome.Store(w)
	n.health.breakers.greeted()
	if w.Role == roleMaster {
		n.client.master.Store(n)
	}
}

// drain lets no new call onto the node's connections, and returns them.
func (n *node) drain(cause error) []*conn {
	var all []*conn
	for i := range n.lanes {
		for j := range n.lanes[i].slots {
			if c := n.lanes[i].slots[j].conn.Load(); c != nil {
				c.drain(cause)
				all = append(all, c)
			}
		}
	}
	return all
}

// leave sends new calls elsewhere: the topology does not have the node any more.
func (n *node) leave() {
	close(n.removed)
	n.client.master.CompareAndSwap(n, nil)
}

// left ends what a node that left still has.
func (c *Client) left(n *node) {
	n.cancel(errRemoved)
	c.reshape.Lock()
	defer c.reshape.Unlock()
	c.leaving = slices.DeleteFunc(c.leaving, func(o *node) bool { return o == n })
}

// retire waits for what the node that left has in flight, for at most DrainTimeout, and ends it.
func (n *node) retire() {
	t := time.NewTimer(n.client.o.DrainTimeout)
	defer t.Stop()
	defer n.client.left(n)
	for _, c := range n.drain(errRemoved) {
		select {
		case <-c.empty:
		case <-c.lost:
		case <-n.ctx.Done():
			return
		case <-t.C:
			return
		}
	}
}

// keep makes the connection of one slot again whenever it is lost, until the client closes or the node is removed.
func (n *node) keep(s *slot) {
	o := &n.client.o
	pauses := backoff{o.BackoffMin, o.BackoffMax}
	for failures := 0; ; failures++ {
		c, err := n.dial(n.ctx)
		refused := hopeless(err)
		if err == nil {
			born := time.Now()
			if !n.client.lone() && s.lane != &n.lanes[laneWrite] {
				c.stall = o.StallTimeout
			}
			err = n.serve(s, c)
			if time.Since(born) > o.BackoffMax {
				failures = 0 // it was no node that closes what it greets
			}
		}
		if n.ctx.Err() != nil {
			return
		}
		n.health.breakers.unreachable(!n.ready())
		n.report(err)
		s.lane.note(err, refused)
		if !sleep(n.ctx, n.client.closing, pauses.pause(failures)) || n.gone() {
			return
		}
	}
}

// serve lets callers use the connection until it is lost, and returns why it was.
func (n *node) serve(s *slot, c *conn) error {
	n.report(nil)
	loops := n.client.o.Loops
	if s.lane == &n.lanes[laneBulk] {
		loops = nil // big answers would hold up the small ones of a loop
	}
	c.run(&n.client.wg, loops)
	s.lane.publish(s, c)
	return c.tend(n.ctx, &n.client.o)
}

// gone tells whether the node left the topology.
func (n *node) gone() bool {
	select {
	case <-n.removed:
		return true
	default:
		return false
	}
}

// report tells log and hook that a connection was made (err is nil), or not made, or lost.
func (n *node) report(err error) {
	o := &n.client.o
	if err != nil {
		o.Logger.Warn("no connection to the node", "addr", n.addr, "err", err)
	} else {
		o.Logger.Debug("connected to the node", "addr", n.addr)
	}
	if o.OnConn != nil {
		o.OnConn(n.addr, err)
	}
}

// hopeless tells whether a node refused a connection for a reason that waiting does not mend, so that callers need not.
func hopeless(err error) bool {
	var e *protocol.Error
	return errors.As(err, &e) && !e.Code.Retryable()
}
