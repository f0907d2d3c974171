package client

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/protocol"
)

// grade says how well a node suits a try. The lower the better; nodes of a worse grade are asked only when there is none
// of a better one.
type grade uint8

const (
	fit     grade = iota
	slow          // much slower than another one, or its breaker lets only so many through
	lagging       // further behind than MaxLag, or than the call asks for
	tried         // by the same call already
	unready       // it said lately that it is starting or shutting down
	broken        // its breaker is open
	away          // no connection
)

const (
	slowAfter  = 100 * time.Millisecond // what a node needs at least to be called slow
	slowTimes  = 8                      // as much as the quickest, at least
	unreadyFor = 250 * time.Millisecond // from a node's "unavailable" until it is asked again
	blameAfter = 100 * time.Millisecond // a call that had less time than that says nothing of its node
	typical    = 50 * time.Microsecond  // what an answer is taken to cost beside what was measured
)

// health is what is known of a node from its answers.
type health struct {
	applied  atomic.Uint64 // index of the newest answer
	lag      atomic.Uint64 // how far that was behind the highest that any node had shown
	answers  atomic.Uint64 // chunks of answers, so that the prober sees who is quiet
	took     atomic.Int64  // recent time of an answer, ns
	tookAt   atomic.Int64  // when that was measured
	slow     atomic.Bool   // much slower than another one
	until    atomic.Int64  // when a node that is unready may be asked again
	breakers breakers
}

// heard notes the applied index of an answer.
func (n *node) heard(applied uint64) {
	h, c := &n.health, n.client
	h.answers.Add(1)
	if h.applied.Load() != applied {
		h.applied.Store(applied)
	}
	highest := c.applied.Load()
	for applied > highest && !c.applied.CompareAndSwap(highest, applied) {
		highest = c.applied.Load()
	}
	lag := max(highest, applied) - applied
	if h.lag.Load() != lag {
		h.lag.Store(lag)
	}
}

// grade returns how well the node suits the next try of a call.
func (n *node) grade(k *call, last *attempt) grade {
	if !n.ready() {
		return away
	}
	h := &n.health
	state, admitted, few := h.breakers.admit(k)
	lag := n.client.o.MaxLag
	switch {
	case !admitted && state == BreakerOpen:
		return broken
	case k.began < h.until.Load():
		return unready
	case last.met(n):
		return tried
	case lag >= 0 && h.lag.Load() > uint64(lag), k.flags&protocol.FlagAtLeast != 0 && h.applied.Load() < k.index:
		return lagging
	case few && !admitted, h.slow.Load():
		return slow
	}
	return fit
}

// measure notes how long an answer took.
func (h *health) measure(now, took int64, o outcome) {
	old := h.recent(now)
	if o == shedding {
		took = min(2*old+int64(time.Millisecond), int64(time.Second)) // its haste is no speed
	}
	h.took.Store(old + (took-old)/8)
	h.tookAt.Store(now)
}

// recent returns the recent time of an answer. It halves with each second without one, so that a slow node is tried again.
func (h *health) recent(now int64) int64 {
	seconds := (now - h.tookAt.Load()) / int64(time.Second)
	return h.took.Load() >> min(max(seconds, 0), 62)
}

// load returns what one more request is expected to cost on the node: requests in flight times the time of one.
func (n *node) load(now int64) int64 {
	return int64(n.busy()+1) * (n.health.recent(now) + int64(typical))
}

// busy returns the calls that the node's connections hold.
func (n *node) busy() (calls int32) {
	for i := range n.lanes {
		for j := range n.lanes[i].slots {
			if c := n.lanes[i].slots[j].conn.Load(); c != nil && !c.down.Load() {
				calls += c.busy.Load()
			}
		}
	}
	return calls
}

// saysMaster tells whether the node called itself master when it was greeted, or discovery does.
func (n *node) saysMaster() bool {
	if w := n.welcome.Load(); w != nil && w.Role == roleMaster {
		return true
	}
	return n.member.Load().Role == roleMaster
}

// judge notes what a try says of its node. epoch is what the breaker's Enter returned.
func (c *Client) judge(k *call, fault *Error, h *health, epoch uint32) {
	now := c.now()
	took := now - k.began
	o := outcomeOf(k, fault, time.Duration(took))
	h.breakers.of(k.op).Leave(epoch, judged[o], now)
	switch {
	case k.op.Writes():
	case o == success || o == shedding:
		h.measure(now, took, o)
	case o == starting:
		h.until.Store(now + int64(unreadyFor))
	}
}

// outcomeOf returns what a try says of its node. What needs a majority says nothing of one node. Overload is no failure, for a
// node that sheds load works; nor is "unavailable", for a breaker would go on to shut out a node that was started anew long
// after it is ready, and all of them where all were.
func outcomeOf(k *call, fault *Error, waited time.Duration) outcome {
	if fault == nil {
		return success
	}
	plain := !k.op.Writes() && k.flags&(protocol.FlagAtLeast|protocol.FlagLinearizable) == 0
	late := plain && waited >= blameAfter
	var refused *protocol.Error
	switch {
	case fault.Stage == StageNode && errors.As(fault.Err, &refused):
		return outcomeOfCode(refused.Code, plain, late)
	case fault.Stage < StagePool, errors.Is(fault.Err, ErrClosed), errors.Is(fault.Err, protocol.ErrTooLarge):
		return nothing
	case errors.Is(fault.Err, ErrConnLost):
		return nothing // the keeper of the connection counts it once
	case errors.Is(fault.Err, context.DeadlineExceeded) && !late, errors.Is(fault.Err, context.Canceled):
		return nothing
	}
	return failure // late, or no answer that can be read
}

func outcomeOfCode(code protocol.Code, plain, late bool) outcome {
	switch code {
	case protocol.CodeOverloaded:
		return shedding
	case protocol.CodeInternal:
		return failure
	case protocol.CodeUnavailable:
		if plain {
			return starting
		}
		return nothing
	case protocol.CodeDeadline:
		if late {
			return failure
		}
		return nothing
	case protocol.CodeUnknownOutcome:
		return nothing
	}
	return success
}
