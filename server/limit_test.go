package server

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/loops"
	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestRequestsInFlightAreLimitedPerConnectionAndInTotal(t *testing.T) {
	o := memory()
	o.Limits.MaxInFlight, o.Limits.MaxInFlightTotal = 2, 3
	n, h := startNode(t, o)
	entered, release := h.holdSearches(t)
	a, b := connect(t, n), connect(t, n)
	search := &protocol.Search{Limit: 1}
	for range 2 {
		a.send(a.frame(protocol.OpSearch, search))
		<-entered
	}
	r := a.ask(protocol.OpSearch, search)
	r.wantCode(t, protocol.CodeOverloaded)
	if !strings.Contains(r.err.Message, "this connection") {
		t.Errorf("over the connection's limit: %q", r.err)
	}
	b.send(b.frame(protocol.OpSearch, search)) // the third, it waits for a worker
	eventually(t, "three requests are in flight", func() bool { return value(t, n, "in_flight") == 3 })
	b.ask(protocol.OpPut, &protocol.Put{}).wantCode(t, protocol.CodeOverloaded)
	b.ask(protocol.OpSnapshot, top(3)).decode(t, &protocol.Result{}) // short reads go on
	release()
	for range 2 {
		a.read().decode(t, &protocol.Result{})
	}
	b.read().decode(t, &protocol.Result{})
	a.ask(protocol.OpSearch, search).decode(t, &protocol.Result{})
	if got := value(t, n, "errors_overloaded"); got != 2 {
		t.Errorf("STATS counts %v overloaded, want 2", got)
	}
}

func TestBytesOfRequestsInFlightAreLimited(t *testing.T) {
	o := memory()
	o.Limits.MaxRequest, o.Limits.MaxInFlightBytes = 64<<10, 64<<10
	n, h := startNode(t, o)
	entered, release := h.holdSearches(t)
	p := connect(t, n)
	large := &protocol.Search{Limit: 1}
	for i := range 5000 {
		large.Subjects = append(large.Subjects, subject(i))
	}
	p.send(p.frame(protocol.OpSearch, large))
	<-entered
	p.ask(protocol.OpSearch, large).wantCode(t, protocol.CodeOverloaded)
	release()
	p.read().decode(t, &protocol.Result{})
	p.ask(protocol.OpSearch, large).decode(t, &protocol.Result{})
	eventually(t, "nothing is in flight", func() bool { return value(t, n, "in_flight_bytes") == 0 })
}

func TestADeadlineThatPassesInTheQueueIsNotComputed(t *testing.T) {
	o := memory()
	o.Workers = 1
	n, h := startNode(t, o)
	entered, release := h.holdSearches(t)
	p := connect(t, n)
	p.send(p.frame(protocol.OpSearch, &protocol.Search{Limit: 1}))
	<-entered
	p.send(p.frameWith(protocol.RequestHeader{Op: protocol.OpSearch, Deadline: 5}, &protocol.Search{Limit: 1}))
	late := p.next
	p.send(p.frameWith(protocol.RequestHeader{Op: protocol.OpSearch, Deadline: 20_000}, &protocol.Search{Limit: 1}))
	eventually(t, "all three are in flight", func() bool { return value(t, n, "in_flight") == 3 })
	passed := time.Now().Add(6 * time.Millisecond)
	eventually(t, "the deadline has passed", func() bool { return time.Now().After(passed) })
	release()
	codes := map[uint64]protocol.Code{}
	for range 3 {
		r := p.read()
		codes[r.h.ID] = r.h.Code
	}
	for id, code := range codes {
		if want := code == protocol.CodeDeadline; want != (id == late) {
			t.Errorf("request %d was answered %v", id, code)
		}
	}
}

