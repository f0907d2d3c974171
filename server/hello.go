package server

import (
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// repeats are the features of a connection that asked for them.
var repeats = []string{protocol.FeatureRepeats}

// hello answers the first frame of a connection, which must be HELLO, and refuses a second HELLO. Any error here closes
// the connection.
func (c *conn) hello(out []byte, h *protocol.RequestHeader, payload []byte) (_ []byte, hangup bool) {
	l, lo := c.l, c.loop
	lo.counters.requests[h.Op].Add(1)
	if err := c.greet(h, payload); err != nil {
		return l.appendError(out, &lo.counters, h.ID, err), true
	}
	c.greeted.Store(true)
	catalog := l.node.engine.Catalog()
	w := &lo.scratch.welcome
	*w = protocol.Welcome{
		Version: protocol.Version, Node: l.node.nodeID, ClusterID: l.node.clusterID, Role: l.node.o.Role,
		CatalogVersion: catalog.Version, MaxRequest: uint32(l.limits.MaxRequest), MaxReply: uint32(l.limits.MaxReply),
		MaxInFlight: uint32(l.limits.MaxInFlight),
	}
	if slices.Contains(lo.scratch.hello.Features, protocol.FeatureRepeats) {
		w.Features = repeats
	}
	out, _ = l.appendReply(out, &lo.counters, h.ID, catalog.Applied, w)
	return out, false
}

// greet tells why the connection cannot begin with this request, or nil.
func (c *conn) greet(h *protocol.RequestHeader, payload []byte) error {
	hello, clusterID := &c.loop.scratch.hello, c.l.node.clusterID
	if h.Op != protocol.OpHello {
		return protocol.Errorf(protocol.CodeProtocol, "%s before HELLO; a connection begins with HELLO", h.Op)
	}
	if c.greeted.Load() {
		return protocol.Errorf(protocol.CodeProtocol, "a second HELLO; it is said once")
	}
	if c.l.draining.Load() {
		return ErrDraining
	}
	if err := hello.Decode(payload); err != nil {
		return err
	}
	if hello.MinVersion > protocol.Version || hello.MaxVersion < protocol.Version {
		return protocol.Errorf(protocol.CodeUnsupported, "versions %d to %d of the protocol are not spoken by this node; "+
			"it speaks %d", hello.MinVersion, hello.MaxVersion, protocol.Version)
	}
	if hello.ClusterID != "" && hello.ClusterID != clusterID {
		e := protocol.Errorf(protocol.CodeWrongCluster, "this node is of cluster %s, not of %.64q", clusterID, hello.ClusterID)
		e.Detail = clusterID
		return e
	}
	return nil
}
