package client

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// When a breaker opens and closes.
const (
	breakerRequests = 10 // of a window, from which on it is judged
	breakerShare    = 2  // one failure in so many requests opens
	breakerProbes   = 5  // calls that a half-open breaker lets through at a time; so many successes close it
)

// BreakerState says whether a node's breaker lets calls through.
type BreakerState uint8

// The states.
const (
	BreakerClosed   BreakerState = iota // calls pass and are counted
	BreakerOpen                         // too many failed: calls go elsewhere for BreakerPause, or until the node greets again
	BreakerHalfOpen                     // a few pass and decide
)

var breakerNames = [...]string{"CLOSED", "OPEN", "HALF_OPEN"}

// String returns the state as operators read it: CLOSED, OPEN, HALF_OPEN.
func (s BreakerState) String() string {
	if int(s) < len(breakerNames) {
		return breakerNames[s]
	}
	return fmt.Sprintf("breaker state %d", uint8(s))
}

// outcome is what a call says of its node.
type outcome uint8

const (
	nothing  outcome = iota // the caller's affair: cancelled, too large, too little time
	success                 // the node did its work, also by refusing what is wrong
	failure                 // the node did not
	shedding                // the node refused work that it has no room for: no failure, but no reason to ask it more
)

// breaker judges one node by what became of the calls to it. It is ours and not gobreaker's because each call of that
// allocates, because here what does not concern calls counts too (a node that does not accept connections opens it, one
// that greets anew half-opens it), and because nodes are chosen by its state, which must be cheap to look at.
type breaker struct {
	window time.Duration // failures are counted over so long a time
	pause  time.Duration // how long it stays open
	idle   bool          // it counts and never opens: there is no other node to go to
	now    func() int64  // ns since some start

	state atomic.Uint32
	until atomic.Int64 // with BreakerOpen: when it half-opens
	probe atomic.Int32 // with BreakerHalfOpen: calls let through and not judged yet

	epoch atomic.Uint32 // changes of state: what began in another one is not judged

	mu       sync.Mutex
	changed  int64
	ends     int64 // of the window
	requests uint64
	failures uint64
	good     uint64 // in a row
	bad      uint64 // in a row
}

// admits tells whether the breaker lets calls through, and whether these are few.
func (b *breaker) admits(now int64) (yes, few bool) {
	switch BreakerState(b.state.Load()) {
	case BreakerOpen:
		return now >= b.until.Load(), true
	case BreakerHalfOpen:
		return b.probe.Load() < breakerProbes, true
	}
	return true, false
}

// enter begins a call. Its epoch is handed to leave.
func (b *breaker) enter() (epoch uint32) {
	if BreakerState(b.state.Load()) == BreakerClosed {
		return b.epoch.Load()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if BreakerState(b.state.Load()) == BreakerOpen && b.now() >= b.until.Load() {
		b.become(BreakerHalfOpen)
	}
	if BreakerState(b.state.Load()) == BreakerHalfOpen {
		b.probe.Add(1)
	}
	return b.epoch.Load()
}

// leave ends a call.
func (b *breaker) leave(epoch uint32, o outcome, now int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if epoch != b.epoch.Load() {
		return
	}
	if BreakerState(b.state.Load()) == BreakerHalfOpen {
		b.probe.Add(-1)
	}
	if o == success || o == failure {
		b.count(o == failure, now)
	}
}

// count judges one more call. The lock is held.
func (b *breaker) count(failed bool, now int64) {
	state := BreakerState(b.state.Load())
	if state == BreakerClosed && now >= b.ends {
		b.requests, b.failures, b.ends = 0, 0, now+int64(b.window)
	}
	b.requests++
	if failed {
		b.failures, b.bad, b.good = b.failures+1, b.bad+1, 0
	} else {
		b.good, b.bad = b.good+1, 0
	}
	switch {
	case b.idle:
	case state == BreakerHalfOpen && failed:
		b.become(BreakerOpen)
	case state == BreakerHalfOpen && b.good >= breakerProbes:
		b.become(BreakerClosed)
	case state == BreakerClosed && failed && b.requests >= breakerRequests && b.failures*breakerShare >= b.requests:
		b.become(BreakerOpen)
	}
}

// unreachable counts a connection that could not be made, or was lost: one failure, whatever was in flight on it, since
// nodes without a connection are not asked anyhow. Only a closed breaker cares: whoever counts here makes the connection
// again, and greeted mends what it broke.
func (b *breaker) unreachable() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if BreakerState(b.state.Load()) == BreakerClosed {
		b.count(true, b.now())
	}
}

// greeted half-opens a breaker: the node is back.
func (b *breaker) greeted() {
	if BreakerState(b.state.Load()) != BreakerOpen {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if BreakerState(b.state.Load()) == BreakerOpen {
		b.become(BreakerHalfOpen)
	}
}

// become changes the state. The lock is held.
func (b *breaker) become(state BreakerState) {
	now := b.now()
	b.epoch.Add(1)
	b.changed = now
	if state == BreakerOpen {
		b.until.Store(now + int64(b.pause))
	} else {
		b.requests, b.failures, b.good, b.ends = 0, 0, 0, now+int64(b.window)
	}
	b.probe.Store(0)
	b.state.Store(uint32(state))
}

// BreakerStatus is what a breaker has counted: since its window began, or since it half-opened.
type BreakerStatus struct {
	State                BreakerState
	Requests             uint64
	Successes            uint64
	Failures             uint64
	ConsecutiveSuccesses uint64
	ConsecutiveFailures  uint64
	ChangedAt            time.Time // when the state became what it is
}

// FailureRate returns the share of failures, from 0 to 1.
func (s *BreakerStatus) FailureRate() float64 {
	if s.Requests == 0 {
		return 0
	}
	return float64(s.Failures) / float64(s.Requests)
}

// status returns the counts; born is when now was 0.
func (b *breaker) status(born time.Time) BreakerStatus {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := BreakerStatus{
		State: BreakerState(b.state.Load()), Requests: b.requests, Successes: b.requests - b.failures, Failures: b.failures,
		ConsecutiveSuccesses: b.good, ConsecutiveFailures: b.bad, ChangedAt: born.Add(time.Duration(b.changed)),
	}
	if s.State == BreakerClosed && b.now() >= b.ends {
		s.Requests, s.Successes, s.Failures = 0, 0, 0 // the window is over
	}
	return s
}
