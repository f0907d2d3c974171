package client

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// node is one address with its lanes. In cluster mode a breaker and what is known of its lag belong here.
type node struct {
	addr   string // host:port
	client *Client
	lanes  [lanes]lane
}

func newNode(c *Client, addr string) *node {
	n := &node{addr: addr, client: c}
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
	return newConn(n.addr, nc, w, o), nil
}

// keep makes the connection of one slot again whenever it is lost, until the client closes.
func (n *node) keep(s *slot) {
	defer n.client.wg.Done()
	o := &n.client.o
	pauses := backoff{o.BackoffMin, o.BackoffMax}
	for failures := 0; ; failures++ {
		c, err := n.dial(n.client.ctx)
		refused := hopeless(err)
		if err == nil {
			born := time.Now()
			err = n.serve(s, c)
			if time.Since(born) > o.BackoffMax {
				failures = 0 // it was no node that closes what it greets
			}
		}
		if n.client.ctx.Err() != nil {
			return
		}
		n.report(err)
		s.lane.note(err, refused)
		if !sleep(n.client.ctx, n.client.closing, pauses.pause(failures)) {
			return
		}
	}
}

// serve lets callers use the connection until it is lost, and returns why it was.
func (n *node) serve(s *slot, c *conn) error {
	n.report(nil)
	c.run(&n.client.wg)
	s.lane.publish(s, c)
	return c.tend(n.client.ctx, &n.client.o)
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
