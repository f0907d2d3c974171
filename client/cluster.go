package client

import (
	"context"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// ClusterStatus returns how one node sees its cluster; At names the node. The master alone hears how far the others are.
func (c *Client) ClusterStatus(ctx context.Context) (*protocol.ClusterStatus, error) {
	s := &protocol.ClusterStatus{}
	if _, err := c.do(ctx, &request{op: protocol.OpCluster, in: &empty, out: s}); err != nil {
		return nil, err
	}
	return s, nil
}

// RemoveMember takes a node out of the cluster, by its id. One that is there is told, and answers no queries any more. A node
// that lost its data comes back under a new id once its old one was removed.
func (c *Client) RemoveMember(ctx context.Context, node string) error {
	_, err := c.do(ctx, &request{op: protocol.OpRemoveMember, lane: laneWrite, in: &protocol.RemoveMember{Node: node}, out: &empty})
	return err
}
