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

// The less busy of two: a node that takes its time gets few of the requests.
func TestRankingsGoToTheLessBusyNode(t *testing.T) {
	const takes = 10 * time.Millisecond
	var asked [2]atomic.Int64
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if q.Op == protocol.OpPing {
				p.reply(q, 1, protocol.Empty{})
				return
			}
			asked[i].Add(1)
			if i == 0 {
				q = q.later()
				time.AfterFunc(takes, func() { p.reply(q, 1, one("33:1")); p.flush() })
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
	wg.Wait()
	if slow, quick := asked[0].Load(), asked[1].Load(); slow*2 > quick {
		t.Errorf("the node that takes %v got %d, the other one %d", takes, slow, quick)
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
