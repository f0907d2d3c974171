package client_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// shortly is a deadline that a test waits for to pass.
const shortly = 20 * time.Millisecond

// silent returns a handler that answers nothing and tells of each request.
func silent() (handle func(*peer, request), came chan request) {
	came = make(chan request, 4096)
	return func(_ *peer, q request) { came <- q.later() }, came
}

func TestAnEndedContextFailsBeforeAnythingIsSent(t *testing.T) {
	handle, came := silent()
	c := open(t, node(t, handle).options())
	ctx, cancel := context.WithCancel(background())
	cancel()
	e := wantError(t, c.Ping(ctx), client.StageCheck, context.Canceled)
	if !e.Unsent {
		t.Error("the error does not say that nothing was sent")
	}
	if len(came) != 0 {
		t.Error("the node was asked nevertheless")
	}
}

func TestWaitingForAConnectionEndsWithTheContext(t *testing.T) {
	n := node(t, nil)
	o := n.options()
	o.ConnsPerNode = 1
	var dials counter
	o.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials.dials.Add(1) == 1 { // Open's
			return dials.dial(ctx, network, address)
		}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c := open(t, o)
	ctx, cancel := context.WithTimeout(background(), shortly)
	defer cancel()
	err := c.Search(ctx, &protocol.Search{}, &protocol.Result{}) // the bulk lane dials when it is first used
	e := wantError(t, err, client.StageDial, context.DeadlineExceeded)
	if e.Addr != n.addr() || e.Op != protocol.OpSearch || !e.Timeout() {
		t.Errorf("error is %+v, want SEARCH at %s, timed out", e, n.addr())
	}
}

func TestWaitingForRoomEndsWithTheContext(t *testing.T) {
	handle, came := silent()
	o := node(t, handle).options()
	o.ConnsPerNode, o.MaxInFlight = 1, 1
	c := open(t, o)
	var first sync.WaitGroup
	first.Go(func() { wantConnEnd(t, c.Ping(background())) })
	receive(t, "the first request", came)
	ctx, cancel := context.WithTimeout(background(), shortly)
	defer cancel()
	e := wantError(t, c.Ping(ctx), client.StagePool, context.DeadlineExceeded)
	if !e.Unsent {
		t.Error("the error does not say that nothing was sent")
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	first.Wait()
}

func TestWaitingForAReplyEndsWithTheContext(t *testing.T) {
	handle, came := silent()
	c := open(t, node(t, handle).options())
	ctx, cancel := context.WithCancel(background())
	go func() {
		<-came
		cancel()
	}()
	e := wantError(t, c.Ping(ctx), client.StageRead, context.Canceled)
	if e.Unsent {
		t.Error("the error says that nothing was sent")
	}
}

// The peer takes Hello and then reads no more, over a connection without buffers.
func TestAPeerThatStopsReadingHoldsItsCallersUntilTheirDeadlinesOnly(t *testing.T) {
	release := make(chan struct{})
	n := node(t, func(*peer, request) { <-release })
	defer close(release)
	o := n.options()
	o.Dial = n.dialPipe
	o.ConnsPerNode, o.MaxInFlight = 1, 8
	c := open(t, o)
	report := protocol.Report{Subject: strings.Repeat("s", 200), Values: make([]float64, 10)}
	put := &protocol.Put{}
	for range 2_000 {
		put.Reports = append(put.Reports, report)
	}
	var wg sync.WaitGroup
	var mu sync.Mutex
	stages := map[client.Stage]int{}
	ctx, cancel := context.WithTimeout(background(), time.Second)
	defer cancel()
	for range 32 {
		wg.Go(func() {
			_, err := c.Put(ctx, put)
			var e *client.Error
			if !errors.As(err, &e) || !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error is %v, want the deadline", err)
				return
			}
			mu.Lock()
			stages[e.Stage]++
			mu.Unlock()
		})
	}
	wg.Wait()
	// One request is with the peer, a megabyte waits for the writer, the others were held back.
	if stages[client.StagePool] < 20 || stages[client.StageWrite] == 0 {
		t.Errorf("calls timed out at %v, want most at pool and some at write", stages)
	}
}

