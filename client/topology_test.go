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

// notices is a Discovery that delivers what a test sends.
type notices chan []client.Member

func (n notices) Watch(ctx context.Context, deliver func([]client.Member)) error {
	for {
		select {
		case members, ok := <-n:
			if !ok {
				return errors.New("the registry went away")
			}
			deliver(members)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// several starts n fake nodes and returns them with the members that they are.
func several(t testing.TB, n int, handle func(i int) func(*peer, request)) ([]*fakeNode, []client.Member) {
	t.Helper()
	nodes, members := make([]*fakeNode, n), make([]client.Member, n)
	for i := range n {
		nodes[i] = node(t, handle(i))
		members[i] = client.Member{ID: fmt.Sprint("node-", i), Addr: nodes[i].addr()}
	}
	return nodes, members
}

// answers returns a handler for each of several nodes that answers recent queries with the node's number as applied index.
func answers(i int) func(*peer, request) {
	return func(p *peer, q request) {
		if q.Op == protocol.OpRecent {
			p.reply(q, uint64(100+i), one(subjectOf(q)))
			return
		}
		p.reply(q, uint64(100+i), protocol.Empty{})
	}
}

// clusterOptions returns those of a client of members, with nothing that makes a test wait.
func clusterOptions(members []client.Member) client.Options {
	o := optionsOf()
	o.Discovery = client.Static(members...)
	return o
}

// servedBy returns the index of the node that answers a recent query of the subject.
func servedBy(t testing.TB, c *client.Client, key string) int {
	t.Helper()
	var r protocol.Result
	if err := c.Recent(background(), recent(key), &r); err != nil {
		t.Error(err)
	}
	return int(r.Applied) - 100
}

func TestASubjectIsAlwaysAskedOfTheSameNodeWhateverTheProgramKnows(t *testing.T) {
	nodes, members := several(t, 3, answers)
	discovered := open(t, clusterOptions(members))
	listed := open(t, optionsOf(nodes[2].addr(), nodes[0].addr(), nodes[1].addr()))
	eventually(t, "all nodes are there", func() bool { return nodes[0].greeted.Load()+nodes[1].greeted.Load()+nodes[2].greeted.Load() == 12 })
	var seen [3]bool
	for i := range 64 {
		key := fmt.Sprint("33:", i)
		want := servedBy(t, discovered, key)
		seen[want] = true
		if got := servedBy(t, listed, key); got != want {
			t.Errorf("%s was asked of %d and of %d", key, want, got)
		}
	}
	if seen != [3]bool{true, true, true} {
		t.Errorf("nodes that were asked: %v", seen)
	}
}

// Members come and go under load: no read fails, and a node that left is not asked any more.
func TestMembersComeAndGoWithoutAFailedRead(t *testing.T) {
	nodes, members := several(t, 4, answers)
	watch := make(notices, 1)
	o := clusterOptions(nil)
	o.Discovery = watch
	watch <- members[:3]
	c := open(t, o)
	var stop atomic.Bool
	var done atomic.Int64
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := 0; !stop.Load(); i++ {
				servedBy(t, c, fmt.Sprint(g, ":", i%100))
				done.Add(1)
			}
		})
	}
	for _, list := range [][]client.Member{members[1:], members[2:], members[:1], members, members[3:]} {
		from := done.Load()
		watch <- list
		eventually(t, "reads go on", func() bool { return done.Load() > from+200 })
	}
	stop.Store(true)
	wg.Wait()
	eventually(t, "nodes that left are let go", func() bool {
		return nodes[0].conns() == 0 && nodes[1].conns() == 0 && nodes[2].conns() == 0
	})
	if got := servedBy(t, c, "x"); got != 3 {
		t.Errorf("node %d was asked, the cluster is node 3", got)
	}
}

