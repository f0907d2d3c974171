package replica

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"
)

const (
	// greetTimeout bounds a greeting and its answer.
	greetTimeout = 5 * time.Second
	// maxPeerConns bounds the connections that other nodes have to this one.
	maxPeerConns = 1_024
)

// stream is the one port at which a node is reached by the others. It greets, hands the connections of the raft library to
// that, and serves the others itself.
type stream struct {
	listener  net.Listener
	advertise string
	cluster   id
	node      id
	native    atomic.Pointer[string]
	serve     func(net.Conn, greeting) // a connection of purposeControl
	met       func(g greeting)         // called for every peer that was welcomed
	lives     func(address, node string) bool
	accepted  chan net.Conn // for the library
	ended     chan struct{} // closed by Close
	closeOnce sync.Once
	wg        sync.WaitGroup
	mu        sync.Mutex
	conns     map[net.Conn]struct{} // that peers made, until they are closed
	closed    bool
}

var _ raft.StreamLayer = (*stream)(nil)

// listen starts accepting; the library or run must take what comes.
func (s *stream) start() { s.wg.Go(s.acceptAll) }

func (s *stream) acceptAll() {
	for {
		nc, err := s.listener.Accept()
		if err != nil {
			select {
			case <-s.ended:
				return
			case <-time.After(10 * time.Millisecond): // out of descriptors, most likely: the others are kept
				if errors.Is(err, net.ErrClosed) {
					return
				}
				continue
			}
		}
		full, ok := s.add(nc)
		if !ok {
			_ = nc.Close()
			return
		}
		s.wg.Go(func() { s.receive(&peerConn{Conn: nc, s: s}, full) })
	}
}

// add notes a connection; full tells that it is one too many.
func (s *stream) add(nc net.Conn) (full, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false, false
	}
	s.conns[nc] = struct{}{}
	return len(s.conns) > maxPeerConns, true
}

// peerConn is a connection that a peer made. Closing it takes it off the list.
type peerConn struct {
	net.Conn
	s *stream
}

// Close closes the connection.
func (p *peerConn) Close() error {
	p.s.mu.Lock()
	delete(p.s.conns, p.Conn)
	p.s.mu.Unlock()
	return p.Conn.Close()
}

// receive answers a greeting and hands the connection over.
func (s *stream) receive(nc *peerConn, full bool) {
	g, err := s.welcome(nc, full)
	if err != nil {
		_ = nc.Close() // its peer was told, or spoke nothing that could be answered
		return
	}
	s.met(g)
	if g.word == purposeControl {
		defer nc.Close()
		s.serve(nc, g)
		return
	}
	select {
	case s.accepted <- nc:
	case <-s.ended:
		_ = nc.Close()
	}
}

func (s *stream) welcome(nc net.Conn, full bool) (greeting, error) {
	if err := nc.SetDeadline(time.Now().Add(greetTimeout)); err != nil {
		return greeting{}, err
	}
	g, err := readGreeting(nc)
	if err != nil {
		return g, err
	}
	status := byte(statusWelcome)
	switch {
	case g.cluster != s.cluster:
		status = statusOtherCluster
	case g.word != purposeRaft && g.word != purposeControl:
		status = statusUnsupported
	case full:
		status = statusFull
	}
	if _, err := nc.Write(appendGreeting(nil, s.greeting(status))); err != nil {
		return g, err
	}
	if status != statusWelcome {
		return g, fmt.Errorf("refused with status %d", status)
	}
	return g, nc.SetDeadline(time.Time{})
}

func (s *stream) greeting(word byte) greeting {
	return greeting{word: word, cluster: s.cluster, node: s.node, native: *s.native.Load()}
}

// dial connects and greets.
func (s *stream) dial(address string, purpose byte, timeout time.Duration) (_ net.Conn, err error) {
	began := time.Now()
	nc, err := net.DialTimeout("tcp", address, timeout)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, nc.Close())
		}
	}()
	if timeout == 0 || timeout > greetTimeout {
		timeout = greetTimeout
	}
	if err := nc.SetDeadline(began.Add(timeout)); err != nil {
		return nil, err
	}
	if _, err := nc.Write(appendGreeting(nil, s.greeting(purpose))); err != nil {
		return nil, err
	}
	g, err := readGreeting(nc)
	if err != nil {
		return nil, fmt.Errorf("greeting %s: %w", address, err)
	}
	if err := g.welcomed(address, s.cluster); err != nil {
		return nil, err
	}
	if purpose == purposeRaft && !s.lives(address, g.node.String()) {
		return nil, fmt.Errorf("%s is node %s now, another member was there: %w", address, g.node, ErrMember)
	}
	s.met(g)
	return nc, nc.SetDeadline(time.Time{})
}

// Dial connects to another node for the library.
func (s *stream) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	return s.dial(string(address), purposeRaft, timeout)
}

// Accept returns the next connection for the library.
func (s *stream) Accept() (net.Conn, error) {
	select {
	case nc := <-s.accepted:
		return nc, nil
	case <-s.ended:
		return nil, net.ErrClosed
	}
}

// Close stops listening and closes what peers have connected.
func (s *stream) Close() error {
	var err error
	s.closeOnce.Do(func() {
		close(s.ended)
		err = s.listener.Close()
		s.mu.Lock()
		s.closed = true
		open := s.conns
		s.conns = map[net.Conn]struct{}{}
		s.mu.Unlock()
		for nc := range open {
			_ = nc.Close() // the peer sees it
		}
	})
	return err
}

// Addr returns the address that other nodes are told.
func (s *stream) Addr() net.Addr { return advertised(s.advertise) }

type advertised string

// Network returns "tcp".
func (a advertised) Network() string { return "tcp" }

// String returns host:port.
func (a advertised) String() string { return string(a) }

// keptTransport is the library's transport for the life of a Raft: an instance of the library that is shut down to be
// started anew (recover.go) does not close it.
type keptTransport struct{ *raft.NetworkTransport }

// Close does nothing; end closes it.
func (keptTransport) Close() error { return nil }

func (t keptTransport) end() error { return t.NetworkTransport.Close() }

var _ raft.WithPreVote = keptTransport{}