func TestRequestTimeoutIsForContextsWithoutDeadline(t *testing.T) {
	handle, came := silent()
	o := node(t, handle).options()
	o.ConnsPerNode, o.MaxInFlight, o.RequestTimeout = 1, 1, shortly
	c := open(t, o)
	var wg sync.WaitGroup
	wg.Go(func() {
		e := wantError(t, c.Ping(background()), client.StageRead, context.DeadlineExceeded)
		if !strings.Contains(e.Error(), "RequestTimeout of 20ms") {
			t.Errorf("error %q does not name the option", e)
		}
	})
	receive(t, "the first request", came)
	wantError(t, c.Ping(background()), client.StagePool, context.DeadlineExceeded)
	wg.Wait()
}

func TestTheTimeThatRemainsTravels(t *testing.T) {
	got := make(chan uint32, 1)
	n := node(t, func(p *peer, q request) {
		p.reply(q, 1, protocol.Empty{})
		got <- q.Deadline
	})
	ask := func(timeout time.Duration, ctx context.Context) uint32 {
		o := n.options()
		o.RequestTimeout = timeout
		if err := open(t, o).Ping(ctx); err != nil {
			t.Fatal(err)
		}
		return receive(t, "the deadline", got)
	}
	hour, cancel := context.WithTimeout(background(), time.Hour)
	defer cancel()
	if ms := ask(0, hour); ms > 3_600_000 || ms < 3_500_000 {
		t.Errorf("%d ms travelled, want an hour", ms)
	}
	if ms := ask(0, background()); ms > 10_000 || ms < 5_000 {
		t.Errorf("%d ms travelled, want the default of ten seconds", ms)
	}
	if ms := ask(-1, background()); ms != 0 {
		t.Errorf("%d ms travelled, want none", ms)
	}
}

// Half of the callers give up while their replies come. The others get theirs, and late replies disturb nobody.
func TestACancellationStormHarmsNobodyElse(t *testing.T) {
	n := node(t, func(p *peer, q request) { p.reply(q, 1, one(subjectOf(q))) })
	o := n.options()
	o.MaxInFlight = 32 // so that those who wait for room are cancelled too
	c := open(t, o)
	var wg sync.WaitGroup
	for g := range 100 {
		key := string(rune('a'+g%26)) + strings.Repeat("k", g)
		wg.Go(func() {
			var r protocol.Result
			for range 100 {
				ctx, cancel := context.WithCancel(background())
				if g%2 == 0 {
					go cancel()
				}
				err := c.Recent(ctx, recent(key), &r)
				cancel()
				if err == nil && r.Subjects[0].Key != key {
					t.Errorf("asked for %s, got %s", key, r.Subjects[0].Key)
				}
				if err != nil && (g%2 == 1 || !errors.Is(err, context.Canceled)) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if got := n.greeted.Load(); got != 2 {
		t.Errorf("%d connections were made, want the first two to live on", got)
	}
}

// A slot whose caller gave up counts until its reply comes, because the node counts it too.
func TestGivingUpDoesNotExceedWhatTheNodeAccepts(t *testing.T) {
	answer := make(chan struct{})
	var mu sync.Mutex
	var held []request
	came := make(chan int, 16)
	n := startNode(nil)
	n.stop()
	n.welcome.MaxInFlight = 4
	n.handle = func(p *peer, q request) {
		mu.Lock()
		held = append(held, q.later())
		came <- len(held)
		full := len(held) == 3 // the fourth place is kept for a ping
		mu.Unlock()
		if full {
			n.wg.Go(func() {
				<-answer
				mu.Lock()
				defer mu.Unlock()
				for _, h := range held {
					p.reply(h, 1, protocol.Empty{})
				}
				held = nil
				p.flush()
			})
		}
	}
	n.start("127.0.0.1:0")
	t.Cleanup(n.stop)
	o := n.options()
	o.ConnsPerNode = 1
	c := open(t, o)
	for range 3 {
		ctx, cancel := context.WithCancel(background())
		go func() {
			<-came
			cancel()
		}()
		wantError(t, c.Ping(ctx), client.StageRead, context.Canceled)
	}
	ctx, cancel := context.WithTimeout(background(), shortly)
	defer cancel()
	wantError(t, c.Ping(ctx), client.StagePool, context.DeadlineExceeded)
	close(answer)
	done := make(chan error, 1)
	ctx, cancel = withPatience()
	defer cancel()
	go func() { done <- c.Ping(ctx) }()
	receive(t, "the request that had no room before", came)
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	wantConnEnd(t, receive(t, "its end", done))
}
