package client_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// electorate is a set of fake nodes of which one takes writes; the others name it, or nobody.
type electorate struct {
	nodes  []*fakeNode
	master atomic.Int32 // index; -1 = an election goes on
	writes []atomic.Int32
	begun  func(i int, p *peer, q request) bool // when not nil and true, it has dealt with the write
}

func newElectorate(t testing.TB, n int) (*electorate, []client.Member) {
	e := &electorate{writes: make([]atomic.Int32, n)}
	var members []client.Member
	for i := range n {
		f := &fakeNode{handle: func(p *peer, q request) { e.handle(i, p, q) }}
		knowing(f).start("127.0.0.1:0")
		t.Cleanup(f.stop)
		e.nodes = append(e.nodes, f)
		members = append(members, client.Member{Addr: f.addr()})
	}
	return e, members
}

func (e *electorate) handle(i int, p *peer, q request) {
	if !q.Op.Writes() && q.Flags&protocol.FlagLinearizable == 0 {
		reads(i)(p, q)
		return
	}
	e.writes[i].Add(1)
	switch master := int(e.master.Load()); {
	case e.begun != nil && e.begun(i, p, q):
	case master == i && q.Op.Writes():
		p.reply(q, 200, protocol.Empty{})
	case master == i:
		p.reply(q, 200, one("33:1"))
	case master < 0:
		p.send(replyFrame(q.ID, protocol.CodeNotMaster, 0, &protocol.Error{Message: "an election goes on"}))
	default:
		p.send(replyFrame(q.ID, protocol.CodeNotMaster, 0, &protocol.Error{Message: "not here", Detail: e.nodes[master].addr()}))
	}
}

// asked returns how many writes came to each node since it was last called.
func (e *electorate) asked() (counts []int32) {
	for i := range e.writes {
		counts = append(counts, e.writes[i].Swap(0))
	}
	return counts
}

func remove(t testing.TB, c *client.Client) {
	t.Helper()
	if index, err := c.Delete(background(), &protocol.Delete{}); err != nil || index != 200 {
		t.Errorf("index %d, error %v", index, err)
	}
}

func TestWritesFindTheMasterAndStayWithIt(t *testing.T) {
	e, members := newElectorate(t, 3)
	c := whole(t, clusterOptions(members), e.nodes)
	for _, master := range []int{2, 0, 1} {
		e.master.Store(int32(master))
		remove(t, c)
		if counts := e.asked(); counts[master] != 1 || counts[0]+counts[1]+counts[2] > 2 {
			t.Errorf("master %d: writes came to %v, want the master and at most one other", master, counts)
		}
		for range 20 {
			remove(t, c)
		}
		if counts := e.asked(); counts[master] != 20 {
			t.Errorf("master %d: later writes came to %v", master, counts)
		}
		if s := statusOf(t, c, e.nodes[master]); !s.Master {
			t.Errorf("status %+v, want the master's", s)
		}
	}
}

func TestTheMastersRoleIsBelievedBeforeTheFirstWrite(t *testing.T) {
	e, members := newElectorate(t, 3)
	e.master.Store(1)
	members[1].Role = "master"
	c := whole(t, clusterOptions(members), e.nodes)
	remove(t, c)
	if counts := e.asked(); counts[0]+counts[2] != 0 {
		t.Errorf("writes came to %v", counts)
	}
}

func TestLinearizableReadsGoToTheMaster(t *testing.T) {
	e, members := newElectorate(t, 3)
	e.master.Store(2)
	c := whole(t, clusterOptions(members), e.nodes)
	var r protocol.Result
	for i := range 10 {
		if err := c.Recent(client.Linearizable(background()), recent("33:1"), &r); err != nil || r.Applied != 200 {
			t.Errorf("read %d: index %d, error %v", i, r.Applied, err)
		}
	}
	if counts := e.asked(); counts[2] != 10 || counts[0]+counts[1] > 1 {
		t.Errorf("reads came to %v", counts)
	}
}

// A client that knows one node only follows its word to a node that it did not know.
func TestARedirectionToANodeThatIsNotListed(t *testing.T) {
	e, _ := newElectorate(t, 2)
	e.master.Store(1)
	c := open(t, e.nodes[0].options())
	remove(t, c)
	remove(t, c)
	if counts := e.asked(); counts[0] != 1 || counts[1] != 2 {
		t.Errorf("writes came to %v, want one asked of the node that is listed", counts)
	}
	var r protocol.Result
	for range 10 {
		if err := c.Snapshot(background(), ranking(), &r); err != nil || r.Applied != 100 {
			t.Errorf("read at %d, %v: the guest was asked", r.Applied, err)
		}
	}
	if all := c.Nodes(); len(all) != 2 || !all[1].Guest || !all[1].Master {
		t.Errorf("nodes %+v", all)
	}
}

