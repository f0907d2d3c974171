package client_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// ranking asks for a ranking, which any node answers.
func ranking() *protocol.Snapshot {
	return &protocol.Snapshot{View: protocol.View{IDs: []string{"x"}}, Topic: "all"}
}

// whole opens a client and waits until it is connected to every node.
func whole(t testing.TB, o client.Options, nodes []*fakeNode) *client.Client {
	t.Helper()
	c := open(t, o)
	eventually(t, "all nodes are there", func() bool {
		ready := 0
		for _, n := range c.Nodes() {
			if n.State != client.NodeAway {
				ready++
			}
		}
		return ready == len(nodes)
	})
	return c
}

// statusOf returns what the client knows of a node.
func statusOf(t testing.TB, c *client.Client, n *fakeNode) client.NodeStatus {
	t.Helper()
	for _, s := range c.Nodes() {
		if s.Addr == n.addr() {
			return s
		}
	}
	t.Fatalf("%s is not known", n.addr())
	panic("unreachable")
}

// keyOf returns a subject whose first node on the ring is nodes[want].
func keyOf(t testing.TB, c *client.Client, want int) string {
	t.Helper()
	for i := range 1000 {
		if key := fmt.Sprint("33:", i); servedBy(t, c, key) == want {
			return key
		}
	}
	t.Fatal("no subject belongs to the node")
	panic("unreachable")
}

// hammer reads from several goroutines until the function that it returns is called. Every read must succeed.
func hammer(t testing.TB, c *client.Client) (done *atomic.Int64, stop func()) {
	t.Helper()
	done = new(atomic.Int64)
	var stopped atomic.Bool
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			var r protocol.Result
			for i := 0; !stopped.Load(); i++ {
				err := c.Recent(background(), recent(fmt.Sprint(g, ":", i%50)), &r)
				if err == nil {
					err = c.Snapshot(background(), ranking(), &r)
				}
				if err != nil {
					t.Errorf("read failed: %v", err)
				}
				done.Add(1)
			}
		})
	}
	return done, func() { stopped.Store(true); wg.Wait() }
}

// reads answers every read and ping at once.
func reads(i int) func(*peer, request) {
	return func(p *peer, q request) {
		if q.Op == protocol.OpPing {
			p.reply(q, uint64(100+i), protocol.Empty{})
			return
		}
		p.reply(q, uint64(100+i), one("33:1"))
	}
}

func TestNoReadFailsWhenANodeStopsAndComesBack(t *testing.T) {
	nodes, members := several(t, 3, reads)
	c := whole(t, clusterOptions(members), nodes)
	done, stop := hammer(t, c)
	defer stop()
	for round := range 3 {
		n := nodes[round]
		addr := n.addr()
		n.stop()
		from := done.Load()
		eventually(t, "reads go on", func() bool { return done.Load() > from+500 })
		n.start(addr)
		eventually(t, "the node is asked again", func() bool { return statusOf(t, c, n).State == client.NodeReady })
	}
	for _, s := range c.Nodes() {
		if s.ID == "" || s.Conns == 0 || s.Applied < 100 {
			t.Errorf("status %+v", s)
		}
	}
}

// A node that accepts connections and requests and never says anything again.
func TestNoReadFailsWhenANodeHangs(t *testing.T) {
	var hung atomic.Bool
	nodes, members := several(t, 3, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if i == 0 && hung.Load() {
				return
			}
			reads(i)(p, q)
		}
	})
	nodes[0].greet = func(*peer, *protocol.Hello) bool {
		for hung.Load() {
			time.Sleep(time.Millisecond)
		}
		return true
	}
	t.Cleanup(func() { hung.Store(false) })
	o := clusterOptions(members)
	o.StallTimeout = 4 * shortly
	c := whole(t, o, nodes)
	done, stop := hammer(t, c)
	defer stop()
	hung.Store(true)
	eventually(t, "the hung node is away", func() bool { return statusOf(t, c, nodes[0]).State == client.NodeAway })
	from := done.Load()
	eventually(t, "reads go on", func() bool { return done.Load() > from+500 })
	hung.Store(false)
	defer func() { t.Logf("%+v", statusOf(t, c, nodes[0])) }()
	eventually(t, "the node is asked again", func() bool { return statusOf(t, c, nodes[0]).State == client.NodeReady })
}

