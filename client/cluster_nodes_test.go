package client_test

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
	"github.com/kamaitachi/kamaitachi/server"
)

// realNode is a node of this machine that can be stopped and started again at its address.
type realNode struct {
	t    testing.TB
	o    server.Options
	node *server.Node
}

func (n *realNode) start() {
	n.t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		node, err := server.Open(n.o)
		if err == nil {
			n.node, n.o.Listen = node, node.Addr().String()
			return
		}
		if time.Now().After(end) {
			n.t.Fatal(err)
		}
	}
}

func (n *realNode) stop() {
	if n.node != nil {
		_ = n.node.Close()
		n.node = nil
	}
}

// realCluster starts nodes with equal data. They are copies of one store, so that they are of one cluster.
func realCluster(t testing.TB, n, subjects int) []*realNode {
	t.Helper()
	fs := vfs.NewCrashableMem()
	o := server.Options{Dir: "data", Logger: slog.New(slog.DiscardHandler)}
	o.Catalog = []protocol.Table{{Number: 1, Name: "finance", DefaultReportType: "0408",
		Indicators: []protocol.Indicator{{ID: "x", Code: "1001"}}}}
	o.Store.FS = fs
	first, err := server.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	put := &protocol.Put{}
	for i := range subjects {
		put.Reports = append(put.Reports, protocol.Report{Subject: fmt.Sprintf("33:%06d", i), ReportDate: 1_672_444_800, Values: []float64{float64(i)}})
	}
	if _, err := first.Put(background(), put); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	nodes := make([]*realNode, n)
	for i := range nodes {
		copied := o
		copied.Listen = "127.0.0.1:0"
		copied.Store.FS = fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 100, RNG: rand.New(rand.NewPCG(1, 2))})
		nodes[i] = &realNode{t: t, o: copied}
		nodes[i].start()
		t.Cleanup(nodes[i].stop)
	}
	return nodes
}

// Three nodes under load, each stopped and started again: no read fails, and every answer is right.
func TestNoReadFailsWhileRealNodesRestart(t *testing.T) {
	const subjects = 300
	nodes := realCluster(t, 3, subjects)
	var addrs []string
	for _, n := range nodes {
		addrs = append(addrs, n.o.Listen)
	}
	c := open(t, client.Options{Addresses: addrs})
	var stopped atomic.Bool
	var readers sync.WaitGroup
	for g := range 8 {
		readers.Go(func() {
			for i := g; !stopped.Load(); i++ {
				askReal(t, c, i%subjects)
			}
		})
	}
	defer func() { stopped.Store(true); readers.Wait() }()
	for i, n := range nodes {
		n.stop()
		eventually(t, fmt.Sprintf("node %d is away", i), func() bool { return stateOf(c, n.o.Listen) == client.NodeAway })
		n.start()
		eventually(t, fmt.Sprintf("node %d is back", i), func() bool { return stateOf(c, n.o.Listen) == client.NodeReady })
	}
}

// askReal reads one subject and a ranking and holds the answers against the data.
func askReal(t testing.TB, c *client.Client, i int) {
	var r protocol.Result
	key := fmt.Sprintf("33:%06d", i)
	if err := c.Recent(background(), recent(key), &r); err != nil || r.Rows() != 1 || r.Values[0] != float64(i) {
		t.Errorf("recent of %s: %v, %v", key, r.Values, err)
	}
	q := &protocol.Snapshot{View: protocol.View{IDs: []string{"x"}}, Ranking: protocol.Ranking{Field: "x"}, Subjects: []string{"33:000001", key, "33:000002"}}
	if err := c.Snapshot(background(), q, &r); err != nil || r.Values[0] != float64(max(i, 2)) {
		t.Errorf("ranking with %s: %v, %v", key, r.Values, err)
	}
}

func stateOf(c *client.Client, addr string) client.NodeState {
	for _, s := range c.Nodes() {
		if s.Addr == addr {
			return s.State
		}
	}
	return client.NodeAway
}

// What a node reads from its cache is its own share: real nodes answer forwarded requests as they answer the SDK.
func TestForwardedReadsAreAnsweredAsTheSDKs(t *testing.T) {
	nodes := realCluster(t, 2, 10)
	c := open(t, client.Options{Addresses: []string{nodes[0].o.Listen, nodes[1].o.Listen}})
	var reply client.RawReply
	var want, got protocol.Result
	for i := range 10 {
		q := recent(fmt.Sprintf("33:%06d", i))
		if err := c.Recent(background(), q, &want); err != nil {
			t.Fatal(err)
		}
		if err := c.Forward(background(), &client.Raw{Op: protocol.OpRecent, Payload: q.AppendTo(nil)}, &reply); err != nil {
			t.Fatal(err)
		}
		if err := got.Decode(reply.Payload); err != nil || reply.Applied != want.Applied || got.Subjects[0].Key != want.Subjects[0].Key || got.Values[0] != want.Values[0] {
			t.Errorf("subject %d: %v, %v, want %v", i, got.Values, err, want.Values)
		}
	}
}

// Benchmarks of three nodes that answer at once: what routing costs.
func BenchmarkCluster(b *testing.B) {
	q2, r2 := scenario2()
	q3, r3 := scenario3()
	start := func(b *testing.B, m protocol.Message) *client.Client {
		nodes, members := several(b, 3, func(int) func(*peer, request) { return canned(m) })
		return whole(b, clusterOptions(members), nodes)
	}
	b.Run("scenario2", func(b *testing.B) {
		c := start(b, r2)
		run(b, 150, func(r *protocol.Result) error { return c.Recent(background(), q2, r) })
	})
	b.Run("scenario3", func(b *testing.B) {
		c := start(b, r3)
		run(b, 150, func(r *protocol.Result) error { return c.Snapshot(background(), q3, r) })
	})
}

func TestAWarmReadOfAClusterAllocatesAlmostNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	q, answer := scenario3()
	nodes, members := several(t, 3, func(int) func(*peer, request) { return canned(answer) })
	c := whole(t, clusterOptions(members), nodes)
	var r protocol.Result
	read := func() {
		if err := c.Snapshot(background(), q, &r); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		read()
	}
	if got := testing.AllocsPerRun(2_000, read); got > 2 {
		t.Errorf("a warm read allocates %v times, want 2 at most (the texts and the subjects of the answer)", got)
	}
}