func TestWaitingForAnIndexEndsWithTheDeadline(t *testing.T) {
	o := memory()
	o.Limits.MaxWait = 30 * time.Millisecond
	n, _ := startNode(t, o)
	p := connect(t, n)
	future := n.Applied() + 1
	for name, deadline := range map[string]uint32{"its own": 10, "the node's": 0} {
		t.Run(name, func(t *testing.T) {
			r := p.askWith(protocol.RequestHeader{Op: protocol.OpSnapshot, Flags: protocol.FlagAtLeast, MinIndex: future, Deadline: deadline}, top(1))
			r.wantCode(t, protocol.CodeDeadline)
			if want := fmt.Sprintf("wait for index %d, at %d", future, future-1); !strings.Contains(r.err.Message, want) {
				t.Errorf("the error says %q, want %q in it", r.err, want)
			}
		})
	}
	p.send(p.frameWith(protocol.RequestHeader{Op: protocol.OpSnapshot, Flags: protocol.FlagAtLeast, MinIndex: future, Deadline: 20_000}, top(1)))
	waits := p.next
	eventually(t, "it waits", func() bool { return value(t, n, "in_flight") == 1 })
	p.send(p.frame(protocol.OpPut, &protocol.Put{Reports: []protocol.Report{{Subject: "x", ReportDate: 1}}}))
	for range 2 {
		if r := p.read(); r.err != nil || r.h.ID == waits && r.h.Applied < future {
			t.Errorf("reply %d: applied %d, %v", r.h.ID, r.h.Applied, r.err)
		}
	}
	p.askWith(protocol.RequestHeader{Op: protocol.OpSnapshot, Flags: protocol.FlagLinearizable}, top(1)).decode(t, &protocol.Result{})
}

func TestConnectionsOverTheLimitAreToldSo(t *testing.T) {
	o := memory()
	o.Limits.MaxConns = 3
	n, _ := startNode(t, o)
	var peers []*peer
	for range 3 {
		peers = append(peers, connect(t, n))
	}
	for range 5 {
		p := dial(t, n)
		p.send(p.frame(protocol.OpHello, hello()))
		r := p.read()
		r.wantCode(t, protocol.CodeOverloaded)
		if r.h.ID != 0 {
			t.Errorf("the refusal has id %d", r.h.ID)
		}
		p.closed()
		p.conn.Close()
	}
	for _, p := range peers {
		p.alive()
	}
	if got := value(t, n, "refused_connections"); got != 5 {
		t.Errorf("STATS counts %v refused connections, want 5", got)
	}
	peers[0].conn.Close()
	eventually(t, "there is room again", func() bool {
		p := dial(t, n)
		defer p.conn.Close()
		p.send(p.frame(protocol.OpHello, hello()))
		r, err := p.tryRead()
		return err == nil && r.err == nil
	})
}

func TestAClientThatDoesNotReadHarmsOnlyItself(t *testing.T) {
	o := memory()
	o.Limits.MaxReply, o.Limits.MaxQueuedBytes = 64<<10, 1<<20
	n, _ := startNode(t, o)
	deaf, bystander := dial(t, n), connect(t, n)
	if err := deaf.conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	deaf.send(deaf.frame(protocol.OpHello, hello()))
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			var batch []byte
			for range 20 {
				batch = append(batch, deaf.frame(protocol.OpSearch, &protocol.Search{Limit: subjects})...)
			}
			if _, err := deaf.conn.Write(batch); err != nil {
				return
			}
			select {
			case <-stop:
				return
			default:
			}
		}
	})
	eventually(t, "it is closed, or refused anything more", func() bool {
		bystander.alive()
		if queued := value(t, n, "queued_bytes"); queued > 3<<20 { // the limit in gnet, the limit on the way there, and more
			t.Fatalf("%v bytes wait for it", queued)
		}
		return value(t, n, "slow_connections") > 0 || value(t, n, "errors_overloaded") > 1000
	})
	close(stop)
	deaf.conn.Close()
	writer.Wait()
	eventually(t, "nothing is kept of it", func() bool {
		return value(t, n, "queued_bytes") == 0 && value(t, n, "connections") == 1 && value(t, n, "in_flight") == 0
	})
	bystander.alive()
}

