package client

// grade says how well a node suits a try. The lower the better; nodes of a worse grade are asked only when there is none
// of a better one.
type grade uint8

const (
	fit   grade = iota
	tried       // by the same call already
	away        // no connection
)

// grade returns how well the node suits the next try of a call.
func (n *node) grade(last *attempt) grade {
	switch {
	case !n.ready():
		return away
	case last.met(n):
		return tried
	}
	return fit
}

// busy returns the calls that the node's connections hold.
func (n *node) busy() (calls int32) {
	for i := range n.lanes {
		for j := range n.lanes[i].slots {
			if c := n.lanes[i].slots[j].conn.Load(); c != nil {
				calls += c.busy.Load()
			}
		}
	}
	return calls
}

// saysMaster tells whether the node called itself master when it was greeted, or discovery does.
func (n *node) saysMaster() bool {
	if w := n.welcome.Load(); w != nil && w.Role == roleMaster {
		return true
	}
	return n.member.Load().Role == roleMaster
}