// A node whose loop lives and whose reads hang costs each read TryTimeout, until its breaker opens.
func TestReadsThatHangAreSentElsewhereAndOpenTheBreaker(t *testing.T) {
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if i == 0 && q.Op != protocol.OpPing {
				return
			}
			answers(i)(p, q)
		}
	})
	o := clusterOptions(members)
	o.TryTimeout = 150 * time.Millisecond
	c := whole(t, o, nodes)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if got := servedBy(t, c, fmt.Sprint(i)); got != 1 {
				t.Errorf("node %d answered", got)
			}
		})
	}
	wg.Wait()
	if s := statusOf(t, c, nodes[0]); s.State != client.NodeBroken || s.Breaker.State != client.BreakerOpen || s.Breaker.Failures < 5 {
		t.Errorf("status %+v, want an open breaker", s)
	}
	from := c.Counts().Retries
	for i := range 40 {
		servedBy(t, c, fmt.Sprint(i))
	}
	if got := c.Counts().Retries; got != from {
		t.Errorf("%d reads went to the broken node", got-from)
	}
}

func TestWhenAllBreakersAreOpenCallsFailAtOnce(t *testing.T) {
	var sick atomic.Bool
	sick.Store(true)
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if sick.Load() && q.Op != protocol.OpPing {
				p.refuse(q, protocol.CodeInternal, "a fault of ours")
				return
			}
			answers(i)(p, q)
		}
	})
	o := clusterOptions(members)
	o.BreakerPause = 5 * shortly
	c := whole(t, o, nodes)
	var r protocol.Result
	eventually(t, "the circuit is open", func() bool {
		return errors.Is(c.Snapshot(background(), ranking(), &r), client.ErrCircuitOpen)
	})
	if c.Counts().Broken == 0 {
		t.Error("not counted")
	}
	sick.Store(false)
	eventually(t, "both nodes are well", func() bool {
		_ = c.Ping(background()) // some are refused as long as the breakers are open
		a, b := c.Nodes()[0], c.Nodes()[1]
		return a.State == client.NodeReady && b.State == client.NodeReady &&
			a.Breaker.State == client.BreakerClosed && b.Breaker.State == client.BreakerClosed
	})
}

// Overload is no fault of a node: its breaker stays closed, and reads go where there is room.
func TestOverloadOpensNoBreaker(t *testing.T) {
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if i == 0 && q.Op != protocol.OpPing {
				p.refuse(q, protocol.CodeOverloaded, "later")
				return
			}
			answers(i)(p, q)
		}
	})
	c := whole(t, clusterOptions(members), nodes)
	for i := range 100 {
		if got := servedBy(t, c, fmt.Sprint(i)); got != 1 {
			t.Errorf("node %d answered", got)
		}
	}
	if s := statusOf(t, c, nodes[0]); s.Breaker.State != client.BreakerClosed {
		t.Errorf("status %+v", s)
	}
}

func TestTheRetryBudgetEndsRepetitions(t *testing.T) {
	nodes, members := several(t, 2, func(int) func(*peer, request) {
		return func(p *peer, q request) { p.refuse(q, protocol.CodeOverloaded, "later") }
	})
	c := whole(t, clusterOptions(members), nodes)
	var r protocol.Result
	eventually(t, "the budget is spent", func() bool {
		err := c.Recent(background(), recent("x"), &r)
		if !errors.Is(err, protocol.ErrOverloaded) {
			t.Fatalf("error is %v", err)
		}
		return errors.Is(err, client.ErrRetryBudget)
	})
	if got := c.Counts(); got.OverSpent == 0 || got.Retries < 1000 {
		t.Errorf("counts %+v, want 1000 repetitions and one that was refused", got)
	}
}

// A node that is behind is asked only when there is no other; PING tells when it has caught up.
func TestANodeThatLagsIsNotAsked(t *testing.T) {
	var behind atomic.Int64
	behind.Store(1000)
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			applied := uint64(5000)
			if i == 0 {
				applied -= uint64(behind.Load())
			}
			if q.Op == protocol.OpPing {
				p.reply(q, applied, protocol.Empty{})
				return
			}
			p.reply(q, applied, one("33:1"))
		}
	})
	o := clusterOptions(members)
	o.MaxLag = 999
	c := whole(t, o, nodes)
	lagging := func() bool { return statusOf(t, c, nodes[0]).State == client.NodeLagging }
	eventually(t, "the lag is known", lagging)
	var r protocol.Result
	read := func(i int) uint64 {
		t.Helper()
		if err := errors.Join(c.Recent(background(), recent(fmt.Sprint(i)), &r), c.Snapshot(background(), ranking(), &r)); err != nil {
			t.Fatal(err)
		}
		return r.Applied
	}
	for i := range 50 {
		if got := read(i); got != 5000 {
			t.Errorf("read at %d", got)
		}
	}
	if s := statusOf(t, c, nodes[0]); s.Lag != 1000 || s.Applied != 4000 || c.Applied() != 5000 {
		t.Errorf("status %+v of %d", s, c.Applied())
	}
	behind.Store(999)
	eventually(t, "it has caught up", func() bool { return !lagging() })
	behind.Store(2000)
	eventually(t, "it lags again", lagging)
	nodes[1].stop()
	if got := read(0); got != 3000 {
		t.Errorf("read at %d, of the node that is left", got)
	}
}