func TestAConnectionAtItsLimitOfUnreadBytesIsClosed(t *testing.T) {
	o := memory()
	o.Limits.MaxReply, o.Limits.MaxQueuedBytes = 64<<10, 128<<10
	n, h := startNode(t, o)
	deaf := dial(t, n)
	if err := deaf.conn.(*net.TCPConn).SetReadBuffer(4 << 10); err != nil {
		t.Fatal(err)
	}
	deaf.send(deaf.frame(protocol.OpHello, hello()))
	entered, release := h.holdSearches(t)
	var batch []byte
	for range 1000 { // all admitted before the first is answered
		batch = append(batch, deaf.frame(protocol.OpSearch, &protocol.Search{Limit: subjects})...)
	}
	deaf.send(batch)
	<-entered
	eventually(t, "all are in flight", func() bool { return value(t, n, "in_flight") == 1000 })
	release()
	eventually(t, "it is closed", func() bool { return value(t, n, "slow_connections") == 1 && value(t, n, "connections") == 0 })
	eventually(t, "nothing is kept of it", func() bool {
		return value(t, n, "queued_bytes") == 0 && value(t, n, "in_flight") == 0
	})
	connect(t, n).alive()
}

func TestTwoThousandConnectionsAtOnceAreServed(t *testing.T) {
	want := 2000
	if limit, known := loops.Descriptors(); known {
		want = min(want, int(limit)/4) // both ends are in this process
	}
	o := memory()
	n, _ := startNode(t, o)
	var wg sync.WaitGroup
	peers := make([]*peer, want)
	for i := range peers {
		peers[i] = dial(t, n)
	}
	failed := make(chan error, want)
	for _, p := range peers {
		wg.Go(func() {
			_, err := p.conn.Write(append(p.frame(protocol.OpHello, hello()), p.frame(protocol.OpSnapshot, top(5))...))
			if err != nil {
				failed <- err
				return
			}
			for range 2 {
				var r reply
				if r, err = p.tryRead(); err == nil && r.err != nil {
					err = r.err
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	for err := range failed {
		t.Error(err)
	}
	if got := value(t, n, "connections"); got != float64(want) {
		t.Errorf("STATS counts %v connections, want %d", got, want)
	}
	for _, p := range peers {
		p.conn.Close()
	}
	eventually(t, "all are gone", func() bool { return value(t, n, "connections") == 0 })
}

func TestAConnectionThatGoesTakesItsRequestsAlong(t *testing.T) {
	n, h := startNode(t, memory())
	entered, release := h.holdSearches(t)
	p := connect(t, n)
	for range 100 {
		p.send(p.frame(protocol.OpSearch, &protocol.Search{Limit: 1}))
	}
	p.send(p.frameWith(protocol.RequestHeader{Op: protocol.OpPing, Flags: protocol.FlagAtLeast, MinIndex: 1 << 40}, protocol.Empty{}))
	<-entered
	<-entered
	eventually(t, "all are in flight", func() bool { return value(t, n, "in_flight") == 101 })
	p.conn.Close()
	eventually(t, "the one that only waits is gone", func() bool { return value(t, n, "in_flight") == 100 })
	release()
	eventually(t, "nothing is in flight", func() bool { return value(t, n, "in_flight") == 0 })
	if got := len(entered); got != 0 {
		t.Errorf("%d searches of a closed connection were computed", got)
	}
}

func TestAPanicClosesItsConnectionOnly(t *testing.T) {
	n, h := startNode(t, memory())
	bystander := connect(t, n)
	boom := func() { panic("boom") }
	h.search.Store(&boom)
	p := connect(t, n)
	r := p.ask(protocol.OpSearch, &protocol.Search{})
	r.wantCode(t, protocol.CodeInternal)
	p.closed()
	h.snapshot.Store(&boom)
	p = connect(t, n)
	p.send(p.frame(protocol.OpSnapshot, top(1)))
	if _, err := p.tryRead(); err != io.EOF && !isClosed(err) {
		t.Errorf("a panic on the loop: %v, want the end of the connection", err)
	}
	h.search.Store(nil)
	h.snapshot.Store(nil)
	bystander.ask(protocol.OpSearch, &protocol.Search{Limit: 1}).decode(t, &protocol.Result{})
	bystander.ask(protocol.OpSnapshot, top(1)).decode(t, &protocol.Result{})
	if got := value(t, n, "panics"); got != 2 {
		t.Errorf("STATS counts %v panics, want 2", got)
	}
}
