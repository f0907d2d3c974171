package registry

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/kamaitachi/kamaitachi/internal/devetcd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// etcd is one that can be stopped and started again, at the same place.
type etcd struct {
	t      *testing.T
	o      devetcd.Options
	server *devetcd.Server // nil while it is stopped
}

// newEtcd returns one that is not started. Its directory is short, since it holds a socket.
func newEtcd(t *testing.T) *etcd {
	t.Helper()
	dir, err := os.MkdirTemp("", "registry")
	if err != nil {
		t.Fatal(err)
	}
	e := &etcd{t: t, o: devetcd.Options{
		Dir: filepath.Join(dir, "data"), ClientAddr: "unix:" + filepath.Join(dir, "etcd.sock"), Unsynced: true,
	}}
	t.Cleanup(func() {
		e.stop()
		os.RemoveAll(dir)
	})
	return e
}

func startEtcd(t *testing.T) *etcd {
	t.Helper()
	e := newEtcd(t)
	e.start()
	return e
}

func (e *etcd) start() {
	e.t.Helper()
	server, err := devetcd.Start(context.Background(), e.o)
	if err != nil {
		e.t.Fatal(err)
	}
	e.server = server
}

func (e *etcd) stop() {
	e.t.Helper()
	if e.server == nil {
		return
	}
	if err := e.server.Close(); err != nil {
		e.t.Error(err)
	}
	e.server = nil
}

// wipe takes away what a stopped etcd has stored.
func (e *etcd) wipe() {
	e.t.Helper()
	if err := os.RemoveAll(e.o.Dir); err != nil {
		e.t.Fatal(err)
	}
}

func (e *etcd) endpoint() string { return "unix://" + strings.TrimPrefix(e.o.ClientAddr, "unix:") }

// client returns a plain client, for what happens behind a registry's back.
func (e *etcd) client() *clientv3.Client {
	e.t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{e.endpoint()}, Logger: zap.NewNop()})
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { c.Close() })
	return c
}

// open returns a registry with times that suit a test.
func (e *etcd) open(change ...func(*Options)) *Registry {
	e.t.Helper()
	o := Options{
		Endpoints: []string{e.endpoint()}, TTL: time.Second, CallTimeout: time.Second,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	r, err := Open(o)
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() {
		if err := r.Close(); err != nil {
			e.t.Error(err)
		}
	})
	return r
}

// soon bounds what a test waits for.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for until := time.Now().Add(30 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(until) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

// record is one of a node with addresses of its own.
func record(id string) Record {
	return Record{ID: id, Native: id + ":7080", HTTP: id + ":8080", Role: "slave"}
}

// register lists a node until the end of the test.
func register(t *testing.T, r *Registry, record Record) *Registration {
	t.Helper()
	g, err := r.Register(record)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close(soon(t)) })
	return g
}

// seen is what a watcher was delivered.
type seen struct {
	mu    sync.Mutex
	lists [][]Record
}

// watch watches until the end of the test, which is before the registry closes.
func watch(t *testing.T, r *Registry) *seen {
	t.Helper()
	s := &seen{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- r.Watch(ctx, func(list []Record) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lists = append(s.lists, list)
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != context.Canceled {
			t.Errorf("Watch ended with %v", err)
		}
	})
	return s
}

// ids names the nodes of a list.
func ids(list []Record) string {
	var names []string
	for _, n := range list {
		names = append(names, n.ID)
	}
	return strings.Join(names, " ")
}

// all returns what was delivered, the names of each list.
func (s *seen) all() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, l := range s.lists {
		names = append(names, ids(l))
	}
	return names
}

// last returns the list that was delivered last.
func (s *seen) last() []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lists) == 0 {
		return nil
	}
	return s.lists[len(s.lists)-1]
}

// wait waits for the list of these names.
func (s *seen) wait(t *testing.T, want string) {
	t.Helper()
	eventually(t, fmt.Sprintf("the watcher is delivered %q", want), func() bool {
		all := s.all()
		return len(all) > 0 && all[len(all)-1] == want
	})
}

// proxy passes connections on to an etcd and can cut them.
type proxy struct {
	path string
	to   string

	mu       sync.Mutex
	listener net.Listener
	conns    []net.Conn
	running  sync.WaitGroup
}

func newProxy(t *testing.T, e *etcd) *proxy {
	t.Helper()
	to := strings.TrimPrefix(e.o.ClientAddr, "unix:")
	p := &proxy{path: to + ".proxy", to: to}
	p.open(t)
	t.Cleanup(p.cut)
	return p
}

// open lets connections through.
func (p *proxy) open(t *testing.T) {
	t.Helper()
	l, err := net.Listen("unix", p.path)
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.listener = l
	p.mu.Unlock()
	p.running.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			p.pass(in)
		}
	})
}

func (p *proxy) pass(in net.Conn) {
	out, err := net.Dial("unix", p.to)
	if err != nil {
		in.Close()
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns = append(p.conns, in, out)
	for _, way := range [][2]net.Conn{{in, out}, {out, in}} {
		p.running.Go(func() {
			io.Copy(way[0], way[1])
			way[0].Close()
		})
	}
}

// cut ends all connections and lets no more through.
func (p *proxy) cut() {
	p.mu.Lock()
	p.listener.Close()
	conns := slices.Clone(p.conns)
	p.conns = nil
	p.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
	p.running.Wait()
}
