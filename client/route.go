package client

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// choose puts the node of the next try into last.node. Where no node can be asked now it waits for one until the
// deadline, DialTimeout or the end of ctx.
func (c *Client) choose(ctx context.Context, k *call, q *request, last *attempt) error {
	n, err := c.route(k, q, last)
	if n == nil && err == nil {
		n, err = c.awaitRoute(ctx, k, q, last)
	}
	last.node = n
	if n != nil {
		last.tried[last.tries%maxTried] = n
	}
	return err
}

// awaitRoute asks for a route again whenever something changed.
func (c *Client) awaitRoute(ctx context.Context, k *call, q *request, last *attempt) (*node, error) {
	wait := c.o.DialTimeout
	late := fmt.Errorf("%w of the cluster within DialTimeout of %v", ErrUnreachable, wait)
	if !k.deadline.IsZero() && time.Until(k.deadline) < wait {
		wait, late = time.Until(k.deadline), context.DeadlineExceeded
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	for {
		more := c.news.listen()
		if n, err := c.route(k, q, last); n != nil || err != nil {
			return n, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-t.C:
			return nil, late
		case <-c.closing:
			return nil, ErrClosed
		}
	}
}

// route returns the node of a try; nil without an error says that no node can be asked at present.
func (c *Client) route(k *call, q *request, last *attempt) (n *node, err error) {
	t := c.topology.Load()
	if k.node != "" {
		return pinned(t, k.node)
	}
	if n, last.next = last.next, nil; n != nil && !n.gone() {
		return n, nil
	}
	master := k.op.NeedsMaster() || k.flags&protocol.FlagLinearizable != 0
	if master {
		if n := c.masterOf(t, last); n != nil {
			return n, nil
		}
	}
	if c.lone() {
		return t.nodes[0], nil
	}
	var g grade
	if q.key != "" && !master {
		n, g = byKey(t, k, q.key, last)
	} else {
		n, g = byLoad(t, k, last)
	}
	switch g {
	case away:
		return nil, nil
	case broken:
		c.broken.Add(1)
		return nil, ErrCircuitOpen
	}
	return n, nil
}

// pinned returns the node that a context names (see At).
func pinned(t *topology, addr string) (*node, error) {
	n := t.find(addr)
	if n == nil {
		return nil, fmt.Errorf("%w: %s is no member", ErrUnreachable, addr)
	}
	return n, nil
}

// others tells whether another node than the last one may do, so that waiting for this one is a waste.
func (c *Client) others(k *call, last *attempt) bool {
	t := c.topology.Load()
	return k.node == "" && (len(t.nodes) > 1 || len(t.guests) > 0 && last.node != t.nodes[0])
}

// masterOf returns the master as far as it is known and there, or else a node that says it is and was not tried yet. nil =
// any node may know better.
func (c *Client) masterOf(t *topology, last *attempt) *node {
	if n := c.master.Load(); n != nil && n.ready() && n != last.node {
		return n
	}
	for _, n := range t.nodes {
		if n.saysMaster() && n.ready() && !last.met(n) {
			return n
		}
	}
	return nil
}

// met tells whether the node was tried.
func (a *attempt) met(n *node) bool { return a.tries > 0 && slices.Contains(a.tried[:], n) }

// byKey returns the first node on the ring from the key's point of the best grade that there is.
func byKey(t *topology, k *call, key string, last *attempt) (best *node, top grade) {
	top = away + 1
	for w := t.ring.from(key); top != fit; {
		i, ok := w.next()
		if !ok {
			break
		}
		if g := t.nodes[i].grade(k, last); g < top {
			best, top = t.nodes[i], g
		}
	}
	return best, top
}

// byLoad returns the less busy of two random nodes of the best grade that there is.
func byLoad(t *topology, k *call, last *attempt) (best *node, top grade) {
	many := 0
	top = away
	for _, n := range t.nodes {
		switch g := n.grade(k, last); {
		case g < top:
			top, many = g, 1
		case g == top:
			many++
		}
	}
	if top >= broken || many == 0 {
		return nil, top
	}
	i := rand.IntN(many)
	a := nth(t, k, last, top, i)
	if many == 1 {
		return a, top
	}
	j := rand.IntN(many - 1)
	if j >= i {
		j++
	}
	if b := nth(t, k, last, top, j); b.load(k.began) < a.load(k.began) {
		return b, top
	}
	return a, top
}

// nth returns the node that is the i-th of its grade, or, where grades have changed since they were counted, one that is
// as good or the first of all.
func nth(t *topology, k *call, last *attempt, g grade, i int) *node {
	found := t.nodes[0]
	for _, n := range t.nodes {
		if n.grade(k, last) != g {
			continue
		}
		found = n
		if i == 0 {
			break
		}
		i--
	}
	return found
}
