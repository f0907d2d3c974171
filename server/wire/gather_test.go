package wire

import (
	"io"
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
