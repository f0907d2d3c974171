package client_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// The node dies with requests in flight and comes back at the same address: the reads that were in flight are answered.
func TestReadsSurviveARestart(t *testing.T) {
	var restarted atomic.Bool
	came := make(chan struct{}, 64)
	n := startNode(nil)
	n.handle = func(p *peer, q request) {
		if restarted.Load() {
			p.reply(q, 2, one(subjectOf(q)))
			return
		}
		came <- struct{}{}
	}
	t.Cleanup(func() { n.stop() })
	c := open(t, n.options())
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			var r protocol.Result
			if err := c.Recent(background(), recent("33:300033"), &r); err != nil || r.Applied != 2 {
				t.Errorf("read: %v, applied %d", err, r.Applied)
			}
		})
	}
	for range 64 {
		receive(t, "a request", came)
	}
	address := n.addr()
	n.stop()
	restarted.Store(true)
	n.start(address)
	wg.Wait()
}

// knowing makes a fake node one that knows repeats.
func knowing(n *fakeNode) *fakeNode {
	n.welcome.Features = []string{protocol.FeatureRepeats}
	return n
}

// originOf returns the origin of a Delete.
func originOf(q request) protocol.Origin {
	var d protocol.Delete
	if err := d.Decode(q.payload); err != nil {
		panic(err)
	}
	return d.Origin
}

func TestAWriteWhoseAnswerWasLostIsSentAgainAsTheSame(t *testing.T) {
	for name, lose := range map[string]func(*peer, request){
		"connection": func(p *peer, _ request) { _ = p.nc.Close() },
		"leadership": func(p *peer, q request) { p.refuse(q, protocol.CodeUnknownOutcome, "leadership was lost") },
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var came []protocol.Origin
			n := &fakeNode{handle: func(p *peer, q request) {
				mu.Lock()
				defer mu.Unlock()
				if came = append(came, originOf(q)); len(came) == 1 {
					lose(p, q)
					return
				}
				p.reply(q, 7, protocol.Empty{})
			}}
			knowing(n).start("127.0.0.1:0")
			t.Cleanup(n.stop)
			c := open(t, n.options())
			w := &protocol.Delete{}
			for range 2 {
				if index, err := c.Delete(background(), w); err != nil || index != 7 {
					t.Fatalf("index %d, error %v", index, err)
				}
			}
			mu.Lock()
			defer mu.Unlock()
			if len(came) != 3 || came[0] != came[1] || came[1].Client != came[2].Client || came[2].Sequence != 2 {
				t.Errorf("origins %v, want one write twice and then the next", came)
			}
			if !came[0].Given() || w.Origin.Given() {
				t.Errorf("sent %v, left %v with the caller", came[0], w.Origin)
			}
		})
	}
}

func TestAnOriginOfTheCallersIsKept(t *testing.T) {
	origins := make(chan protocol.Origin, 1)
	n := &fakeNode{handle: func(p *peer, q request) {
		origins <- originOf(q)
		p.reply(q, 1, protocol.Empty{})
	}}
	knowing(n).start("127.0.0.1:0")
	t.Cleanup(n.stop)
	want := protocol.Origin{Client: protocol.ClientID{1}, Sequence: 9}
	if _, err := open(t, n.options()).Delete(background(), &protocol.Delete{Origin: want}); err != nil {
		t.Fatal(err)
	}
	if got := <-origins; got != want {
		t.Errorf("sent %v, want %v", got, want)
	}
}

// What became of the first try is not told by the refusal of the second.
func TestARepeatThatIsRefusedSaysThatTheWriteMayHaveBeenCarriedOut(t *testing.T) {
	var times atomic.Int32
	n := &fakeNode{handle: func(p *peer, q request) {
		if times.Add(1) == 1 {
			_ = p.nc.Close()
			return
		}
		p.refuse(q, protocol.CodeBadRequest, "too far behind")
	}}
	knowing(n).start("127.0.0.1:0")
	t.Cleanup(n.stop)
	_, err := open(t, n.options()).Delete(background(), &protocol.Delete{})
	e := wantError(t, err, client.StageRead, client.ErrConnLost)
	if !errors.Is(err, protocol.ErrBadRequest) || e.Unsent {
		t.Errorf("error %v, unsent %v", err, e.Unsent)
	}
}

// A write that may have reached a node that knows no repeats is not sent again.
func TestAWriteInFlightIsNotRepeated(t *testing.T) {
	var writes atomic.Int32
	n := node(t, func(p *peer, q request) {
		if q.Op.Writes() {
			writes.Add(1)
			_ = p.nc.Close()
		}
	})
	c := open(t, n.options())
	_, err := c.PutTables(background(), &protocol.PutTables{})
	e := wantError(t, err, client.StageRead, client.ErrConnLost)
	if e.Unsent || writes.Load() != 1 {
		t.Errorf("the write came %d times, unsent %v", writes.Load(), e.Unsent)
	}
}

