package server

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// peer is a client of the tests: a bare socket, so that it can break every rule.
type peer struct {
	t    testing.TB
	conn net.Conn
	next uint64
}

// reply is one decoded reply frame. For an error, err is set.
type reply struct {
	h       protocol.ReplyHeader
	payload []byte
	err     *protocol.Error
}

// dial connects and says nothing.
func dial(t testing.TB, n *Node) *peer {
	t.Helper()
	c, err := net.Dial("tcp", n.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &peer{t: t, conn: c}
}

// connect connects and says HELLO.
func connect(t testing.TB, n *Node) *peer {
	t.Helper()
	p := dial(t, n)
	p.send(p.frame(protocol.OpHello, hello()))
	if r := p.read(); r.err != nil {
		t.Fatalf("HELLO was answered %v", r.err)
	}
	return p
}

func hello() *protocol.Hello {
	return &protocol.Hello{MinVersion: protocol.Version, MaxVersion: protocol.Version, Client: "test"}
}

// frame returns a request with the next id.
func (p *peer) frame(op protocol.Op, m protocol.Message) []byte {
	return p.frameWith(protocol.RequestHeader{Op: op}, m)
}

func (p *peer) frameWith(h protocol.RequestHeader, m protocol.Message) []byte {
	p.next++
	h.ID = p.next
	return protocol.FinishFrame(m.AppendTo(protocol.BeginRequest(nil, &h)), 0)
}

// raw returns a frame with any body.
func raw(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

func (p *peer) send(b []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(b); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

// tryRead reads one reply frame.
func (p *peer) tryRead() (reply, error) {
	var prefix [protocol.FramePrefix]byte
	if _, err := io.ReadFull(p.conn, prefix[:]); err != nil {
		return reply{}, err
	}
	size, err := protocol.FrameSize(prefix[:], protocol.DefaultMaxReply)
	if err != nil {
		return reply{}, err
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(p.conn, body); err != nil {
		return reply{}, err
	}
	h, payload, err := protocol.DecodeReply(body)
	r := reply{h: h, payload: payload}
	if err == nil && h.Code != protocol.CodeOK {
		r.err = &protocol.Error{}
		err = r.err.Decode(payload)
		r.err.Code = h.Code
	}
	return r, err
}

func (p *peer) read() reply {
	p.t.Helper()
	r, err := p.tryRead()
	if err != nil {
		p.t.Fatalf("read a reply: %v", err)
	}
	return r
}

// ask sends a request and returns the reply, which must be to it.
func (p *peer) ask(op protocol.Op, m protocol.Message) reply {
	p.t.Helper()
	return p.askWith(protocol.RequestHeader{Op: op}, m)
}

func (p *peer) askWith(h protocol.RequestHeader, m protocol.Message) reply {
	p.t.Helper()
	p.send(p.frameWith(h, m))
	r := p.read()
	if r.h.ID != p.next {
		p.t.Fatalf("the reply has id %d, want %d", r.h.ID, p.next)
	}
	return r
}

// decode reads the payload of a reply that must be a success.
func (r reply) decode(t testing.TB, m protocol.Message) {
	t.Helper()
	if r.err != nil {
		t.Fatalf("got error %v: %v", r.err.Code, r.err)
	}
	if err := m.Decode(r.payload); err != nil {
		t.Fatalf("decode the reply: %v", err)
	}
}

// alive fails unless the connection still answers.
func (p *peer) alive() {
	p.t.Helper()
	if r := p.ask(protocol.OpPing, protocol.Empty{}); r.err != nil {
		p.t.Errorf("PING: %v", r.err)
	}
}

// closed fails unless the peer closes the connection without another frame.
func (p *peer) closed() {
	p.t.Helper()
	if r, err := p.tryRead(); !isClosed(err) {
		p.t.Errorf("got %v, %v where the connection should be closed", r.err, err)
	}
}

// isClosed tells whether an error says that the other side has closed the connection.
func isClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// wantCode fails unless a reply is an error of that code.
func (r reply) wantCode(t testing.TB, code protocol.Code) {
	t.Helper()
	if r.h.Code != code {
		t.Errorf("got %v (%v), want %v", r.h.Code, r.err, code)
	}
}

// top is a short SNAPSHOT, which is answered on the loop.
func top(n int) *protocol.Snapshot {
	q := &protocol.Snapshot{View: protocol.View{IDs: []string{"operating_income", "net_profit"}}, Ranking: protocol.Ranking{Limit: 3}}
	for i := range n {
		q.Subjects = append(q.Subjects, subject(i))
	}
	return q
}

// stranger sends bytes on a connection of its own and returns what came back before the other side closed or fell
// silent.
func stranger(n *Node, b []byte) error {
	c, err := net.Dial("tcp", n.Addr().String())
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write(b); err != nil && !isClosed(err) {
		return fmt.Errorf("write: %w", err)
	}
	if err := c.(*net.TCPConn).CloseWrite(); err != nil && !errors.Is(err, syscall.ENOTCONN) {
		return fmt.Errorf("close for writing: %w", err)
	}
	if _, err := io.Copy(io.Discard, c); err != nil && !isClosed(err) {
		return fmt.Errorf("read: %w", err)
	}
	return nil
}
