package loops

import "github.com/panjf2000/gnet/v2"

// Send writes to a connection, on its loop: n bytes are what its peer takes at once, the others gnet copies and writes as soon as it
// can. After an error the connection is gone: OnClose has been called, and nothing of it may be touched.
func Send(c gnet.Conn, b []byte) (n int, err error) {
	if c.OutboundBuffered() == 0 {
		n, _ = Write(c, b) // after an error gnet meets it again, and closes
	}
	if n < len(b) {
		_, err = c.Write(b[n:])
	}
	return n, err
}
