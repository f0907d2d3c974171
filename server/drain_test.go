package server

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

func TestShutdownUnderLoadAnswersEverything(t *testing.T) {
	n, _ := startNode(t, memory())
	const peers, inFlight = 8, 16
	var served, refused atomic.Int64
	var wg sync.WaitGroup
	for range peers {
		p := connect(t, n)
		wg.Go(func() {
			var batch []byte
			for {
				batch = batch[:0]
				for i := range inFlight {
					switch i % 4 {
					case 0:
						batch = append(batch, p.frame(protocol.OpSearch, &protocol.Search{Limit: 1})...)
					case 1:
						batch = append(batch, p.frame(protocol.OpPut, &protocol.Put{Reports: []protocol.Report{{Subject: "x", ReportDate: 1}}})...)
					default:
						batch = append(batch, p.frame(protocol.OpSnapshot, top(20))...)
					}
				}
				if _, err := p.conn.Write(batch); err != nil {
					t.Errorf("write: %v", err)
					return
				}
				over := false
				for range inFlight {
					switch r, err := p.tryRead(); {
					case err != nil:
						t.Errorf("a request was not answered: %v", err)
						return
					case r.h.Code == protocol.CodeUnavailable:
						refused.Add(1)
						over = true
					case r.err != nil:
						t.Errorf("got %v: %v", r.err.Code, r.err)
					default:
						served.Add(1)
					}
				}
				if over {
					p.conn.Close()
					return
				}
			}
		})
	}
	eventually(t, "there is load", func() bool { return served.Load() > 1000 })
	if err := n.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	wg.Wait()
	if refused.Load() == 0 {
		t.Error("nobody was told that the node shuts down")
	}
}

func TestShutdownWaitsForWhatIsUnderWay(t *testing.T) {
	n, h := startNode(t, memory())
	entered, release := h.holdSearches(t)
	p := connect(t, n)
	p.send(p.frame(protocol.OpSearch, &protocol.Search{Limit: 1}))
	under := p.next
	<-entered
	waits := connect(t, n)
	waits.send(waits.frameWith(protocol.RequestHeader{Op: protocol.OpPing, Flags: protocol.FlagAtLeast, MinIndex: 1 << 40}, protocol.Empty{}))
	eventually(t, "both are in flight", func() bool { return value(t, n, "in_flight") == 2 })
	done := make(chan error)
	go func() { done <- n.Shutdown(context.Background()) }()
	eventually(t, "the node drains", func() bool { return !n.Ready() })
	waits.read().wantCode(t, protocol.CodeUnavailable) // what it waits for cannot come any more
	p.ask(protocol.OpPing, protocol.Empty{}).wantCode(t, protocol.CodeUnavailable)
	late := dial(t, n)
	late.read().wantCode(t, protocol.CodeUnavailable)
	late.closed()
	select {
	case err := <-done:
		t.Fatalf("it has shut down with a request in flight: %v", err)
	default:
	}
	release()
	if r := p.read(); r.h.ID != under || r.err != nil {
		t.Errorf("the request under way: reply %d, %v", r.h.ID, r.err)
	}
	if err := <-done; err != nil {
		t.Errorf("shutdown: %v", err)
	}
	p.closed()
}

func TestShutdownGivesUpWithItsContext(t *testing.T) {
	n, h := startNode(t, memory())
	entered, release := h.holdSearches(t)
	p := connect(t, n)
	p.send(p.frame(protocol.OpSearch, &protocol.Search{Limit: 1}))
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- n.Shutdown(ctx) }()
	eventually(t, "the node drains", func() bool { return !n.Ready() })
	cancel()
	p.closed() // though its request is still being computed
	release()
	err := <-done
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 requests were in flight") {
		t.Errorf("shutdown: %v", err)
	}
	if err := n.Shutdown(t.Context()); err != nil {
		t.Errorf("a second shutdown: %v", err)
	}
}

func TestShutdownEndsThoughAClientGoesOnAsking(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			if _, err := p.conn.Write(p.frame(protocol.OpPing, protocol.Empty{})); err != nil {
				return
			}
			if _, err := p.tryRead(); err != nil {
				return
			}
		}
	})
	began := time.Now()
	if err := n.Shutdown(t.Context()); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("shutdown took %v", took)
	}
	wg.Wait()
}

// Connections that are made while the node stops are served, refused or reset; none is left open with nobody behind it.
func TestNoConnectionOutlivesAShutdown(t *testing.T) {
	for range 20 {
		n, _ := startNode(t, memory())
		address := n.Addr().String()
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for {
					c, err := net.Dial("tcp", address)
					if err != nil || c.LocalAddr().String() == address { // which a port that nobody has can be connected to
						return
					}
					if err := c.SetReadDeadline(time.Now().Add(10 * time.Second)); err != nil {
						t.Error(err)
					}
					if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
						t.Error("a connection is open though the node has stopped")
					}
					_ = c.Close() // reset by the peer, at times
				}
			})
		}
		if err := n.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		wg.Wait()
	}
}

func TestAListenerThatStopsByItselfIsNoticed(t *testing.T) {
	n, _ := startNode(t, memory())
	p := connect(t, n)
	if err := n.listener.Abort(t.Context()); err != nil { // as gnet does when accepting fails
		t.Fatal(err)
	}
	<-n.Done()
	if n.Ready() {
		t.Error("the node is ready")
	}
	p.closed()
	if err := n.Snapshot(t.Context(), top(1), &protocol.Result{}); err != nil {
		t.Errorf("the process itself is still answered: %v", err)
	}
}
