package protocol

import "math"

// MaxNodes is how many nodes CLUSTER may answer.
const MaxNodes = 1_024

// ClusterStatus answers CLUSTER: how a node sees itself and its cluster. The index that it has applied is the reply's.
type ClusterStatus struct {
	ClusterID string
	Node      string // the one that answers
	Role      string // its: "standalone", "master" or "slave"
	Ready     bool   // it has caught up with its cluster, and answers queries
	Formed    bool   // there are, or have been, as many voters as are expected, so that writes are let in
	Term      uint64
	Committed uint64 // index of the newest entry that it knows to be on a majority
	Master    string // id of the node that leads; "" = none is known
	Nodes     []ClusterNode
}

// ClusterNode is a member of a cluster.
type ClusterNode struct {
	Node        string
	Native      string // host:port for clients; "" = not known yet
	Replication string // host:port for other nodes; "" = none
	Voter       bool
	Learner     bool // stays without a vote: a read copy
	// Heard tells that whoever answers has lately heard how far the node is. The master hears of all, others of themselves.
	Heard   bool
	Applied uint64 // index, when it was heard
	Lag     uint64 // entries that it was behind then
	Silence uint32 // milliseconds since then
}

// RemoveMember takes a node out of its cluster. Only the master does it.
type RemoveMember struct {
	Node string // its id
}

// Bits of ClusterStatus and ClusterNode.
const (
	bitReady   = 1
	bitFormed  = 2
	bitVoter   = 1
	bitLearner = 2
	bitHeard   = 4
)

// bits returns the sum of the bits whose conditions hold: the lowest first.
func bits(conditions ...bool) (sum uint64) {
	for i, holds := range conditions {
		if holds {
			sum |= 1 << i
		}
	}
	return sum
}

// AppendTo appends the message.
func (m *ClusterStatus) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	for _, text := range [...]string{m.ClusterID, m.Node, m.Role} {
		dst = appendString(dst, text)
		w.wrote(dst, text != "")
	}
	for _, number := range [...]uint64{bits(m.Ready, m.Formed), m.Term, m.Committed} {
		dst = appendUint(dst, number)
		w.wrote(dst, number != 0)
	}
	dst = appendString(dst, m.Master)
	w.wrote(dst, m.Master != "")
	dst = appendArray(dst, len(m.Nodes))
	for i := range m.Nodes {
		dst = m.Nodes[i].appendTo(dst)
	}
	w.wrote(dst, len(m.Nodes) > 0)
	return w.finish(dst)
}

func (n *ClusterNode) appendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	for _, text := range [...]string{n.Node, n.Native, n.Replication} {
		dst = appendString(dst, text)
		w.wrote(dst, text != "")
	}
	for _, number := range [...]uint64{bits(n.Voter, n.Learner, n.Heard), n.Applied, n.Lag, uint64(n.Silence)} {
		dst = appendUint(dst, number)
		w.wrote(dst, number != 0)
	}
	return w.finish(dst)
}

// Decode reads the message, which owns what it holds.
func (m *ClusterStatus) Decode(payload []byte) error {
	*m = ClusterStatus{Nodes: m.Nodes[:0]}
	borrowed := cursor{buf: payload, message: "ClusterStatus"}
	c := borrowed.own()
	f := c.fields(8)
	for _, text := range [...]struct {
		name string
		to   *string
	}{{"cluster_id", &m.ClusterID}, {"node", &m.Node}, {"role", &m.Role}} {
		if f.next(&c, text.name) {
			*text.to = c.str()
		}
	}
	if f.next(&c, "state") {
		state := c.uint(bitReady | bitFormed)
		m.Ready, m.Formed = state&bitReady != 0, state&bitFormed != 0
	}
	if f.next(&c, "term") {
		m.Term = c.uint(math.MaxUint64)
	}
	if f.next(&c, "committed") {
		m.Committed = c.uint(math.MaxUint64)
	}
	if f.next(&c, "master") {
		m.Master = c.str()
	}
	if f.next(&c, "nodes") {
		m.Nodes = resize(m.Nodes, c.array(MaxNodes))
		for i := range m.Nodes {
			m.Nodes[i].decode(&c)
		}
	}
	return c.end()
}

func (n *ClusterNode) decode(c *cursor) {
	*n = ClusterNode{}
	f := c.fields(7)
	if f.next(c, "nodes.node") {
		n.Node = c.str()
	}
	if f.next(c, "nodes.native") {
		n.Native = c.str()
	}
	if f.next(c, "nodes.replication") {
		n.Replication = c.str()
	}
	if f.next(c, "nodes.is") {
		is := c.uint(bitVoter | bitLearner | bitHeard)
		n.Voter, n.Learner, n.Heard = is&bitVoter != 0, is&bitLearner != 0, is&bitHeard != 0
	}
	if f.next(c, "nodes.applied") {
		n.Applied = c.uint(math.MaxUint64)
	}
	if f.next(c, "nodes.lag") {
		n.Lag = c.uint(math.MaxUint64)
	}
	if f.next(c, "nodes.silence") {
		n.Silence = c.uint32()
	}
}

// AppendTo appends the message.
func (m *RemoveMember) AppendTo(dst []byte) []byte {
	dst, w := beginFields(dst)
	dst = appendString(dst, m.Node)
	w.wrote(dst, m.Node != "")
	return w.finish(dst)
}

// Decode reads the message, which borrows from payload.
func (m *RemoveMember) Decode(payload []byte) error {
	*m = RemoveMember{}
	c := cursor{buf: payload, message: "RemoveMember"}
	f := c.fields(1)
	if f.next(&c, "node") {
		m.Node = c.str()
	}
	return c.end()
}
