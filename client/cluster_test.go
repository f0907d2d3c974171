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
	for i := range 80 {
		wg.Go(func() {
			if got := servedBy(t, c, fmt.Sprint(i)); got != 1 {
				t.Errorf("node %d answered", got)
			}
		})
	}
	wg.Wait()
	if s := statusOf(t, c, nodes[0]); s.State != client.NodeBroken || len(s.Breakers) != 1 ||
		s.Breakers[0].Op != protocol.OpRecent || s.Breakers[0].State != client.BreakerOpen || s.Breakers[0].Failures < 5 {
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
		_ = c.Snapshot(background(), ranking(), &r) // some are refused as long as the breakers are open
		a, b := c.Nodes()[0], c.Nodes()[1]
		return a.State == client.NodeReady && b.State == client.NodeReady &&
			a.Breakers[0].State == client.BreakerClosed && b.Breakers[0].State == client.BreakerClosed
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
	if s := statusOf(t, c, nodes[0]); s.Breakers[0].State != client.BreakerClosed {
		t.Errorf("status %+v", s)
	}
}

// A cluster that is started anew answers "unavailable" for a while. Breakers that opened over that would go on to refuse what
// could be answered.
func TestNodesThatWereNotReadyAreAskedOnceTheyAre(t *testing.T) {
	var ready atomic.Bool
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if !ready.Load() && q.Op != protocol.OpPing {
				p.refuse(q, protocol.CodeUnavailable, "starting")
				return
			}
			answers(i)(p, q)
		}
	})
	o := clusterOptions(members)
	o.RetryShare = -1
	c := whole(t, o, nodes)
	var r protocol.Result
	for range 50 {
		if err := c.Recent(background(), recent("x"), &r); !errors.Is(err, protocol.ErrUnavailable) {
			t.Fatalf("error is %v", err)
		}
	}
	ready.Store(true)
	for i := range 50 {
		servedBy(t, c, fmt.Sprint(i)) // fails the test when it fails
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
