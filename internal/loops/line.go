package loops

import (
	"context"
	"errors"
	"net"
	"runtime/debug"

	"github.com/panjf2000/gnet/v2"
)

// ErrStopped is returned by Carry of an engine that does not run.
var ErrStopped = errors.New("the event loops do not run")

// Line is a connection that the program made itself, to a node, on an event loop beside those that were accepted. Methods
// without a note are called on its loop.
type Line struct {
	e  *Engine
	gc gnet.Conn
	h  LineHandler
}

// LineHandler takes the events of a line, on its loop.
type LineHandler interface {
	// Opened is called before everything else, and before Carry returns.
	Opened(l *Line)
	// Traffic is called when there is input, and after Rouse.
	Traffic()
	// Closed is called once, also from within a write that fails. err is nil where this side closed it.
	Closed(err error)
}

// Carry takes over a connection of which nothing was read that belongs to h. After an error it is still its owner's.
func (e *Engine) Carry(nc net.Conn, h LineHandler) error {
	if _, ok := nc.(*net.TCPConn); !ok {
		return errors.ErrUnsupported // gnet would take the descriptor beneath TLS
	}
	e.carrying.Lock() // one after the other: gnet counts a connection when its loop has it, and would give two the same one
	defer e.carrying.Unlock()
	l := &Line{e: e, h: h}
	var enrolled <-chan gnet.RegisteredResult
	var err error
	if !e.alive(func() error {
		enrolled, err = e.engine.Register(gnet.NewContext(gnet.NewNetConnContext(context.Background(), nc), l))
		return err
	}) {
		return errors.Join(ErrStopped, err)
	}
	select {
	case r := <-enrolled:
		return r.Err
	case <-e.ended:
		return ErrStopped
	}
}

// Have returns how many bytes of input there are.
func (l *Line) Have() int { return l.gc.InboundBuffered() }

// Peek returns the first n bytes of input, of which there are so many. They are valid until Discard, or the end of Traffic.
func (l *Line) Peek(n int) []byte {
	if n <= 0 {
		return nil // gnet would return all
	}
	b, _ := l.gc.Peek(n) // never fails: so much is there
	return b
}

// Discard takes the first n bytes away.
func (l *Line) Discard(n int) {
	if n > 0 { // gnet would discard all
		_, _ = l.gc.Discard(n)
	}
}

// Write writes to the line: n bytes as much as the peer takes at once, the others as soon as it takes them. After an error
// the line is gone: Closed has been called.
func (l *Line) Write(b []byte) (n int, err error) { return Send(l.gc, b) }

// Unsent returns how many bytes wait that the peer has not taken.
func (l *Line) Unsent() int { return l.gc.OutboundBuffered() }

// Rouse lets Traffic be called soon, from anywhere.
func (l *Line) Rouse() { l.e.Wake(l.gc) }

// Close closes the line, from anywhere.
func (l *Line) Close() { l.e.Close(l.gc) }

// Loop returns which loop it is on, as Conn.EventLoop does, from anywhere.
func (l *Line) Loop() any { return l.gc.EventLoop() }

// lineOf returns the line that a connection is; nil = it was accepted.
func lineOf(c gnet.Conn) *Line {
	l, _ := c.Context().(*Line)
	return l
}

func (l *Line) opened(gc gnet.Conn) (_ []byte, action gnet.Action) {
	defer l.rescue("open", &action)
	l.gc = gc
	l.h.Opened(l)
	return nil, gnet.None
}

func (l *Line) traffic() (action gnet.Action) {
	defer l.rescue("traffic", &action)
	l.h.Traffic()
	return gnet.None
}

func (l *Line) closed(err error) (action gnet.Action) {
	defer l.rescue("close", &action)
	l.h.Closed(err)
	return gnet.None
}

// rescue closes a line over a panic of its handler.
func (l *Line) rescue(where string, action *gnet.Action) {
	if p := recover(); p != nil {
		l.e.o.Logger.Error("panic", "in", where+" of a line", "panic", p, "stack", string(debug.Stack()))
		*action = gnet.Close
	}
}
