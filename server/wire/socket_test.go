package wire

import (
	"errors"

	"github.com/panjf2000/gnet/v2"
)

// socket is a connection whose peer reads at once, without a system below. Its memory is as large as to be in no cache any
// more when many others had their turn.
type socket struct {
	gnet.Conn
	context any
	input   []byte
	sent    [1 << 10]byte // where a write goes
	wrote   int
}

func (s *socket) Context() any                  { return s.context }
func (s *socket) SetContext(context any)        { s.context = context }
func (s *socket) EventLoop() gnet.EventLoop     { return nil }
func (s *socket) InboundBuffered() int          { return len(s.input) }
func (s *socket) OutboundBuffered() int         { return 0 }
func (s *socket) Peek(n int) ([]byte, error)    { return s.input[:n], nil }
func (s *socket) Fd() int                       { return -1 } // there is none: what is written to it goes to Write
func (s *socket) Dup() (int, error)             { return 0, errors.ErrUnsupported }
func (s *socket) Wake(gnet.AsyncCallback) error { return nil }

func (s *socket) Discard(n int) (int, error) {
	if n == 0 {
		n = len(s.input)
	}
	s.input = s.input[n:]
	return n, nil
}

func (s *socket) Write(p []byte) (int, error) {
	for at := 0; at < len(s.sent); at += 64 {
		s.sent[at]++
	}
	s.wrote = copy(s.sent[:], p)
	return len(p), nil
}
