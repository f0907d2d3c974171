package replica

import (
	"time"

	"github.com/hashicorp/raft"
)

// Roles of a Status.
const (
	RoleMaster = "master"
	RoleSlave  = "slave"
)

// Status is how a node sees itself and its cluster.
type Status struct {
	Cluster, Node string
	Role          string // RoleMaster or RoleSlave
	Ready         bool   // has caught up with its cluster since it was opened
	Formed        bool   // there are, or have been, as many voters as are expected
	Term          uint64
	Applied       uint64 // index of the newest entry that reads see
	Committed     uint64 // index of the newest entry that is known to be on a majority
	Last          uint64 // index of the newest entry in this node's log
	Snapshot      uint64 // index of the newest snapshot; 0 = none
	Master        Member // zero while there is none
	Members       []Member
}

// Member is one node of the cluster.
type Member struct {
	Node    string
	Address string // for other nodes
	Native  string // for clients; "" = not known yet
	Voter   bool
	// Known tells that the master has heard of the member lately; the four below are of then. Slaves know of themselves only.
	Known   bool
	Applied uint64
	Lag     uint64 // entries that it is behind the master; on a slave: behind what is committed
	Heard   time.Time
	Learner bool // stays without a vote
}

// Status returns the node's view at this moment.
func (r *Raft) Status() Status {
	lib := r.lib()
	s := Status{
		Cluster: r.cluster.String(), Node: r.node.String(), Role: RoleSlave, Ready: r.Ready(), Formed: r.isFormed(),
		Term: lib.CurrentTerm(), Applied: r.o.Machine.Applied(), Committed: lib.CommitIndex(), Last: lib.LastIndex(),
	}
	if r.leads() {
		s.Role = RoleMaster
	}
	if newest, err := r.snaps.newest(); err == nil && newest != nil {
		s.Snapshot = newest.Index
	}
	_, master := r.leader()
	for _, server := range r.members().Servers {
		m := r.member(server, s.Committed)
		if m.Node == master {
			s.Master = m
		}
		s.Members = append(s.Members, m)
	}
	return s
}

func (r *Raft) member(s raft.Server, committed uint64) Member {
	m := Member{Node: string(s.ID), Address: string(s.Address), Voter: s.Suffrage == raft.Voter}
	if m.Node == r.node.String() {
		m.Native, m.Known, m.Heard, m.Learner = *r.stream.native.Load(), true, time.Now(), r.o.Learner
		m.Applied = r.o.Machine.Applied()
		m.Lag = committed - min(committed, m.Applied)
		return m
	}
	p, _ := r.peers.get(m.Node)
	m.Native = p.native
	if p.fresh() {
		m.Known, m.Heard, m.Learner = true, p.heard, p.report.learner
		m.Applied, m.Lag = p.report.applied, p.behind
	}
	return m
}
