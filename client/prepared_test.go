package client_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/kamaitachi/kamaitachi/client"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// keeper is the handler of a node that keeps prepared queries: handles by connection, and how often each operation came.
type keeper struct {
	mu       sync.Mutex
	last     uint64
	handles  map[uint64]*peer
	prepares atomic.Int64
	executes atomic.Int64
	forgets  atomic.Int64
	// hold is called by every PREPARE, before it is answered; what it returns is refused.
	hold func(n int64) error
}

func newKeeper() *keeper { return &keeper{handles: map[uint64]*peer{}} }

func (k *keeper) handle(p *peer, q request) {
	switch q.Op {
	case protocol.OpPrepare:
		n := k.prepares.Add(1)
		if k.hold == nil {
			k.answer(p, q)
			return
		}
		q := q.later()
		go func() {
			if err := k.hold(n); err != nil {
				p.refuse(q, protocol.AsError(err).Code, err.Error())
			} else {
				k.answer(p, q)
			}
			p.flush()
		}()
	case protocol.OpExecute:
		var e protocol.Execute
		if err := e.Decode(q.payload); err != nil {
			panic(err)
		}
		k.mu.Lock()
		owner := k.handles[e.Handle]
		k.mu.Unlock()
		if k.executes.Add(1); owner != p {
			p.refuse(q, protocol.CodeUnknownHandle, "no such handle")
			return
		}
		p.reply(q, 7, one("33:300033"))
	case protocol.OpForget:
		var h protocol.Handle
		if err := h.Decode(q.payload); err != nil {
			panic(err)
		}
		k.mu.Lock()
		delete(k.handles, h.Number)
		k.mu.Unlock()
		k.forgets.Add(1)
		p.reply(q, 7, protocol.Empty{})
	default:
		p.reply(q, 7, protocol.Empty{})
	}
}

// answer gives a PREPARE its handle.
func (k *keeper) answer(p *peer, q request) {
	k.mu.Lock()
	k.last++
	h := protocol.Handle{Number: k.last}
	k.handles[h.Number] = p
	k.mu.Unlock()
	p.reply(q, 7, &h)
}

// forgetAll lets the node forget every handle.
func (k *keeper) forgetAll() {
	k.mu.Lock()
	defer k.mu.Unlock()
	clear(k.handles)
}

func prepare(t testing.TB, c *client.Client) *client.Prepared {
	t.Helper()
	p, err := c.Prepare(background(), recent("33:300033"))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func execute(t testing.TB, p *client.Prepared) {
	t.Helper()
	var r protocol.Result
	if err := p.Execute(background(), nil, &r); err != nil {
		t.Error(err)
	} else if r.Rows() != 1 || r.Applied != 7 || len(r.IDs) != 1 || r.IDs[0] != "x" {
		t.Errorf("answered %+v", r)
	}
}

func TestAQueryIsPreparedOnceOnEachConnection(t *testing.T) {
	k := newKeeper()
	n := node(t, k.handle)
	o := n.options()
	o.ConnsPerNode = 3
	p := prepare(t, open(t, o))
	var wg sync.WaitGroup
	for range 60 {
		wg.Go(func() {
			for range 20 {
				execute(t, p)
			}
		})
	}
	wg.Wait()
	if got, conns := k.prepares.Load(), int64(n.conns()); got > conns {
		t.Errorf("prepared %d times on %d connections", got, conns)
	}
	if got := k.executes.Load(); got != 1200 {
		t.Errorf("%d executions for 1200 calls", got)
	}
}

func TestOthersGoOnWhileAQueryIsBeingPrepared(t *testing.T) {
	k := newKeeper()
	asked, release := make(chan struct{}, 16), make(chan struct{})
	k.hold = func(n int64) error {
		if n > 1 {
			asked <- struct{}{}
			<-release
		}
		return nil
	}
	n := node(t, k.handle)
	o := n.options()
	o.ConnsPerNode = 1
	c := open(t, o)
	p := prepare(t, c)
	k.forgetAll() // so that the next execution prepares it again, and is held up
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() { execute(t, p) })
	}
	receive(t, "PREPARE", asked)
	if err := c.Ping(background()); err != nil {
		t.Errorf("PING beside PREPARE: %v", err)
	}
	close(release)
	wg.Wait()
	if got := k.prepares.Load(); got != 2 {
		t.Errorf("prepared %d times, want 2", got)
	}
}

func TestWhoGivesUpLeavesThePreparingToOthers(t *testing.T) {
	k := newKeeper()
	asked, release := make(chan struct{}, 16), make(chan struct{})
	k.hold = func(int64) error {
		asked <- struct{}{}
		<-release
		return nil
	}
	n := node(t, k.handle)
	o := n.options()
	o.ConnsPerNode = 1
	c := open(t, o)
	ctx, cancel := context.WithCancel(background())
	failed := make(chan error, 1)
	go func() {
		_, err := c.Prepare(ctx, recent("33:300033"))
		failed <- err
	}()
	receive(t, "PREPARE", asked)
	cancel()
	e := wantError(t, receive(t, "the end of the call", failed), client.StageRead, context.Canceled)
	if e.Op != protocol.OpPrepare {
		t.Errorf("the error is about %s", e.Op)
	}
	close(release)
	p := prepare(t, c) // on the same connection
	execute(t, p)
}