// The master dies, the others name it until they have elected another: writes wait, and none fails or is done twice.
func TestWritesWaitForTheNextMaster(t *testing.T) {
	e, members := newElectorate(t, 3)
	c := whole(t, clusterOptions(members), e.nodes)
	remove(t, c)
	e.nodes[0].stop()
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { remove(t, c) })
	}
	retries := func() uint64 { return c.Counts().Retries }
	eventually(t, "writes are tried in vain", func() bool { return retries() > 60 })
	e.master.Store(-1)
	from := retries()
	eventually(t, "writes are tried in vain", func() bool { return retries() > from+60 })
	e.asked()
	e.master.Store(2)
	wg.Wait()
	if counts := e.asked(); counts[2] != 20 {
		t.Errorf("writes came to %v, want each once to the new master", counts)
	}
}

// The master dies with a write: it is sent to the next one as the same write.
func TestAWriteThatDiedWithTheMasterIsRepeatedAsTheSame(t *testing.T) {
	e, members := newElectorate(t, 2)
	var mu sync.Mutex
	var origins []protocol.Origin
	e.begun = func(i int, p *peer, q request) bool {
		mu.Lock()
		defer mu.Unlock()
		if i == 0 || e.master.Load() == 1 {
			origins = append(origins, originOf(q))
		}
		if i == 0 {
			e.master.Store(1)
			_ = p.nc.Close()
			return true
		}
		return false
	}
	members[0].Role = "master"
	c := whole(t, clusterOptions(members), e.nodes)
	remove(t, c)
	mu.Lock()
	defer mu.Unlock()
	if len(origins) < 2 || !origins[0].Given() || origins[len(origins)-1] != origins[0] {
		t.Errorf("origins %v, want the same twice", origins)
	}
}

func TestAWriteWithoutAMasterFailsAtItsDeadline(t *testing.T) {
	e, members := newElectorate(t, 3)
	e.master.Store(-1)
	c := whole(t, clusterOptions(members), e.nodes)
	ctx, cancel := context.WithTimeout(background(), 5*shortly)
	defer cancel()
	_, err := c.Delete(ctx, &protocol.Delete{})
	if !errors.Is(err, protocol.ErrNotMaster) { // whether the deadline passed between tries or in one
		t.Errorf("error is %v", err)
	}
	if d, _ := ctx.Deadline(); time.Until(d) > 4*shortly {
		t.Error("it gave up at once")
	}
}

// Two nodes that name each other do not keep a call busy.
func TestNodesThatNameEachOtherAreAskedWithPauses(t *testing.T) {
	e, members := newElectorate(t, 2)
	e.begun = func(i int, p *peer, q request) bool {
		p.send(replyFrame(q.ID, protocol.CodeNotMaster, 0, &protocol.Error{Detail: e.nodes[1-i].addr()}))
		return true
	}
	o := clusterOptions(members)
	o.RetryBackoff = shortly
	c := whole(t, o, e.nodes)
	ctx, cancel := context.WithTimeout(background(), 5*shortly)
	defer cancel()
	_, err := c.Delete(ctx, &protocol.Delete{})
	if !errors.Is(err, protocol.ErrNotMaster) {
		t.Errorf("error is %v", err)
	}
	if counts := e.asked(); counts[0]+counts[1] > 20 {
		t.Errorf("asked %v times", counts)
	}
}

func TestForwardedWritesFindTheMasterToo(t *testing.T) {
	e, members := newElectorate(t, 3)
	c := whole(t, clusterOptions(members), e.nodes)
	w := &protocol.Delete{Origin: protocol.Origin{Client: protocol.ClientID{1}, Sequence: 7}}
	q := client.Raw{Op: protocol.OpDelete, Payload: w.AppendTo(nil)}
	var r client.RawReply
	for _, master := range []int32{2, 1, 0} {
		e.master.Store(master)
		if err := c.Forward(background(), &q, &r); err != nil || r.Code != protocol.CodeOK || r.Applied != 200 || r.Addr != e.nodes[master].addr() {
			t.Errorf("reply %+v, error %v", r, err)
		}
	}
}
