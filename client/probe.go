package client

import (
	"math/rand/v2"
	"time"
)

// probeEvery is how often a node that was not heard of is asked with PING, so that its lag is known.
const probeEvery = 500 * time.Millisecond

// probe looks after the nodes until the client closes: quiet ones are pinged, and those that are much slower than others
// are noted. Nodes that are away need no probe: their keepers greet them again and again, with jittered pauses.
func (c *Client) probe() {
	heard := map[*node]uint64{}
	for sleep(c.ctx, c.closing, probeEvery-rand.N(probeEvery/4)) {
		nodes := c.topology.Load().nodes
		next := make(map[*node]uint64, len(nodes))
		quickest := int64(0)
		for _, n := range nodes {
			next[n] = n.health.answers.Load()
			if next[n] == heard[n] {
				n.ping()
			}
			if took := n.health.recent(c.now()); n.ready() && (quickest == 0 || took < quickest) {
				quickest = max(took, 1)
			}
		}
		for _, n := range nodes {
			took := n.health.recent(c.now())
			n.health.slow.Store(took >= int64(slowAfter) && took >= slowTimes*quickest)
		}
		heard = next
	}
}

// ping asks for an answer that nobody waits for.
func (n *node) ping() {
	if conn := n.lanes[laneQuick].best(nil); conn != nil {
		conn.sendPing() // where it finds no place there are answers to come
	}
}