// The connection breaks under 50 writes: some are with the node, some in the writer's hands, most wait for room. Each
// either fails or is carried out, and none twice. (TestABrokenConnectionTellsWhatNeverLeft says which is which.)
func TestNoWriteIsCarriedOutTwice(t *testing.T) {
	held := make(chan *peer, 1)
	hold := make(chan struct{})
	var mu sync.Mutex
	came, failed := map[string]int{}, map[string]error{}
	n := startNode(func(p *peer, q request) {
		var w protocol.Delete
		if err := w.Decode(q.payload); err != nil {
			panic(err)
		}
		mu.Lock()
		came[strings.Clone(w.Table)]++
		mu.Unlock()
		if p.number == 2 { // Open made the first; this one reads no more
			select {
			case held <- p:
			default: // what was read ahead before the connection broke
			}
			<-hold
			return
		}
		p.reply(q, 5, protocol.Empty{})
	})
	t.Cleanup(n.stop)
	o := n.options()
	o.Dial, o.ConnsPerNode, o.MaxInFlight = n.dialPipe, 1, 8
	c := open(t, o)
	var wg sync.WaitGroup
	for i := range 50 {
		table := fmt.Sprint("t", i)
		wg.Go(func() {
			if _, err := c.Delete(background(), &protocol.Delete{Table: table}); err != nil {
				mu.Lock()
				failed[table] = err
				mu.Unlock()
			}
		})
	}
	p := receive(t, "the first write", held)
	_ = p.nc.Close()
	close(hold)
	wg.Wait()
	for table, times := range came {
		if times != 1 {
			t.Errorf("write %s was carried out %d times, its caller got %v", table, times, failed[table])
		}
	}
	for table, err := range failed {
		var e *client.Error
		if !errors.As(err, &e) || !errors.Is(err, client.ErrConnLost) || e.Unsent {
			t.Errorf("write %s failed with %v, want a lost connection under a request that may have left", table, err)
		}
	}
	if len(failed) == 0 {
		t.Error("no write failed, the one that was with the node should have")
	}
	if len(came) < 50-8 {
		t.Errorf("%d writes came to the node, want all that never left the client before", len(came))
	}
}

func TestReadsAreRepeatedWhenTheNodeIsOverloadedAndWritesAreNot(t *testing.T) {
	var times atomic.Int32
	refuse := func(n int32, code protocol.Code) func(*peer, request) {
		return func(p *peer, q request) {
			if times.Add(1) <= n {
				p.refuse(q, code, "again later")
				return
			}
			p.reply(q, 1, protocol.Empty{})
		}
	}
	cases := []struct {
		name    string
		code    protocol.Code
		refused int32 // times
		retries int
		write   bool
		asked   int32
		ok      bool
	}{
		{"overloaded once", protocol.CodeOverloaded, 1, 0, false, 2, true},
		{"unavailable twice", protocol.CodeUnavailable, 2, 0, false, 3, true},
		{"more often than the default", protocol.CodeUnavailable, 3, 0, false, 3, false},
		{"more patient", protocol.CodeUnavailable, 3, 3, false, 4, true},
		{"never", protocol.CodeUnavailable, 1, -1, false, 1, false},
		{"not a matter of time", protocol.CodeNotFound, 1, 0, false, 1, false},
		{"a write", protocol.CodeOverloaded, 1, 0, true, 1, false},
	}
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			times.Store(0)
			o := node(t, refuse(test.refused, test.code)).options()
			o.Retries = test.retries
			var sample client.Sample
			o.OnRequest = func(s client.Sample) { sample = s }
			c := open(t, o)
			err := c.Ping(background())
			if test.write {
				times.Store(0)
				_, err = c.Delete(background(), &protocol.Delete{})
			}
			if (err == nil) != test.ok || times.Load() != test.asked || int32(sample.Attempts) != test.asked {
				t.Errorf("asked %d times (%d attempts), error %v, want %d", times.Load(), sample.Attempts, err, test.asked)
			}
			if err != nil && !errors.Is(err, &protocol.Error{Code: test.code}) {
				t.Errorf("error is %v, want that of the node", err)
			}
		})
	}
}

// A pause that would outlast the deadline is not begun.
func TestRepetitionsStayWithinTheDeadline(t *testing.T) {
	n := node(t, func(p *peer, q request) { p.refuse(q, protocol.CodeOverloaded, "again later") })
	o := n.options()
	o.RetryBackoff, o.BackoffMax = time.Hour, time.Hour
	c := open(t, o)
	ctx, cancel := withPatience()
	defer cancel()
	wantError(t, c.Ping(ctx), client.StageNode, protocol.ErrOverloaded)
	if ctx.Err() != nil {
		t.Error("the call took all its time")
	}
}

// A peer that is gone without a word is found out by a ping, and its calls are repeated on another connection.
func TestASilentPeerIsFoundOut(t *testing.T) {
	var connections atomic.Int32
	n := startNode(nil)
	n.handle = func(p *peer, q request) {
		if p.number == 1 {
			return // as if the cable had been cut
		}
		p.reply(q, 1, protocol.Empty{})
	}
	n.greet = func(*peer, *protocol.Hello) bool { connections.Add(1); return true }
	t.Cleanup(n.stop)
	o := n.options()
	o.ConnsPerNode, o.IdlePing, o.DialTimeout = 1, shortly, 10*shortly
	c := open(t, o)
	if err := c.Ping(background()); err != nil {
		t.Fatal(err)
	}
	if connections.Load() < 2 {
		t.Error("the call was answered by a peer that is silent")
	}
}

// A peer that answers pings lives, however long it takes for everything else.
func TestASlowPeerIsNotTakenForDead(t *testing.T) {
	pings := make(chan struct{}, 64)
	var slow request
	n := node(t, func(p *peer, q request) {
		switch q.Op {
		case protocol.OpRecent:
			slow = q.later()
		case protocol.OpPing:
			p.reply(q, 1, protocol.Empty{})
			pings <- struct{}{}
			if len(pings) == 3 {
				p.reply(slow, 1, one("slow"))
			}
		}
	})
	o := n.options()
	o.ConnsPerNode, o.IdlePing, o.MaxInFlight = 1, shortly, 1
	c := open(t, o)
	if err := c.Recent(background(), recent("slow"), &protocol.Result{}); err != nil {
		t.Fatal(err)
	}
	if got := n.greeted.Load(); got != 1 {
		t.Errorf("%d connections were made, want the first to live on", got)
	}
}
