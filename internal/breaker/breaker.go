// Package breaker leaves alone who failed too often: a closed breaker counts, an open one lets nothing through for a while, a
// half-open one lets a few through, whose success closes it.
//
// It is ours and not gobreaker's because each call of that allocates, because here what does not concern calls counts too (a
// node that cannot be reached opens it, one that greets anew half-opens it), and because nodes are chosen by its state, which
// must be cheap to look at.
package breaker

import (
	"cmp"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// ErrOptions is wrapped by the errors of Options.Validate.
var ErrOptions = errors.New("breaker options")

// Options say when a breaker opens and closes. The zero value works.
type Options struct {
	Window         time.Duration // failures are counted over so long a time; default 10 s
	MinRequests    int           // of a window, from which on it is judged; default 10
	FailurePercent int           // such a part of the requests must fail to open it; default 50, at most 100
	Pause          time.Duration // how long it stays open; default 30 s
	Probes         int           // what a half-open breaker lets through at a time; so many successes close it. Default 5
}

// Validate refuses options that cannot work. The error wraps ErrOptions.
func (o *Options) Validate() error {
	if o.Window < 0 || o.MinRequests < 0 || o.FailurePercent < 0 || o.FailurePercent > 100 || o.Pause < 0 || o.Probes < 0 {
		return fmt.Errorf("%w: %+v: nothing may be negative, and FailurePercent at most 100", ErrOptions, *o)
	}
	return nil
}

func (o Options) withDefaults() Options {
	o.Window = cmp.Or(o.Window, 10*time.Second)
	o.MinRequests = cmp.Or(o.MinRequests, 10)
	o.FailurePercent = cmp.Or(o.FailurePercent, 50)
	o.Pause = cmp.Or(o.Pause, 30*time.Second)
	o.Probes = cmp.Or(o.Probes, 5)
	return o
}

// State says whether a breaker lets calls through.
type State uint8

// The states.
const (
	Closed   State = iota // calls pass and are counted
	Open                  // too many failed: nothing passes for Options.Pause, or until Greeted
	HalfOpen              // a few pass and decide
)

var names = [...]string{"CLOSED", "OPEN", "HALF_OPEN"}

// String returns the state as operators read it: CLOSED, OPEN, HALF_OPEN.
func (s State) String() string {
	if int(s) < len(names) {
		return names[s]
	}
	return fmt.Sprintf("breaker state %d", uint8(s))
}

// Outcome is what a call says of whom it asked.
type Outcome uint8

// The outcomes.
const (
	Nothing Outcome = iota // the caller's affair: cancelled, wrong, too little time
	Success                // who was asked did the work
	Failure                // who was asked did not
)

// Breaker judges by what became of calls. It is safe for concurrent use.
type Breaker struct {
	o    Options
	idle bool         // it counts and never opens: there is nobody else to go to
	now  func() int64 // ns since some start

	state atomic.Uint32
	until atomic.Int64 // with Open: when it half-opens
	probe atomic.Int32 // with HalfOpen: calls let through and not judged yet

	epoch atomic.Uint32 // changes of state: what began in another one is not judged

	mu       sync.Mutex
	changed  int64
	ends     int64 // of the window
	requests uint64
	failures uint64
	good     uint64 // in a row
	bad      uint64 // in a row
}

// New returns a closed breaker. now returns nanoseconds since some start. An idle breaker counts and never opens: for one
// who has nobody else to go to.
func New(o Options, now func() int64, idle bool) *Breaker {
	b := &Breaker{o: o.withDefaults(), now: now, idle: idle}
	b.changed = now()
	b.ends = b.changed + int64(b.o.Window)
	return b
}

// State returns the state; an open breaker whose pause is over is still Open until somebody enters.
func (b *Breaker) State() State { return State(b.state.Load()) }

// Admits tells whether the breaker lets calls through, and whether these are few.
func (b *Breaker) Admits(now int64) (yes, few bool) {
	switch b.State() {
	case Open:
		return now >= b.until.Load(), true
	case HalfOpen:
		return int(b.probe.Load()) < b.o.Probes, true
	}
	return true, false
}

// Ask begins a call unless the breaker lets none through.
func (b *Breaker) Ask() (epoch uint32, open bool) {
	if b.State() != Closed {
		if yes, _ := b.Admits(b.now()); !yes {
			return 0, true
		}
	}
	return b.Enter(), false
}

// Tell ends a call that Ask let begin.
func (b *Breaker) Tell(epoch uint32, o Outcome) { b.Leave(epoch, o, b.now()) }

// Enter begins a call. Its epoch is handed to Leave.
func (b *Breaker) Enter() (epoch uint32) {
	if b.State() == Closed {
		return b.epoch.Load()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.State() == Open && b.now() >= b.until.Load() {
		b.become(HalfOpen)
	}
	if b.State() == HalfOpen {
		b.probe.Add(1)
	}
	return b.epoch.Load()
}

// Leave ends a call.
func (b *Breaker) Leave(epoch uint32, o Outcome, now int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if epoch != b.epoch.Load() {
		return
	}
	if b.State() == HalfOpen {
		b.probe.Add(-1)
	}
	if o == Success || o == Failure {
		b.count(o == Failure, now)
	}
}

// count judges one more call. The lock is held.
func (b *Breaker) count(failed bool, now int64) {
	state := b.State()
	if state == Closed && now >= b.ends {
		b.requests, b.failures, b.ends = 0, 0, now+int64(b.o.Window)
	}
	b.requests++
	if failed {
		b.failures, b.bad, b.good = b.failures+1, b.bad+1, 0
	} else {
		b.good, b.bad = b.good+1, 0
	}
	switch {
	case b.idle:
	case state == HalfOpen && failed:
		b.become(Open)
	case state == HalfOpen && b.good >= uint64(b.o.Probes):
		b.become(Closed)
	case state == Closed && failed && b.tooMany():
		b.become(Open)
	}
}

// tooMany tells whether so many of the window's requests failed that the breaker opens. The lock is held.
func (b *Breaker) tooMany() bool {
	return b.requests >= uint64(b.o.MinRequests) && b.failures*100 >= b.requests*uint64(b.o.FailurePercent)
}

// Unreachable counts a connection that could not be made, or was lost: one failure, whatever was in flight on it. Only a
// closed breaker cares: whoever counts here makes the connection again, and Greeted mends what it broke. Where nothing is
// left to ask over, it opens at once: every request would fail.
func (b *Breaker) Unreachable(wholly bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.State() != Closed {
		return
	}
	b.count(true, b.now())
	if wholly && !b.idle && b.State() == Closed {
		b.become(Open)
	}
}

// Greeted half-opens a breaker: the node is back.
func (b *Breaker) Greeted() {
	if b.State() != Open {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.State() == Open {
		b.become(HalfOpen)
	}
}

// become changes the state. The lock is held.
func (b *Breaker) become(state State) {
	now := b.now()
	b.epoch.Add(1)
	b.changed = now
	if state == Open {
		b.until.Store(now + int64(b.o.Pause))
	} else {
		b.requests, b.failures, b.good, b.ends = 0, 0, 0, now+int64(b.o.Window)
	}
	b.probe.Store(0)
	b.state.Store(uint32(state))
}

// Status is what a breaker has counted: since its window began, or since it half-opened.
type Status struct {
	State                State
	Requests             uint64
	Successes            uint64
	Failures             uint64
	ConsecutiveSuccesses uint64
	ConsecutiveFailures  uint64
	ChangedAt            time.Time // when the state became what it is
}

// FailureRate returns the share of failures, from 0 to 1.
func (s *Status) FailureRate() float64 {
	if s.Requests == 0 {
		return 0
	}
	return float64(s.Failures) / float64(s.Requests)
}

// Status returns the counts; born is when now was 0.
func (b *Breaker) Status(born time.Time) Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Status{
		State: b.State(), Requests: b.requests, Successes: b.requests - b.failures, Failures: b.failures,
		ConsecutiveSuccesses: b.good, ConsecutiveFailures: b.bad, ChangedAt: born.Add(time.Duration(b.changed)),
	}
	if s.State == Closed && b.now() >= b.ends {
		s.Requests, s.Successes, s.Failures = 0, 0, 0 // the window is over
	}
	return s
}
