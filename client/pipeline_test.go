package client_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// Every one of 150 goroutines gets the answer to its own question, however the node orders them.
func TestRepliesInAnyOrderReachTheirCallers(t *testing.T) {
	const goroutines, each = 150, 40
	type question struct {
		p *peer
		q request
	}
	var mu sync.Mutex
	var held []question
	rng := rand.New(rand.NewPCG(1, 2))
	n := node(t, func(p *peer, q request) { // holds what it is asked until a PING, and answers in disorder then
		mu.Lock()
		defer mu.Unlock()
		if q.Op != protocol.OpPing {
			held = append(held, question{p, q.later()})
			return
		}
		rng.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
		for _, h := range held {
			h.p.reply(h.q, 7, one(subjectOf(h.q)))
		}
		for _, h := range held {
			h.p.flush()
		}
		held = nil
		p.reply(q, 7, protocol.Empty{})
	})
	c := open(t, n.options())
	stop := make(chan struct{})
	var flusher, callers sync.WaitGroup
	flusher.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				if err := c.Ping(background()); err != nil {
					t.Error(err)
					return
				}
			}
		}
	})
	for g := range goroutines {
		callers.Go(func() {
			var r protocol.Result
			for i := range each {
				key := fmt.Sprintf("33:%d-%d-%s", g, i, strings.Repeat("k", i))
				if err := c.Recent(background(), recent(key), &r); err != nil {
					t.Error(err)
					return
				}
				if r.Rows() != 1 || r.Subjects[0].Key != key || r.Applied != 7 || r.IDs[0] != "x" {
					t.Errorf("asked for %s, got %+v", key, r)
					return
				}
			}
		})
	}
	callers.Wait()
	close(stop)
	flusher.Wait()
}

// A reply that does not come on one lane holds up nothing on the others.
func TestBigReadsAndWritesHoldUpNoSmallRead(t *testing.T) {
	stuck := make(chan *peer, 4)
	n := node(t, func(p *peer, q request) {
		if q.Op == protocol.OpPing {
			p.reply(q, 1, protocol.Empty{})
			return
		}
		p.send(replyFrame(q.ID, protocol.CodeOK, 1, protocol.Empty{})[:5]) // the head of a reply that is stuck
		p.flush()
		stuck <- p
	})
	o := n.options()
	o.ConnsPerNode = 1
	c := open(t, o)
	blocked := map[string]func() error{
		"put":    func() error { _, err := c.Put(background(), &protocol.Put{}); return err },
		"search": func() error { return c.Search(background(), &protocol.Search{}, &protocol.Result{}) },
		"ranking of 10,000": func() error {
			q := &protocol.Snapshot{View: protocol.View{IDs: []string{"x"}}, Topic: "all", Ranking: protocol.Ranking{Limit: protocol.MaxLimit}}
			return c.Snapshot(background(), q, &protocol.Result{})
		},
	}
	var calls sync.WaitGroup
	for name, call := range blocked {
		calls.Go(func() {
			if err := call(); err == nil {
				t.Errorf("%s was answered, it should have been stuck", name)
			}
		})
	}
	first, second, third := receive(t, "a stuck call", stuck), receive(t, "a stuck call", stuck), receive(t, "a stuck call", stuck)
	if lanes := map[*peer]bool{first: true, second: true, third: true}; len(lanes) != 2 {
		t.Errorf("big reads and writes went over %d connections, want 2", len(lanes))
	}
	for range 100 {
		if err := c.Ping(background()); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	calls.Wait()
}

// Requests that are ready together leave together.
func TestRequestsThatAreReadyLeaveInFewWrites(t *testing.T) {
	n := node(t, nil)
	o := n.options()
	o.ConnsPerNode = 1
	var writes counter
	o.Dial = writes.dial
	c := open(t, o)
	const goroutines, each = 100, 100
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				if err := c.Ping(background()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := writes.writes.Load(); got > goroutines*each/4 {
		t.Errorf("%d requests left in %d writes, want a quarter at most", goroutines*each, got)
	}
}

// What a call asks for beyond the query travels in its header.
func TestConsistencyTravelsWithReadsOnly(t *testing.T) {
	got := make(chan request, 1)
	n := node(t, func(p *peer, q request) {
		p.reply(q, 1, protocol.Empty{})
		got <- q
	})
	c := open(t, n.options())
	cases := []struct {
		name  string
		call  func() error
		flags protocol.Flags
		index uint64
	}{
		{"local", func() error { return c.Ping(background()) }, 0, 0},
		{"at least", func() error { return c.Ping(client.AtLeast(background(), 9)) }, protocol.FlagAtLeast, 9},
		{"the greatest of two", func() error { return c.Ping(client.AtLeast(client.AtLeast(background(), 9), 4)) }, protocol.FlagAtLeast, 9},
		{"linearizable", func() error { return c.Ping(client.Linearizable(background())) }, protocol.FlagLinearizable, 0},
		{"both", func() error { return c.Ping(client.Linearizable(client.AtLeast(background(), 5))) },
			protocol.FlagLinearizable | protocol.FlagAtLeast, 5},
		{"a write", func() error { _, err := c.Delete(client.AtLeast(background(), 9), &protocol.Delete{}); return err }, 0, 0},
	}
	for _, test := range cases {
		if err := test.call(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		if q := receive(t, test.name, got); q.Flags != test.flags || q.MinIndex != test.index {
			t.Errorf("%s: flags %b index %d, want %b and %d", test.name, q.Flags, q.MinIndex, test.flags, test.index)
		}
	}
}
