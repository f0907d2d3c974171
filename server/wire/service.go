package wire

import "github.com/kamaitachi/kamaitachi/protocol"

// Service answers what the clients of a listener ask: a node, or a gateway before several. Methods that are handed a Conn
// or a Loop are called on its event loop, where nothing may wait.
type Service interface {
	// Start begins what answers besides the loops. Stop ends it, when no loop runs any more and every context of a
	// connection has ended, and returns when nothing of the listener is used any more.
	Start()
	Stop()

	// ClusterID returns the id of the cluster, or why no connection can be greeted now.
	ClusterID() (string, error)
	// Welcome fills in who answers, and returns the applied index of that; limits, version and features are the listener's.
	Welcome(w *protocol.Welcome) (applied uint64)
	// Applied returns the index that errors show.
	Applied() uint64

	// NewLoop returns what the connections of an event loop share, for Loop.State. It is called again after a panic.
	NewLoop() any
	// Opened and Closed are the life of a connection. Opened returns what is kept of it, for Conn.State.
	Opened(c *Conn) any
	Closed(c *Conn)

	// Speaks tells whether the operation has an answer here.
	Speaks(op protocol.Op) bool
	// Answer answers one request: it appends the reply to out, or copies what it needs and delivers a reply later.
	// Header, payload and body, which has both, are valid until it returns. hangup closes the connection after the reply.
	Answer(c *Conn, out []byte, h *protocol.RequestHeader, payload, body []byte) (_ []byte, hangup bool)
	// Turned is called when all frames of a wake-up have been answered.
	Turned(lo *Loop)
}
