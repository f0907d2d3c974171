package client_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// fakeNode is a node without an engine: it speaks the real protocol over real connections, greets by itself, and leaves
// every other request to its handler.
type fakeNode struct {
	welcome protocol.Welcome // Version, cluster and limits; set before start
	greet   func(p *peer, h *protocol.Hello) bool
	handle  func(p *peer, q request) // on the connection's goroutine

	listener net.Listener
	wg       sync.WaitGroup
	mu       sync.Mutex
	peers    []*peer // those that live
	hellos   []protocol.Hello
	closed   bool
	greeted  atomic.Int32 // connections that were welcomed
}

// request is what a handler is asked. The payload is the handler's until it returns; one that answers later clones it.
type request struct {
	protocol.RequestHeader
	payload []byte
}

// later returns the request for an answer after the handler has returned.
func (q request) later() request {
	q.payload = slices.Clone(q.payload)
	return q
}

// peer is the node's side of one connection.
type peer struct {
	nc     net.Conn
	number int // from 1, in the order of greeting
	mu     sync.Mutex
	out    *bufio.Writer
	body   []byte // of the request that is handled
	frame  []byte // for handlers that reply without allocating; under mu
}

// startNode listens on a free port. The handler is echo where it is nil.
func startNode(handle func(*peer, request)) *fakeNode {
	n := &fakeNode{handle: handle}
	n.start("127.0.0.1:0")
	return n
}

func (n *fakeNode) start(address string) {
	if n.welcome.Version == 0 {
		n.welcome.Version = protocol.Version
	}
	if n.handle == nil {
		n.handle = func(p *peer, q request) { p.reply(q, 1, protocol.Empty{}) }
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		panic(err) // a test cannot go on, and examples have no testing.TB
	}
	n.mu.Lock()
	n.listener, n.closed = l, false
	n.mu.Unlock()
	n.wg.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			n.wg.Go(func() { n.serve(nc) })
		}
	})
}

func (n *fakeNode) addr() string { return n.listener.Addr().String() }

// dialPipe is a Dial option whose connections have no buffer at all: what the node does not read stays with the client.
func (n *fakeNode) dialPipe(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	n.wg.Go(func() { n.serve(theirs) })
	return ours, nil
}

// stop closes the listener and every connection, as the death of a process does, and waits for the goroutines.
func (n *fakeNode) stop() {
	n.mu.Lock()
	n.closed = true
	_ = n.listener.Close()
	for _, p := range n.peers {
		_ = p.nc.Close()
	}
	n.mu.Unlock()
	n.wg.Wait()
}

// serve reads requests until the connection ends.
func (n *fakeNode) serve(nc net.Conn) {
	p := &peer{nc: nc, out: bufio.NewWriterSize(nc, 64<<10)}
	defer nc.Close()
	n.mu.Lock()
	if n.closed {
		n.mu.Unlock()
		return
	}
	n.peers = append(n.peers, p)
	n.mu.Unlock()
	defer func() {
		n.mu.Lock()
		n.peers = slices.DeleteFunc(n.peers, func(o *peer) bool { return o == p })
		n.mu.Unlock()
	}()
	in := bufio.NewReaderSize(nc, 64<<10)
	for {
		q, err := p.readRequest(in)
		if err != nil {
			return
		}
		if q.Op == protocol.OpHello {
			if !n.hello(p, q) {
				return
			}
		} else {
			n.handle(p, q)
		}
		if in.Buffered() == 0 {
			p.flush()
		}
	}
}

func (n *fakeNode) hello(p *peer, q request) bool {
	var h protocol.Hello
	if err := h.Decode(q.payload); err != nil {
		panic(err)
	}
	n.mu.Lock()
	n.hellos = append(n.hellos, h)
	n.mu.Unlock()
	p.number = int(n.greeted.Add(1))
	if n.greet != nil && !n.greet(p, &h) {
		p.flush()
		return false
	}
	p.reply(q, 0, &n.welcome)
	return true
}

// readRequest reads the next request. Its payload is in p.body.
func (p *peer) readRequest(in *bufio.Reader) (request, error) {
	prefix, err := in.Peek(protocol.FramePrefix)
	if err != nil {
		return request{}, err
	}
	size, err := protocol.FrameSize(prefix, protocol.DefaultMaxRequest)
	if err != nil {
		panic(err) // the client sent a frame that no node takes
	}
	p.body = slices.Grow(p.body[:0], protocol.FramePrefix+size)[:protocol.FramePrefix+size]
	if _, err := io.ReadFull(in, p.body); err != nil {
		return request{}, err
	}
	h, payload, err := protocol.DecodeRequest(p.body[protocol.FramePrefix:])
	if err != nil {
		panic(err)
	}
	return request{h, payload}, nil
}

// send writes bytes as they are; they leave when the requests that came have been handled, or at flush.
func (p *peer) send(frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, _ = p.out.Write(frame) // a client that went away shows in the next read
}

func (p *peer) flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.out.Flush()
}

func (p *peer) reply(q request, applied uint64, m protocol.Message) {
	p.send(replyFrame(q.ID, protocol.CodeOK, applied, m))
}

func (p *peer) refuse(q request, code protocol.Code, message string) {
	p.send(replyFrame(q.ID, code, 0, &protocol.Error{Message: message}))
}

func replyFrame(id uint64, code protocol.Code, applied uint64, m protocol.Message) []byte {
	h := protocol.ReplyHeader{ID: id, Code: code, Applied: applied}
	return protocol.FinishFrame(m.AppendTo(protocol.BeginReply(nil, &h)), 0)
}

// options returns those of a client of the node, with nothing that makes a test wait.
func (n *fakeNode) options() client.Options { return optionsOf(n.addr()) }

// optionsOf returns those of a client of nodes at these addresses.
func optionsOf(addrs ...string) client.Options {
	return client.Options{
		Addresses:    addrs,
		BackoffMin:   1, // ns
		RetryBackoff: 1,
		BackoffMax:   1_000_000,
		CloseTimeout: -1,
		Loops:        carrier,
	}
}

// conns returns how many connections the node has.
func (n *fakeNode) conns() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.peers)
}