func TestAPreparingThatTakesTooLongEndsWithRequestTimeout(t *testing.T) {
	k := newKeeper()
	release := make(chan struct{})
	k.hold = func(int64) error { <-release; return nil }
	n := node(t, k.handle)
	o := n.options()
	o.RequestTimeout = 30_000_000 // ns
	c := open(t, o)
	_, err := c.Prepare(background(), recent("33:300033"))
	wantError(t, err, client.StageRead, context.DeadlineExceeded)
	close(release)
}

func TestAHandleThatTheNodeForgotIsPreparedAgain(t *testing.T) {
	k := newKeeper()
	o := node(t, k.handle).options()
	o.ConnsPerNode, o.Retries = 1, -1
	p := prepare(t, open(t, o))
	execute(t, p)
	k.forgetAll()
	execute(t, p)
	if got := k.prepares.Load(); got != 2 {
		t.Errorf("prepared %d times, want 2", got)
	}
}

// A node that never knows a handle is not asked for ever.
func TestANodeThatForgetsEveryHandleIsAnError(t *testing.T) {
	k := newKeeper()
	n := node(t, func(p *peer, q request) {
		k.forgetAll()
		k.handle(p, q)
	})
	p := prepare(t, open(t, n.options()))
	wantError(t, p.Execute(background(), nil, &protocol.Result{}), client.StageNode, protocol.ErrUnknownHandle)
}

func TestAPreparedQuerySurvivesARestart(t *testing.T) {
	k := newKeeper()
	n := startNode(k.handle)
	t.Cleanup(func() { n.stop() })
	p := prepare(t, open(t, n.options()))
	execute(t, p)
	for range 3 {
		address := n.addr()
		n.stop()
		n.start(address)
		execute(t, p)
	}
}

func TestWhatTheNodeRefusesToPrepareIsTheCallersError(t *testing.T) {
	k := newKeeper()
	k.hold = func(int64) error { return protocol.Errorf(protocol.CodeUnknownIndicator, "no such indicator") }
	c := open(t, node(t, k.handle).options())
	_, err := c.Prepare(background(), recent("33:300033"))
	if e := wantError(t, err, client.StageNode, protocol.ErrUnknownIndicator); e.Op != protocol.OpPrepare {
		t.Errorf("the error is about %s", e.Op)
	}
	_, err = c.Prepare(background(), &protocol.Get{})
	wantError(t, err, client.StageCheck, protocol.ErrBadRequest)
	if got := k.prepares.Load(); got != 1 {
		t.Errorf("%d came to the node, want 1", got)
	}
}

func TestAFullNodeIsAskedToPrepareAgain(t *testing.T) {
	k := newKeeper()
	k.hold = func(n int64) error {
		if n < 3 {
			return protocol.Errorf(protocol.CodeOverloaded, "too many")
		}
		return nil
	}
	execute(t, prepare(t, open(t, node(t, k.handle).options())))
	if got := k.prepares.Load(); got < 3 {
		t.Errorf("prepared %d times, want at least 3", got)
	}
}

// Each caller is refused for itself: who waits for the PREPARE of another is not refused with it.
func TestWhoWaitedForARefusedPrepareTriesItself(t *testing.T) {
	k := newKeeper()
	asked, release := make(chan struct{}, 16), make(chan struct{})
	k.hold = func(n int64) error {
		if n == 2 {
			asked <- struct{}{}
			<-release
			return protocol.Errorf(protocol.CodeUnknownIndicator, "not yet")
		}
		return nil
	}
	o := node(t, k.handle).options()
	o.ConnsPerNode = 1
	p := prepare(t, open(t, o))
	k.forgetAll()
	errs := make(chan error, 5)
	for range 5 {
		go func() { errs <- p.Execute(background(), nil, &protocol.Result{}) }()
	}
	receive(t, "the second PREPARE", asked)
	close(release)
	refused := 0
	for range 5 {
		if err := receive(t, "an execution", errs); errors.Is(err, protocol.ErrUnknownIndicator) {
			refused++
		} else if err != nil {
			t.Error(err)
		}
	}
	if refused != 1 {
		t.Errorf("%d were refused, want the one that asked", refused)
	}
}

func TestAClosedPreparedQueryIsForgottenByTheNode(t *testing.T) {
	k := newKeeper()
	o := node(t, k.handle).options()
	o.ConnsPerNode = 1
	c := open(t, o)
	p, other := prepare(t, c), prepare(t, c)
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	wantError(t, p.Execute(background(), nil, &protocol.Result{}), client.StageCheck, client.ErrPreparedClosed)
	eventually(t, "the node forgets it", func() bool { return k.forgets.Load() == 1 })
	execute(t, other)
}

func TestAWarmExecutionAllocatesAlmostNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	q, answer := scenario3()
	k := newKeeper()
	give := canned(answer)
	n := node(t, func(p *peer, q request) {
		if q.Op == protocol.OpExecute {
			give(p, q)
			return
		}
		k.handle(p, q)
	})
	p, err := open(t, n.options()).Prepare(background(), q)
	if err != nil {
		t.Fatal(err)
	}
	var r protocol.Result
	read := func() {
		c := protocol.Change{Offset: protocol.Some(5), Field: protocol.Some("x")}
		if err := p.Execute(background(), &c, &r); err != nil {
			t.Fatal(err)
		}
	}
	for range 100 {
		read()
	}
	if got := testing.AllocsPerRun(2_000, read); got > 3 {
		t.Errorf("a warm execution allocates %v times, want 3 at most (the texts and the subjects of the answer, the change)", got)
	}
}