// Read your writes: the node that is known to have the index is asked first.
func TestAReadOfAnIndexGoesToANodeThatHasIt(t *testing.T) {
	nodes, members := several(t, 3, answers)
	c := whole(t, clusterOptions(members), nodes)
	eventually(t, "applied indexes are known", func() bool {
		return statusOf(t, c, nodes[0]).Applied == 100 && statusOf(t, c, nodes[1]).Applied == 101 && statusOf(t, c, nodes[2]).Applied == 102
	})
	var r protocol.Result
	for i := range 30 {
		if err := c.Recent(client.AtLeast(background(), 102), recent(fmt.Sprint(i)), &r); err != nil || r.Applied != 102 {
			t.Errorf("read at %d, error %v", r.Applied, err)
		}
	}
}

// The less busy of two: a node that keeps its requests gets few of them.
func TestRankingsGoToTheLessBusyNode(t *testing.T) {
	var asked [2]atomic.Int64
	held := make(chan func(), 1024)
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if q.Op == protocol.OpPing {
				p.reply(q, 1, protocol.Empty{})
				return
			}
			asked[i].Add(1)
			if i == 0 {
				q = q.later()
				held <- func() { p.reply(q, 1, one("33:1")); p.flush() }
				return
			}
			p.reply(q, 1, one("33:1"))
		}
	})
	c := whole(t, clusterOptions(members), nodes)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for range 100 {
				if err := c.Snapshot(background(), ranking(), &protocol.Result{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	eventually(t, "the quick node has answered nearly all", func() bool { return asked[0].Load()+asked[1].Load() >= 1500 || len(held) >= 16 })
	finished := make(chan struct{})
	go func() { wg.Wait(); close(finished) }()
	for open := true; open; {
		select {
		case answer := <-held:
			answer()
		case <-finished:
			open = false
		}
	}
	if slow, quick := asked[0].Load(), asked[1].Load(); slow*2 > quick {
		t.Errorf("the node that keeps its requests got %d, the other one %d", slow, quick)
	}
}

// At asks one node, whatever the ring and the load say, and no other in its place.
func TestAtAsksOneNodeOnly(t *testing.T) {
	nodes, members := several(t, 3, answers)
	c := whole(t, clusterOptions(members), nodes)
	var r protocol.Result
	for i, n := range nodes {
		for range 5 {
			if err := c.Recent(client.At(background(), n.addr()), recent("33:1"), &r); err != nil || int(r.Applied) != 100+i {
				t.Errorf("node %d: answered by %d, %v", i, r.Applied-100, err)
			}
		}
	}
	nodes[1].stop()
	ctx, cancel := context.WithTimeout(client.At(background(), nodes[1].addr()), 5*shortly)
	defer cancel()
	if err := c.Recent(ctx, recent("33:1"), &r); err == nil {
		t.Error("another node answered for the one that is away")
	}
	if err := c.Ping(client.At(background(), "127.0.0.1:1")); !errors.Is(err, client.ErrUnreachable) {
		t.Errorf("error is %v", err)
	}
}

// Everything restarts at once: calls wait for the first node that is back.
func TestCallsWaitWhileTheWholeClusterIsAway(t *testing.T) {
	nodes, members := several(t, 2, answers)
	c := whole(t, clusterOptions(members), nodes)
	addr := nodes[1].addr()
	nodes[0].stop()
	nodes[1].stop()
	eventually(t, "all are away", func() bool {
		return c.Nodes()[0].State == client.NodeAway && c.Nodes()[1].State == client.NodeAway
	})
	answered := make(chan int)
	go func() { answered <- servedBy(t, c, "x") }()
	nodes[1].start(addr)
	if got := receive(t, "the answer", answered); got != 1 {
		t.Errorf("node %d answered", got)
	}
	ctx, cancel := context.WithTimeout(background(), 5*shortly)
	defer cancel()
	nodes[1].stop()
	wantError(t, c.Ping(ctx), client.StageDial, context.DeadlineExceeded)
}
