package replica_test

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server/engine"
	"github.com/kamaitachi/kamaitachi/server/replica"
	"github.com/kamaitachi/kamaitachi/server/state"
	"github.com/kamaitachi/kamaitachi/server/store"
)

// patience bounds the waits of these tests, which two busy cores may make long.
const patience = 60 * time.Second

// node is a node of a test cluster: a real log over a real engine over a real store.
type node struct {
	*replica.Raft
	t     *testing.T
	dir   string
	state *state.State
	o     replica.RaftOptions // of the log, as it was opened
	fatal chan error
	down  bool
}

// options returns those of a node that decides quickly.
func options() replica.RaftOptions {
	return replica.RaftOptions{
		Listen: "127.0.0.1:0", Heartbeat: 300 * time.Millisecond, Election: 300 * time.Millisecond,
		Lease: 200 * time.Millisecond, CommitEvery: 10 * time.Millisecond, PollEvery: 30 * time.Millisecond,
		PromoteAfter: 100 * time.Millisecond, TransferEvery: 300 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// small are store options for many nodes in one process.
func small() store.Options {
	return store.Options{CacheBytes: 4 << 20, MemTableBytes: 1 << 20, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// openNode opens the node in dir.
func openNode(t *testing.T, dir string, o replica.RaftOptions) (*node, error) {
	t.Helper()
	return openOver(t, dir, o, func(s *state.State) replica.Machine { return s })
}

// openOver is openNode with something between the log and the state.
func openOver(t *testing.T, dir string, o replica.RaftOptions, over func(*state.State) replica.Machine) (*node, error) {
	t.Helper()
	n := &node{t: t, dir: dir, o: o, fatal: make(chan error, 1)}
	var err error
	if n.state, err = state.Open(dir, small(), engine.Options{NoSync: true}); err != nil {
		return nil, err
	}
	n.o.Dir, n.o.Machine = filepath.Join(dir, "raft"), over(n.state)
	n.o.Fatal = func(err error) { n.fatal <- err }
	if os.Getenv("RAFT_LOG") != "" {
		n.o.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})).With("dir", filepath.Base(dir))
	}
	if n.Raft, err = replica.Open(n.o); err != nil {
		if bad := n.state.Close(); bad != nil {
			t.Error(bad)
		}
		return nil, err
	}
	n.o.Listen = n.Addr() // where it will be when it is started again
	t.Cleanup(n.stop)
	return n, nil
}

func mustNode(t *testing.T, dir string, o replica.RaftOptions) *node {
	t.Helper()
	n, err := openNode(t, dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// stop closes the node in good order.
func (n *node) stop() {
	if n.down {
		return
	}
	n.down = true
	if err := n.Raft.Close(); err != nil {
		n.t.Error(err)
	}
	if err := n.state.Close(); err != nil {
		n.t.Error(err)
	}
}

// again starts a node that was stopped or killed.
func (n *node) again() *node {
	n.t.Helper()
	o := n.o
	o.Bootstrap = false
	return mustNode(n.t, n.dir, o)
}

// kill leaves of the node what a kill -9 leaves: its files as they are now. It goes on for a moment, cut off from all
// others and from its directory, until it is closed.
func (n *node) kill() {
	n.t.Helper()
	n.Raft.CutOff()
	picture := n.t.TempDir()
	copyTree(n.t, n.dir, picture)
	n.stop()
	n.dir = picture
}

// copyTree copies a directory. What is being written there may be half there in the copy, as after a crash.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if os.IsNotExist(err) {
				return nil
			}
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		data, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// within polls until done says so.
func within(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("not within %v: %s", patience, what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// cluster is some nodes.
type cluster struct {
	t     *testing.T
	nodes []*node
}

// lone starts a cluster of one node with table 1.
func lone(t *testing.T, o replica.RaftOptions) *cluster {
	t.Helper()
	o.Bootstrap = true
	c := &cluster{t, []*node{mustNode(t, t.TempDir(), o)}}
	c.master()
	return c
}

// three starts a cluster of three voters with table 1.
func three(t *testing.T, change func(*replica.RaftOptions)) *cluster {
	t.Helper()
	o := options()
	if change != nil {
		change(&o)
	}
	c := lone(t, o)
	c.grow(o)
	c.grow(o)
	c.voters(3)
	c.write(createTable())
	return c
}

// grow starts a node that joins.
func (c *cluster) grow(o replica.RaftOptions) *node {
	c.t.Helper()
	o.ClusterID = c.nodes[0].ClusterID()
	n := mustNode(c.t, c.t.TempDir(), o)
	c.join(n)
	c.nodes = append(c.nodes, n)
	return n
}

func (c *cluster) join(n *node) {
	c.t.Helper()
	var addresses []string
	for _, other := range c.nodes {
		if !other.down {
			addresses = append(addresses, other.Addr())
		}
	}
	var err error
	within(c.t, "a node joins", func() bool {
		ctx, cancel := context.WithTimeout(c.t.Context(), patience)
		defer cancel()
		err = n.JoinBy(ctx, addresses...)
		return err == nil
	})
}

// master returns the node that leads and is known to do so by all that are up.
func (c *cluster) master() *node {
	c.t.Helper()
	var master *node
	within(c.t, "one master that all know", func() bool {
		master = nil
		for _, n := range c.nodes {
			if !n.down && n.Status().Role == replica.RoleMaster {
				master = n
			}
		}
		if master == nil {
			return false
		}
		for _, n := range c.nodes {
			if !n.down && n.Status().Master.Node != master.NodeID() {
				return false
			}
		}
		return true
	})
	return master
}

func (c *cluster) slaves() []*node {
	master := c.master()
	var slaves []*node
	for _, n := range c.nodes {
		if n != master && !n.down {
			slaves = append(slaves, n)
		}
	}
	return slaves
}

// voters waits until there are so many.
func (c *cluster) voters(want int) {
	c.t.Helper()
	within(c.t, fmt.Sprint(want, " voters"), func() bool {
		got := 0
		for _, m := range c.master().Status().Members {
			if m.Voter {
				got++
			}
		}
		return got == want
	})
}

// write has the master write, whoever that is, until it is acknowledged. The write has an origin, so that it is carried out once.
func (c *cluster) write(w *protocol.Write) uint64 {
	c.t.Helper()
	var index uint64
	var err error
	within(c.t, "a write is acknowledged", func() bool {
		ctx, cancel := context.WithTimeout(c.t.Context(), patience)
		defer cancel()
		index, err = c.master().Append(ctx, w)
		return err == nil
	})
	return index
}

// same waits until all nodes have applied as much as the master, and holds their rows against each other.
func (c *cluster) same() {
	c.t.Helper()
	c.reach(c.master().state.Applied())
	want := ""
	for i, n := range c.nodes {
		if n.down {
			continue
		}
		hash, err := n.state.Store().RowHash()
		if err != nil {
			c.t.Fatal(err)
		}
		if want == "" {
			want = hash
		}
		if hash != want {
			c.t.Errorf("node %d at %d has other rows than the first", i, n.state.Applied())
		}
	}
}

// reach waits until all nodes that are up have applied an index, also those that are taking over a snapshot: queries see one
// a moment before it counts.
func (c *cluster) reach(index uint64) {
	c.t.Helper()
	for i, n := range c.nodes {
		if !n.down {
			within(c.t, fmt.Sprintf("node %d applies %d", i, index), func() bool { return n.state.Store().Applied() >= index })
		}
	}
}

func createTable() *protocol.Write {
	return &protocol.Write{Tables: &protocol.PutTables{Tables: []protocol.Table{
		{Number: 1, Name: "finance", Indicators: []protocol.Indicator{{ID: "income", Code: "1001"}}},
	}}}
}

// sequence numbers the writes of put.
var sequence uint64

// put returns a write of one value of a subject.
func put(subject string, value float64) *protocol.Write {
	sequence++
	return &protocol.Write{Put: &protocol.Put{
		Reports: []protocol.Report{{Subject: subject, Values: []float64{value}}},
		Origin:  protocol.Origin{Client: protocol.ClientID{'t'}, Sequence: sequence},
	}}
}

// value returns what a node says of a subject; -1 = nothing.
func (n *node) value(subject string) float64 {
	n.t.Helper()
	var r protocol.Result
	if err := n.state.Engine().Get(&protocol.Get{Subject: subject}, &r); err != nil || len(r.Values) == 0 {
		return -1
	}
	return r.Values[0]
}
