package wire

import (
	"bytes"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// Many connections with one request in flight are gathered; some hang up in the middle, also the one that the others wait for.
func TestConnectionsThatAreGatheredGetEachTheirOwnReplies(t *testing.T) {
	s := listen(t, Limits{})
	const conns, each = 100, 200
	var wg sync.WaitGroup
	for i := range conns {
		a := connect(t, s)
		leaves := i%3 == 0
		rng := rand.New(rand.NewPCG(1, uint64(i)))
		wg.Go(func() {
			for range each {
				id := a.send(protocol.OpPing, protocol.Empty{})
				if leaves && rng.IntN(each/2) == 0 {
					a.nc.Close()
					return
				}
				if h, _ := a.read(); h.ID != id || h.Code != protocol.CodeOK {
					t.Errorf("request %d is answered with %+v", id, h)
				}
			}
		})
	}
	wg.Wait()
}

// Requests that come together are answered in their order, whether they were gathered or not.
func TestRequestsOfOneConnectionStayInOrder(t *testing.T) {
	s := listen(t, Limits{})
	a := connect(t, s)
	rng := rand.New(rand.NewPCG(3, 4))
	for next := uint64(2); next < 2_000; {
		n := 1 + rng.IntN(3)
		for range n {
			a.send(protocol.OpPing, protocol.Empty{})
		}
		for range n {
			if h, _ := a.read(); h.ID != next {
				t.Fatalf("reply to %d, want %d", h.ID, next)
			}
			next++
		}
	}
}

// What closes a connection is sent also where its request was gathered meanwhile.
func TestAConnectionIsToldWhyItClosesThoughItsRequestWasGathered(t *testing.T) {
	s := &echoing{}
	s.Listener = New(s, Options{Logger: slog.New(slog.DiscardHandler)})
	on := &socket{input: pingFrame(1)}
	c := s.register(on)
	c.greeted.Store(true)
	events{s.Listener}.OnTraffic(on)
	if !c.gathered {
		t.Fatal("the request was not gathered")
	}
	why := s.AppendError(nil, &s.shared, 0, protocol.Errorf(protocol.CodeProtocol, "too slow"))
	c.deliver(&Room{}, why, true)
	events{s.Listener}.OnTraffic(on)
	if got := on.sent[:on.wrote]; !bytes.Equal(got, why) || !c.closing {
		t.Errorf("sent %q, closing: %v", got, c.closing)
	}
}

// Counting is put off, but not beyond the reply.
func TestWhoHasItsReplyFindsItCounted(t *testing.T) {
	s := listen(t, Limits{})
	askers := []*asker{connect(t, s), connect(t, s), connect(t, s), connect(t, s)}
	before := s.Totals()
	reply, _ := s.AppendReply(nil, &s.shared, 1, 7, protocol.Empty{})
	in, out, asked := uint64(len(pingFrame(1))), uint64(len(reply)), uint64(0) // at least, since later ids are longer
	for range 500 {
		for _, a := range askers {
			a.send(protocol.OpPing, protocol.Empty{})
			asked++
		}
		for _, a := range askers {
			a.read()
		}
		now := s.Totals()
		if n := now.Requests[protocol.OpPing]; n != asked {
			t.Fatalf("%d of %d requests are counted", n, asked)
		}
		if now.bytesIn < before.bytesIn+asked*in || now.bytesOut < before.bytesOut+asked*out {
			t.Fatalf("bytes grew from %+v to %+v with %d requests", before, now, asked)
		}
	}
}

func pingFrame(id uint64) []byte {
	frame := protocol.BeginRequest(nil, &protocol.RequestHeader{ID: id, Op: protocol.OpPing})
	return protocol.FinishFrame(protocol.Empty{}.AppendTo(frame), 0)
}

// A peer that says all it has to say and closes its half still gets its answer.
func TestAPeerThatOnlyStopsSendingIsAnswered(t *testing.T) {
	s := listen(t, Limits{})
	for range 100 {
		a := connect(t, s)
		id := a.send(protocol.OpPing, protocol.Empty{})
		if err := a.nc.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if h, _ := a.read(); h.ID != id || h.Code != protocol.CodeOK {
			t.Fatalf("answered with %+v", h)
		}
		if _, err := io.ReadAll(a.nc); err != nil {
			t.Fatal(err)
		}
		a.nc.Close()
	}
}
