package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
)

// roleMaster is what the node calls itself that orders writes.
const roleMaster = "master"

// maxGuests bounds the nodes that are known by redirection only.
const maxGuests = 4

// topology is one picture of the cluster. It is immutable; each change of members publishes another.
type topology struct {
	nodes  []*node // the members, by address
	guests []*node // masters that nodes named before discovery did: they take writes only
	ring   ring    // of nodes
}

// all returns members and guests.
func (t *topology) all() []*node { return slices.Concat(t.nodes, t.guests) }

// find returns the member or guest at an address (host:port), or nil.
func (t *topology) find(addr string) *node {
	for _, list := range [...][]*node{t.nodes, t.guests} {
		for _, n := range list {
			if n.addr == addr {
				return n
			}
		}
	}
	return nil
}

// lone tells whether the client was given one address and nothing else: then nothing is known of other nodes, and
// any cluster will do.
func (c *Client) lone() bool { return c.o.Discovery == nil && len(c.o.Addresses) == 1 }

// meet makes the first topology. With Discovery it waits for a list and goes on following.
func (c *Client) meet(ctx context.Context) error {
	if c.o.Discovery == nil {
		members := make([]Member, len(c.o.Addresses))
		for i, address := range c.o.Addresses {
			members[i].Addr = address
		}
		return c.adopt(members)
	}
	more := c.news.listen()
	c.spawn(c.follow)
	for len(c.topology.Load().nodes) == 0 {
		select {
		case <-more:
			more = c.news.listen()
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ErrNoMembers, ctx.Err())
		}
	}
	return nil
}

// follow adopts every list of Discovery until the client closes.
func (c *Client) follow() {
	pauses := backoff{c.o.BackoffMin, c.o.BackoffMax}
	for failures := 0; ; failures++ {
		err := c.o.Discovery.Watch(c.ctx, func(members []Member) {
			failures = 0
			if err := c.adopt(members); err != nil {
				c.o.Logger.Warn("the last known members stand", "err", err)
			}
		})
		if c.ctx.Err() != nil {
			return
		}
		c.o.Logger.Warn("discovery stopped and is called again", "err", err)
		if !sleep(c.ctx, c.closing, pauses.pause(failures)) {
			return
		}
	}
}

// adopt publishes the topology of these members. Nodes that were known keep their connections; those that are no members
// any more finish what they have in flight.
func (c *Client) adopt(members []Member) error {
	members, err := checkMembers(members)
	if err != nil {
		return err
	}
	if len(members) == 0 {
		return errors.New("discovery: an empty list of members")
	}
	c.reshape.Lock()
	defer c.reshape.Unlock()
	old, next := c.topology.Load(), &topology{}
	for _, m := range members {
		n := old.find(m.Addr)
		if n == nil {
			n = newNode(c, m.Addr)
		}
		n.member.Store(&m)
		next.nodes = append(next.nodes, n)
		if m.Role == roleMaster && c.master.Load() == nil {
			c.master.Store(n)
		}
	}
	c.publish(old, next)
	return nil
}

// publish replaces the topology, starts the nodes that are new in it and retires those that are not in it any more.
// reshape is held.
func (c *Client) publish(old, next *topology) {
	slices.SortFunc(next.nodes, func(a, b *node) int { return cmp.Compare(a.addr, b.addr) })
	addrs := make([]string, len(next.nodes))
	for i, n := range next.nodes {
		addrs[i] = n.addr
	}
	next.ring = newRing(addrs)
	c.topology.Store(next)
	for _, n := range next.nodes {
		n.lanes[laneQuick].open()
	}
	for _, n := range old.all() {
		if next.find(n.addr) == nil {
			n.leave()
			c.leaving = append(c.leaving, n)
			c.spawn(n.retire)
		}
	}
	c.news.ring()
}

// guest returns the node at an address that a node named as the master's. One that is no member becomes a guest, in
// place of the oldest where there are many.
func (c *Client) guest(address string) (*node, error) {
	addr, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	if n := c.topology.Load().find(addr); n != nil {
		return n, nil
	}
	c.reshape.Lock()
	defer c.reshape.Unlock()
	old := c.topology.Load()
	if n := old.find(addr); n != nil {
		return n, nil
	}
	n := newNode(c, addr)
	next := &topology{nodes: slices.Clone(old.nodes), guests: append(slices.Clone(old.guests), n)}
	if len(next.guests) > maxGuests {
		next.guests = next.guests[1:]
	}
	c.publish(old, next)
	return n, nil
}
