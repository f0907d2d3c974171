// Package breaker keeps circuit breakers by name: whoever keeps failing is left alone for a while, then tried with care.
//
// A breaker is CLOSED until half of at least MinRequests of the last Window failed. Then it is OPEN for OpenFor, and lets
// nothing through. Then it is HALF_OPEN and lets Probes through at a time: as many successes close it, one failure opens
// it again. gobreaker does the counting, over a window of buckets that rolls.
//
// A result counts when it is known, not when its request began: a peer that hangs is noticed by requests that end a
// whole window after they began, and gobreaker by itself would drop those.
package breaker

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/sony/gobreaker/v2"
)

// ErrOpen is returned by Allow where nothing is let through.
var ErrOpen = errors.New("circuit breaker is open")

// Options of breakers. The zero value works.
type Options struct {
	Window      time.Duration // over which requests are judged; default 10 s
	MinRequests int           // fewer are not judged; default 10
	OpenFor     time.Duration // until it is tried again; default 30 s
	Probes      int           // requests let through at a time then, and successes that close it; default 5
	// Judge says what an error counts as. Default: every error is a failure.
	Judge func(err error) Verdict
	// OnChange is told of changes, quickly, and must not call the breaker. Default nil.
	OnChange func(name string, state State)
}

// Verdict is what a result says about who was asked.
type Verdict uint8

// The verdicts.
const (
	Success Verdict = iota
	Failure
	Nothing // the result says nothing about who was asked: the caller gave up, for example
)

// State of a breaker.
type State string

// The states.
const (
	Closed   State = "CLOSED"
	Open     State = "OPEN"
	HalfOpen State = "HALF_OPEN"
)

var states = map[gobreaker.State]State{
	gobreaker.StateClosed: Closed, gobreaker.StateOpen: Open, gobreaker.StateHalfOpen: HalfOpen,
}

// buckets is how many parts the window rolls in.
const buckets = 10

// withDefaults returns the options with the default of each that is not set.
func (o Options) withDefaults() Options {
	setDefault(&o.Window, 10*time.Second)
	setDefault(&o.MinRequests, 10)
	setDefault(&o.OpenFor, 30*time.Second)
	setDefault(&o.Probes, 5)
	if o.Judge == nil {
		o.Judge = func(err error) Verdict {
			if err != nil {
				return Failure
			}
			return Success
		}
	}
	return o
}

func setDefault[T int | time.Duration](option *T, value T) {
	if *option <= 0 {
		*option = value
	}
}

// Breaker is one circuit breaker. It is safe for concurrent use.
type Breaker struct {
	name  string
	judge func(err error) Verdict
	two   *gobreaker.TwoStepCircuitBreaker[struct{}]
	since atomic.Int64 // when it came into its state, in nanoseconds since 1970
}

// New returns a closed breaker.
func New(name string, o Options) *Breaker {
	o = o.withDefaults()
	b := &Breaker{name: name, judge: o.Judge}
	b.since.Store(time.Now().UnixNano())
	b.two = gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name:         name,
		MaxRequests:  uint32(o.Probes),
		Interval:     o.Window,
		BucketPeriod: max(o.Window/buckets, time.Millisecond),
		Timeout:      o.OpenFor,
		ReadyToTrip: func(c gobreaker.Counts) bool {
			judged := c.TotalSuccesses + c.TotalFailures
			return judged >= uint32(o.MinRequests) && 2*c.TotalFailures >= judged
		},
		IsSuccessful: func(err error) bool { return b.judge(err) != Failure },
		IsExcluded:   func(err error) bool { return b.judge(err) == Nothing },
		OnStateChange: func(_ string, _, to gobreaker.State) {
			b.since.Store(time.Now().UnixNano())
			if o.OnChange != nil {
				o.OnChange(name, states[to])
			}
		},
	})
	return b
}

// Pass is the leave to ask once. Done must be called on it, once.
type Pass struct {
	breaker *Breaker
	done    func(error) // of a half-open breaker; nil = the result is counted when it is known
}

// Allow returns a pass, or an error that wraps ErrOpen.
func (b *Breaker) Allow() (Pass, error) {
	if b.two.State() == gobreaker.StateClosed {
		return Pass{breaker: b}, nil
	}
	done, err := b.two.Allow()
	if err != nil {
		return Pass{}, fmt.Errorf("%s: %w", b.name, ErrOpen)
	}
	return Pass{breaker: b, done: done}, nil
}

// Done counts the result. What began while the breaker was closed and ends when it is not any more counts no more.
func (p Pass) Done(err error) {
	if p.done != nil {
		p.done(err)
		return
	}
	if p.breaker == nil || p.breaker.two.State() != gobreaker.StateClosed {
		return
	}
	if done, refused := p.breaker.two.Allow(); refused == nil {
		done(err)
	}
}

// Status is what is shown of a breaker.
type Status struct {
	Name                 string
	State                State
	Requests             uint64 // in the present window
	Successes            uint64
	Failures             uint64
	ConsecutiveSuccesses uint64
	ConsecutiveFails     uint64
	Since                time.Time // in State
}

// Status returns the breaker's figures of this moment.
func (b *Breaker) Status() Status {
	state, c := b.two.State(), b.two.Counts()
	return Status{
		Name: b.name, State: states[state], Since: time.Unix(0, b.since.Load()),
		Requests: uint64(c.TotalSuccesses) + uint64(c.TotalFailures), Successes: uint64(c.TotalSuccesses),
		Failures:             uint64(c.TotalFailures),
		ConsecutiveSuccesses: uint64(c.ConsecutiveSuccesses), ConsecutiveFails: uint64(c.ConsecutiveFailures),
	}
}
