package client_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// inbox is the sink and the waker of a test.
type inbox struct {
	replies chan *client.Relayed // with payloads of their own
	wakes   atomic.Int64
}

func newInbox() *inbox { return &inbox{replies: make(chan *client.Relayed, 1<<12)} }

func (b *inbox) Replied(r *client.Relayed) client.Waker {
	r.Reply.Payload = bytes.Clone(r.Reply.Payload)
	b.replies <- r
	return b
}

func (b *inbox) Wake() { b.wakes.Add(1) }

// relayed returns a request for the inbox.
func (b *inbox) relayed(op protocol.Op, m protocol.Message) *client.Relayed {
	return &client.Relayed{Raw: client.Raw{Op: op, Payload: m.AppendTo(nil)}, To: b}
}

// next returns the next reply, which must be OK.
func (b *inbox) next(t testing.TB) *client.Relayed {
	t.Helper()
	r := receive(t, "a reply", b.replies)
	if r.Err != nil || r.Reply.Code != protocol.CodeOK {
		t.Errorf("got %+v, %v", r.Reply, r.Err)
	}
	return r
}

func send(t testing.TB, y *client.Relay, r *client.Relayed) {
	t.Helper()
	if err := y.Send(r); err != nil {
		t.Fatal(err)
	}
}

func TestRelayedRequestsLeaveTogetherAndComeBackToTheirSink(t *testing.T) {
	n := node(t, func(p *peer, q request) { p.reply(q, 7, one(subjectOf(q))) })
	y, b := open(t, n.options()).NewRelay(), newInbox()
	const requests = 500
	asked := map[*client.Relayed]string{}
	for i := range requests {
		key := fmt.Sprint("33:", i)
		r := b.relayed(protocol.OpRecent, recent(key))
		asked[r] = key
		send(t, y, r)
	}
	y.Flush()
	for range requests {
		r := b.next(t)
		if want := one(asked[r]).AppendTo(nil); !bytes.Equal(r.Reply.Payload, want) || r.Reply.Applied != 7 || r.Reply.Addr != n.addr() {
			t.Fatalf("%s is answered %+v", asked[r], r.Reply)
		}
		delete(asked, r)
	}
	if len(asked) > 0 {
		t.Errorf("%d requests were not answered", len(asked))
	}
	r := b.relayed(protocol.OpRecent, recent("again")) // what was answered may be sent again
	for range 3 {
		send(t, y, r)
		y.Flush()
		if b.next(t) != r {
			t.Fatal("another request was answered")
		}
	}
}

func TestARelaySendsNothingMalformed(t *testing.T) {
	handle, came := silent()
	y, b := open(t, node(t, handle).options()).NewRelay(), newInbox()
	err := y.Send(&client.Relayed{Raw: client.Raw{Op: protocol.OpRecent, Payload: []byte{0xc1}}, To: b})
	wantError(t, err, client.StageCheck, protocol.ErrProtocol)
	y.Flush()
	if len(came) != 0 || len(b.replies) != 0 {
		t.Error("it was sent nevertheless")
	}
}

func TestARelayedReadIsSentElsewhereWhenItsNodeGoes(t *testing.T) {
	var asked atomic.Int64
	nodes, members := several(t, 2, func(i int) func(*peer, request) {
		return func(p *peer, q request) {
			if q.Op != protocol.OpPing && asked.Add(1) == 1 {
				p.nc.Close()
				return
			}
			answers(i)(p, q)
		}
	})
	y, b := whole(t, clusterOptions(members), nodes).NewRelay(), newInbox()
	for i := range 20 {
		send(t, y, b.relayed(protocol.OpRecent, recent(fmt.Sprint(i))))
	}
	y.Flush()
	for range 20 {
		b.next(t)
	}
	if b.wakes.Load() == 0 {
		t.Error("nobody was woken")
	}
}

func TestARelayedWriteFindsTheMaster(t *testing.T) {
	e, members := newElectorate(t, 3)
	y, b := whole(t, clusterOptions(members), e.nodes).NewRelay(), newInbox()
	w := &protocol.Delete{Origin: protocol.Origin{Client: protocol.ClientID{1}, Sequence: 7}}
	for _, master := range []int32{2, 1, 0} {
		e.master.Store(master)
		send(t, y, b.relayed(protocol.OpDelete, w))
		y.Flush()
		if r := b.next(t); r.Reply.Addr != e.nodes[master].addr() || r.Reply.Applied != 200 {
			t.Errorf("answered by %+v", r.Reply)
		}
	}
}

func TestARelayedRequestEndsAtItsDeadlineAndWithItsClient(t *testing.T) {
	handle, _ := silent()
	o := node(t, handle).options()
	o.RequestTimeout, o.CloseTimeout = time.Hour, shortly
	o.IdlePing = 4 * shortly // so that the connection's tick is quick
	c := open(t, o)
	y, b := c.NewRelay(), newInbox()
	short := b.relayed(protocol.OpRecent, recent("x"))
	short.Deadline = time.Now().Add(shortly)
	long := b.relayed(protocol.OpRecent, recent("y"))
	send(t, y, long)
	send(t, y, short)
	y.Flush()
	r := receive(t, "the deadline", b.replies)
	if r != short {
		t.Fatal("the other request ended first")
	}
	wantError(t, r.Err, client.StageRead, context.DeadlineExceeded)
	go c.Close()
	r = receive(t, "the end of the client", b.replies)
	if r != long || r.Err == nil {
		t.Errorf("ended with %v", r.Err)
	}
	late := b.relayed(protocol.OpRecent, recent("z"))
	send(t, y, late)
	y.Flush()
	wantError(t, receive(t, "an answer of a closed client", b.replies).Err, client.StageCheck, client.ErrClosed)
}

func TestARelayedExecutionIsPreparedWhereItMust(t *testing.T) {
	k := newKeeper()
	n := startNode(k.handle)
	t.Cleanup(func() { n.stop() })
	c := open(t, n.options())
	p := prepare(t, c)
	y, b := c.NewRelay(), newInbox()
	want := one("33:300033").AppendTo(nil)
	execute := func() {
		t.Helper()
		y.SendPrepared(&client.Relayed{To: b}, p)
		y.Flush()
		if r := b.next(t); !bytes.Equal(r.Reply.Payload, want) {
			t.Errorf("answered %+v", r.Reply)
		}
	}
	for range 10 {
		execute()
	}
	k.forgetAll()
	for range 10 {
		execute()
	}
	address := n.addr()
	n.stop()
	n.start(address)
	for range 10 {
		execute()
	}
}

func TestAWarmRelayAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	q, answer := scenario3()
	y := open(t, node(t, canned(answer)).options()).NewRelay()
	done := make(signal, 1)
	r := &client.Relayed{Raw: client.Raw{Op: protocol.OpSnapshot, Payload: q.AppendTo(nil)}, To: done}
	relay := func() {
		send(t, y, r)
		y.Flush()
		<-done
	}
	relay()
	if got := testing.AllocsPerRun(2_000, relay); got >= 1 {
		t.Errorf("a warm request allocates %v times", got)
	}
}

// signal is a sink that only tells.
type signal chan struct{}

func (s signal) Replied(*client.Relayed) client.Waker {
	s <- struct{}{}
	return nil
}
