package client

import (
	"cmp"
	"fmt"
	"time"
)

// NodeState says how a node is used.
type NodeState uint8

// The states.
const (
	NodeReady   NodeState = iota // it is asked
	NodeSlow                     // much slower than another one: asked when no other can be
	NodeLagging                  // further behind than MaxLag: asked when no other can be
	NodeUnready                  // it said lately that it is starting or shutting down: asked when no other can be
	NodeBroken                   // a breaker of it is open: not asked for that operation
	NodeAway                     // it has no connection
)

var nodeStates = [...]string{"ready", "slow", "lagging", "unready", "broken", "away"}

// String returns the state in one word.
func (s NodeState) String() string {
	if int(s) < len(nodeStates) {
		return nodeStates[s]
	}
	return fmt.Sprintf("node state %d", uint8(s))
}

// NodeStatus is what the client knows of one node.
type NodeStatus struct {
	Member   // ID and Role as the node said when it was greeted, else as discovery has them
	State    NodeState
	Master   bool          // writes go there
	Guest    bool          // no member: a node named it as the master
	Conns    int           // connections
	InFlight int           // requests on them
	Latency  time.Duration // recent time of an answer
	Applied  uint64        // index of its newest answer
	Lag      uint64        // how far that was behind the highest that any node had shown
	Breakers []OpBreaker   // of each operation that it was asked for
}

// Nodes returns what is known of each node, members first, by address.
func (c *Client) Nodes() []NodeStatus {
	t := c.topology.Load()
	list := make([]NodeStatus, 0, len(t.nodes)+len(t.guests))
	for i, n := range t.all() {
		s := n.status()
		s.Guest = i >= len(t.nodes)
		list = append(list, s)
	}
	return list
}

func (n *node) status() NodeStatus {
	c, h := n.client, &n.health
	now := c.now()
	s := NodeStatus{
		Member: *n.member.Load(), Master: c.master.Load() == n, InFlight: int(n.busy()), Latency: time.Duration(h.recent(now)),
		Applied: h.applied.Load(), Lag: h.lag.Load(), Breakers: h.breakers.status(c.born),
	}
	if w := n.welcome.Load(); w != nil {
		s.ID, s.Role = cmp.Or(w.Node, s.ID), cmp.Or(w.Role, s.Role)
	}
	for i := range n.lanes {
		for j := range n.lanes[i].slots {
			if conn := n.lanes[i].slots[j].conn.Load(); conn != nil && !conn.down.Load() {
				s.Conns++
			}
		}
	}
	g := n.grade(&call{began: now}, &attempt{})
	if g != away && h.breakers.open(now) {
		g = broken
	}
	switch g {
	case away:
		s.State = NodeAway
	case broken:
		s.State = NodeBroken
	case unready:
		s.State = NodeUnready
	case lagging:
		s.State = NodeLagging
	case slow:
		s.State = NodeSlow
	}
	return s
}

// Counts is how often the client did more than ask once.
type Counts struct {
	Retries   uint64 // tries after the first
	Redirects uint64 // answers "not master"
	OverSpent uint64 // repetitions that the retry budget refused
	Broken    uint64 // calls that no breaker let through
}

// Counts returns the counts since Open.
func (c *Client) Counts() Counts {
	return Counts{Retries: c.retries.Load(), Redirects: c.redirects.Load(), OverSpent: c.overSpent.Load(), Broken: c.broken.Load()}
}

// Identity returns what the nodes said of their cluster when they were greeted: its id, and the newest version of its catalog;
// "" and 0 before the first greeting.
func (c *Client) Identity() (id string, catalogVersion uint64) {
	for _, n := range c.topology.Load().nodes {
		if w := n.welcome.Load(); w != nil {
			id, catalogVersion = w.ClusterID, max(catalogVersion, w.CatalogVersion)
		}
	}
	return id, catalogVersion
}

// Applied returns the highest index that any answer has shown.
func (c *Client) Applied() uint64 { return c.applied.Load() }
