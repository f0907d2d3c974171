package client

import "net"

// Loops are event loops of a program that has some, as a gateway does: they carry connections to nodes in place of two
// goroutines for each, but for those of big answers. What is sent by a Relay and comes back to its Sink on such a loop wakes nobody in between. A Sink and
// the hooks of Options are called on them then, and must not wait for anything.
type Loops interface {
	// Carry takes over a connection that nothing more was read of, and calls h.Opened before it returns. After an error the
	// connection has goroutines, as it has without Loops.
	Carry(nc net.Conn, h LineHandler) error
}

// LineHandler takes the events of a connection on an event loop, one at a time.
type LineHandler interface {
	// Opened is called before all others.
	Opened(l Line)
	// Traffic is called when there is input, and after Rouse.
	Traffic()
	// Closed is called once, and nothing after it. err is nil where this side closed the connection.
	Closed(err error)
}

// Line is a connection on an event loop. Methods without a note are for that loop.
type Line interface {
	// Have returns how many bytes of input there are.
	Have() int
	// Peek returns the first n of them, which are valid until Discard, or until Traffic returns; Discard takes n away.
	Peek(n int) []byte
	Discard(n int)
	// Write takes all of b, of which the system took n bytes at once. After an error Closed has been called.
	Write(b []byte) (n int, err error)
	// Unsent returns how many bytes the system has not taken yet.
	Unsent() int
	// Rouse lets Traffic be called soon, Close closes the connection; from anywhere.
	Rouse()
	Close()
	// Loop tells loops apart, for Relay.Prefer; from anywhere.
	Loop() any
}
