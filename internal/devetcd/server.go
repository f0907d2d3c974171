package devetcd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.etcd.io/etcd/server/v3/embed"
)

// Server is a running etcd of one member or several.
type Server struct {
	o         Options
	lock      io.Closer
	members   []*embed.Etcd
	endpoints []string

	ended    atomic.Bool   // as stopping, for the log
	stopping chan struct{} // closed when the members are told to end
	failed   chan error    // what ended a member before; closed by Close
	watched  sync.WaitGroup
	close    sync.Once
}

// Start runs the members and returns once each of them answers, or with why they do not; then nothing of them is left
// running. ctx bounds the start alone.
func Start(ctx context.Context, o Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	ctx, cancel := context.WithTimeout(ctx, o.ReadyWait)
	defer cancel()
	for {
		s, err := start(ctx, o)
		// Free ports are found by asking for some and giving them back, so another process may be faster.
		if o.Members > 1 && len(o.PeerAddrs) == 0 && errors.Is(err, syscall.EADDRINUSE) && ctx.Err() == nil {
			continue
		}
		return s, err
	}
}

// start is one try.
func start(ctx context.Context, o Options) (*Server, error) {
	s := &Server{o: o, stopping: make(chan struct{}), failed: make(chan error, o.Members)}
	if err := s.lockDir(); err != nil {
		return nil, err
	}
	err := s.startMembers()
	if err == nil {
		err = s.waitReady(ctx)
	}
	if err != nil {
		s.stop()
		return nil, err
	}
	for i, m := range s.members {
		s.watched.Go(func() { s.watch(i, m) })
	}
	return s, nil
}

// lockDir makes the directory this Server's alone.
func (s *Server) lockDir() error {
	if err := os.MkdirAll(s.o.Dir, 0o700); err != nil {
		return fmt.Errorf("embedded etcd: %w", err)
	}
	lock, err := vfs.Default.Lock(filepath.Join(s.o.Dir, "LOCK"))
	if err != nil {
		return fmt.Errorf("embedded etcd: %w: directory %s: %w", ErrInUse, s.o.Dir, err)
	}
	s.lock = lock
	return nil
}

// startMembers starts each member; none of them answers before a majority runs.
func (s *Server) startMembers() error {
	configs, err := s.o.configs(&s.ended)
	if err != nil {
		return err
	}
	for _, c := range configs {
		m, err := embed.StartEtcd(c)
		if err != nil {
			return fmt.Errorf("embedded etcd: start %s in %s: %w", c.Name, s.o.Dir, err)
		}
		s.members = append(s.members, m)
		s.endpoints = append(s.endpoints, endpoint(m.Clients[0].Addr()))
	}
	return nil
}

// endpoint returns a listener's address as a client takes it.
func endpoint(a net.Addr) string {
	if a.Network() == "unix" {
		return "unix://" + a.String()
	}
	return a.String()
}

func (s *Server) waitReady(ctx context.Context) error {
	for _, m := range s.members {
		select {
		case <-m.Server.ReadyNotify():
		case err := <-m.Err():
			return fmt.Errorf("embedded etcd in %s: %w: %w", s.o.Dir, ErrEnded, err)
		case <-m.Server.StopNotify():
			return fmt.Errorf("embedded etcd in %s: %w", s.o.Dir, ErrEnded)
		case <-ctx.Done():
			return fmt.Errorf("embedded etcd in %s: %w: %w", s.o.Dir, ErrNotReady, ctx.Err())
		}
	}
	return nil
}

// watch passes on what ends a member that was not told to end.
func (s *Server) watch(i int, m *embed.Etcd) {
	var err error
	select {
	case <-s.stopping:
		return
	case err = <-m.Err():
	case <-m.Server.StopNotify():
	}
	select {
	case <-s.stopping: // it was told to
	default:
		s.failed <- errors.Join(fmt.Errorf("embedded etcd: member %d: %w", i+1, ErrEnded), err)
	}
}

// Endpoints returns where clients reach the members, host:port or unix://PATH each, in their order. They are the caller's.
func (s *Server) Endpoints() []string { return append([]string(nil), s.endpoints...) }

// Failed delivers what ended a member that was not told to end. Close closes it.
func (s *Server) Failed() <-chan error { return s.failed }

// Close ends the members and returns when they have ended. Calling it again does nothing.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() { err = s.stop() })
	return err
}

// stop ends what was started. The members stop hard, which a restart heals as it does a crash: told politely, a leader
// looks for seconds for a successor among members that are ending too.
func (s *Server) stop() error {
	s.ended.Store(true)
	close(s.stopping)
	var ended sync.WaitGroup
	for _, m := range s.members {
		ended.Go(func() {
			m.Server.HardStop()
			m.Close()
		})
	}
	ended.Wait()
	s.watched.Wait()
	close(s.failed)
	if err := s.lock.Close(); err != nil {
		return fmt.Errorf("embedded etcd: give back %s: %w", s.o.Dir, err)
	}
	return nil
}