// What a node that leaves has in flight is answered, and its connections are closed only then.
func TestANodeThatLeavesAnswersWhatItHas(t *testing.T) {
	came, release := make(chan struct{}), make(chan struct{})
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if i == 0 {
				close(came)
				<-release
			}
			answers(i)(p, q)
		}
	})
	watch := make(notices, 1)
	o := clusterOptions(nil)
	o.Discovery = watch
	watch <- members[:1]
	c := open(t, o)
	answered := make(chan int)
	go func() { answered <- servedBy(t, c, "slow") }()
	receive(t, "the read", came)
	watch <- members[1:]
	eventually(t, "the other node is known", func() bool { return nodes[1].greeted.Load() > 0 })
	if got := servedBy(t, c, "quick"); got != 1 {
		t.Errorf("node %d answered, want the one that is there", got)
	}
	close(release)
	if got := receive(t, "the answer", answered); got != 0 {
		t.Errorf("node %d answered, want the one that left", got)
	}
}

// Close waits for what is in flight on a node that left before it.
func TestCloseWaitsForANodeThatLeaves(t *testing.T) {
	came, release := make(chan struct{}), make(chan struct{})
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if i == 0 {
				close(came)
				<-release
			}
			answers(i)(p, q)
		}
	})
	watch := make(notices, 1)
	o := clusterOptions(nil)
	o.Discovery, o.CloseTimeout = watch, patience
	watch <- members[:1]
	c := open(t, o)
	answered, closed := make(chan int, 1), make(chan error, 1)
	go func() { answered <- servedBy(t, c, "slow") }()
	receive(t, "the read", came)
	watch <- members[1:]
	eventually(t, "the other node is known", func() bool { return nodes[1].greeted.Load() > 0 })
	go func() { closed <- c.Close() }()
	eventually(t, "the client closes", func() bool { return errors.Is(c.Ping(background()), client.ErrClosed) })
	close(release)
	if got := receive(t, "the answer", answered); got != 0 {
		t.Errorf("node %d answered, want the one that left", got)
	}
	if err := receive(t, "the end of Close", closed); err != nil {
		t.Error(err)
	}
}

// A node that left and never answers is let go after DrainTimeout; its reads are sent to another one.
func TestANodeThatLeavesIsWaitedForNotForEver(t *testing.T) {
	came := make(chan struct{})
	_, members := several(t, 2, func(i int) func(*peer, request) {
		if i == 0 {
			return func(*peer, request) { close(came) }
		}
		return answers(i)
	})
	watch := make(notices, 1)
	o := clusterOptions(nil)
	o.Discovery, o.DrainTimeout = watch, shortly
	watch <- members[:1]
	c := open(t, o)
	answered := make(chan int)
	go func() { answered <- servedBy(t, c, "slow") }()
	receive(t, "the read", came)
	watch <- members[1:]
	if got := receive(t, "the answer", answered); got != 1 {
		t.Errorf("node %d answered, want the other one", got)
	}
}

func TestListsThatCannotBeLeaveTheLastOneStanding(t *testing.T) {
	_, members := several(t, 2, answers)
	watch, told := make(notices), make(chan struct{})
	o := clusterOptions(nil)
	o.Discovery = watch
	go func() {
		defer close(told)
		watch <- nil
		watch <- []client.Member{{ID: "x", Addr: "no address"}}
		watch <- members
		watch <- nil
		watch <- []client.Member{members[0], members[0]}
		close(watch)
	}()
	c := open(t, o)
	receive(t, "the end of the notices", told)
	for i := range 10 {
		servedBy(t, c, fmt.Sprint(i))
	}
}

func TestOpenWaitsForMembersUntilItsContextEnds(t *testing.T) {
	o := clusterOptions(nil)
	o.Discovery = make(notices)
	ctx, cancel := context.WithTimeout(background(), shortly)
	defer cancel()
	if _, err := client.Open(ctx, o); !errors.Is(err, client.ErrNoMembers) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error is %v", err)
	}
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v in vain until %s", patience, what)
		}
	}
}
