package client

import (
	"sync/atomic"
	"time"

	"github.com/kamaitachi/kamaitachi/internal/breaker"
	"github.com/kamaitachi/kamaitachi/protocol"
)

// BreakerState says whether a breaker lets calls through.
type BreakerState = breaker.State

// The states.
const (
	BreakerClosed   = breaker.Closed   // calls pass and are counted
	BreakerOpen     = breaker.Open     // too many failed: calls go elsewhere for a while, or until the node greets again
	BreakerHalfOpen = breaker.HalfOpen // a few pass and decide
)

// BreakerStatus is what a breaker has counted: since its window began, or since it half-opened.
type BreakerStatus = breaker.Status

// OpBreaker is the breaker of one node for one operation.
type OpBreaker struct {
	Op protocol.Op
	BreakerStatus
}

// outcome is what a call says of its node.
type outcome uint8

const (
	nothing  outcome = iota // the caller's affair: cancelled, too large, too little time
	success                 // the node did its work, also by refusing what is wrong
	failure                 // the node did not
	shedding                // the node refused work that it has no room for: no failure, but no reason to ask it more
	starting                // the node says that it is not there yet, or not any more: no failure, and a reason to ask others
)

// judged is what a breaker makes of an outcome.
var judged = [...]breaker.Outcome{nothing: breaker.Nothing, success: breaker.Success, failure: breaker.Failure,
	shedding: breaker.Nothing, starting: breaker.Nothing}

// breakers has the breaker of each operation that a node was asked for, since a node may be well but for one of them.
type breakers struct {
	o    breaker.Options
	idle bool
	now  func() int64
	by   [protocol.MaxOp + 1]atomic.Pointer[breaker.Breaker]
}

// of returns the breaker of an operation, a new one where there was none.
func (b *breakers) of(op protocol.Op) *breaker.Breaker {
	if have := b.by[op].Load(); have != nil {
		return have
	}
	b.by[op].CompareAndSwap(nil, breaker.New(b.o, b.now, b.idle))
	return b.by[op].Load()
}

// admit tells how the breaker of a call's operation is, whether it lets the call through, and whether only a few.
func (b *breakers) admit(k *call) (state BreakerState, yes, few bool) {
	have := b.by[k.op].Load()
	if have == nil {
		return BreakerClosed, true, false
	}
	yes, few = have.Admits(k.began)
	return have.State(), yes, few
}

// each calls f with every breaker that there is.
func (b *breakers) each(f func(op protocol.Op, b *breaker.Breaker)) {
	for op := range b.by {
		if have := b.by[op].Load(); have != nil {
			f(protocol.Op(op), have)
		}
	}
}

// unreachable counts a connection that could not be made, or was lost. Nodes without a connection are not asked anyhow, so
// calls that were lost with it do not count for themselves.
func (b *breakers) unreachable(wholly bool) {
	b.each(func(_ protocol.Op, k *breaker.Breaker) { k.Unreachable(wholly) })
}

// greeted half-opens what is open: the node is back.
func (b *breakers) greeted() {
	b.each(func(_ protocol.Op, k *breaker.Breaker) { k.Greeted() })
}

// open tells whether any of them lets nothing through.
func (b *breakers) open(now int64) (yes bool) {
	b.each(func(_ protocol.Op, k *breaker.Breaker) {
		admitted, _ := k.Admits(now)
		yes = yes || !admitted && k.State() == breaker.Open
	})
	return yes
}

// status returns the counts; born is when now was 0.
func (b *breakers) status(born time.Time) (all []OpBreaker) {
	b.each(func(op protocol.Op, k *breaker.Breaker) { all = append(all, OpBreaker{op, k.Status(born)}) })
	return all
}
