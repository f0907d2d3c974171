package server

import (
	"context"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Cluster returns how the node sees itself and its cluster. One that stands alone is its only node.
func (n *Node) Cluster(ctx context.Context) (*protocol.ClusterStatus, error) {
	if err := n.open(ctx); err != nil {
		return nil, err
	}
	return n.cluster(), nil
}

func (n *Node) cluster() *protocol.ClusterStatus {
	c := &protocol.ClusterStatus{ClusterID: n.clusterID, Node: n.nodeID, Role: n.Role(), Ready: n.Ready()}
	if n.raft == nil {
		applied := n.engine.Applied()
		c.Formed, c.Committed, c.Master = true, applied, n.nodeID
		c.Nodes = []protocol.ClusterNode{{Node: n.nodeID, Native: n.Native(), Voter: true, Heard: true, Applied: applied}}
		return c
	}
	s := n.raft.Status()
	c.Role, c.Formed, c.Term, c.Committed, c.Master = s.Role, s.Formed, s.Term, s.Committed, s.Master.Node
	for _, m := range s.Members {
		node := protocol.ClusterNode{Node: m.Node, Native: m.Native, Replication: m.Address, Voter: m.Voter, Learner: m.Learner,
			Heard: m.Known, Applied: m.Applied, Lag: m.Lag}
		if m.Known {
			node.Silence = uint32(time.Since(m.Heard).Milliseconds())
		}
		c.Nodes = append(c.Nodes, node)
	}
	return c
}

func answerCluster(_ context.Context, n *Node, _ *scratch) (protocol.Message, uint64, error) {
	applied := n.engine.Applied()
	return n.cluster(), applied, nil
}

// appendMembership appends the figures of a node of a cluster.
func (n *Node) appendMembership(s protocol.StatList) protocol.StatList {
	if n.raft == nil {
		return s
	}
	st, voters, heard := n.raft.Status(), 0, 0
	lag := uint64(0)
	for _, m := range st.Members {
		if m.Voter {
			voters++
		}
		if m.Known {
			heard++
		}
		if m.Node == st.Node {
			lag = m.Lag
		}
	}
	ready := 1
	if n.unready.Load() {
		ready = 0
	}
	if st.Master.Native != "" {
		s = append(s, protocol.Stat{Name: "master", Text: st.Master.Native})
	}
	return append(s,
		stat("ready", ready),
		stat("term", st.Term),
		stat("committed_index", st.Committed),
		stat("log_index", st.Last),
		stat("snapshot_index", st.Snapshot),
		stat("lag", lag),
		stat("members", len(st.Members)),
		stat("members_heard", heard),
		stat("voters", voters),
	)
}
