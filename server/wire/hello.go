package wire

import (
	"slices"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// repeats are the features of a connection that asked for them.
var repeats = []string{protocol.FeatureRepeats}

// hello answers the first frame of a connection, which must be HELLO, and refuses a second HELLO. Any error here closes
// the connection.
func (c *Conn) hello(out []byte, h *protocol.RequestHeader, payload []byte) (_ []byte, hangup bool) {
	l, lo := c.l, c.loop
	lo.asked(h.Op)
	if err := c.greet(h, payload); err != nil {
		return l.AppendError(out, &lo.counters, h.ID, err), true
	}
	c.greeted.Store(true)
	w := &lo.welcome
	*w = protocol.Welcome{
		MaxRequest: uint32(l.limits.MaxRequest), MaxReply: uint32(l.limits.MaxReply), MaxInFlight: uint32(l.limits.MaxInFlight),
	}
	applied := l.service.Welcome(w)
	w.Version = protocol.Version
	if slices.Contains(lo.hello.Features, protocol.FeatureRepeats) {
		w.Features = repeats
	}
	out, _ = l.AppendReply(out, &lo.counters, h.ID, applied, w)
	return out, false
}

// greet tells why the connection cannot begin with this request, or nil.
func (c *Conn) greet(h *protocol.RequestHeader, payload []byte) error {
	hello := &c.loop.hello
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
		return protocol.Errorf(protocol.CodeUnsupported, "versions %d to %d of the protocol are not spoken by this %s; "+
			"it speaks %d", hello.MinVersion, hello.MaxVersion, c.l.o.Who, protocol.Version)
	}
	clusterID, err := c.l.service.ClusterID()
	if err != nil {
		return err
	}
	if hello.ClusterID != "" && hello.ClusterID != clusterID {
		e := protocol.Errorf(protocol.CodeWrongCluster, "this %s is of cluster %s, not of %.64q", c.l.o.Who, clusterID, hello.ClusterID)
		e.Detail = clusterID
		return e
	}
	return nil
}
