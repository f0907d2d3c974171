package client

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// newBreaker returns a breaker with a clock that the test turns.
func newBreaker() (b *breaker, clock *int64) {
	clock = new(int64)
	b = &breaker{window: 10 * time.Second, pause: 30 * time.Second}
	b.now = func() int64 { return *clock }
	return b, clock
}

func (b *breaker) call(o outcome) { b.leave(b.enter(), o, b.now()) }

func wantState(t *testing.T, b *breaker, want BreakerState) {
	t.Helper()
	if got := b.status(time.Time{}).State; got != want {
		t.Fatalf("the breaker is %v, want %v", got, want)
	}
}

func TestABreakerOpensWhenHalfOfTenFail(t *testing.T) {
	b, clock := newBreaker()
	for range 5 {
		b.call(success)
	}
	for range 4 {
		b.call(failure)
	}
	wantState(t, b, BreakerClosed)
	b.call(nothing)
	b.call(shedding)
	wantState(t, b, BreakerClosed)
	*clock = 7
	b.call(failure)
	wantState(t, b, BreakerOpen)
	if yes, _ := b.admits(*clock); yes {
		t.Error("an open breaker lets calls through")
	}
	want := BreakerStatus{State: BreakerOpen, Requests: 10, Successes: 5, Failures: 5, ConsecutiveFailures: 5, ChangedAt: time.Time{}.Add(7)}
	if s := b.status(time.Time{}); s != want || s.FailureRate() != 0.5 {
		t.Errorf("status %+v, want %+v", s, want)
	}
}

func TestFailuresOfAnEarlierWindowAreForgotten(t *testing.T) {
	b, clock := newBreaker()
	for range 9 {
		b.call(failure)
	}
	*clock = int64(11 * time.Second)
	for range 9 {
		b.call(failure)
	}
	wantState(t, b, BreakerClosed)
	b.call(failure)
	wantState(t, b, BreakerOpen)
}

func opened(t *testing.T) (*breaker, *int64) {
	b, clock := newBreaker()
	for range 10 {
		b.call(failure)
	}
	wantState(t, b, BreakerOpen)
	return b, clock
}

func TestAHalfOpenBreakerLetsFiveThroughAndTheirSuccessCloses(t *testing.T) {
	for name, wake := range map[string]func(b *breaker, clock *int64){
		"after its pause":            func(_ *breaker, clock *int64) { *clock = int64(30 * time.Second) },
		"when the node greets again": func(b *breaker, _ *int64) { b.greeted() },
	} {
		t.Run(name, func(t *testing.T) {
			b, clock := opened(t)
			wake(b, clock)
			var epochs []uint32
			for range breakerProbes {
				if yes, few := b.admits(*clock); !yes || !few {
					t.Fatal("a probe is not let through")
				}
				epochs = append(epochs, b.enter())
			}
			if yes, _ := b.admits(*clock); yes {
				t.Error("a sixth call is let through")
			}
			for _, epoch := range epochs {
				wantState(t, b, BreakerHalfOpen)
				b.leave(epoch, success, *clock)
			}
			wantState(t, b, BreakerClosed)
		})
	}
}

func TestAFailedProbeOpensAgain(t *testing.T) {
	b, clock := opened(t)
	*clock = int64(30 * time.Second)
	late := b.enter()
	b.call(failure)
	wantState(t, b, BreakerOpen)
	b.leave(late, success, *clock) // of an earlier state: says nothing
	*clock *= 2
	b.call(success)
	wantState(t, b, BreakerHalfOpen)
}

// A client of one address has nowhere else to go.
func TestTheBreakerOfALoneNodeOnlyCounts(t *testing.T) {
	b, _ := newBreaker()
	b.idle = true
	for range 100 {
		b.call(failure)
	}
	wantState(t, b, BreakerClosed)
	if s := b.status(time.Time{}); s.Failures != 100 {
		t.Errorf("%d failures counted", s.Failures)
	}
}

// Whatever happens, probes that were let through are counted back, so that a half-open breaker never stays shut.
func TestAHalfOpenBreakerAlwaysDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, clock := newBreaker()
		var inside []uint32
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 6), 0, 200).Draw(t, "steps") {
			switch {
			case step < 2:
				if yes, _ := b.admits(*clock); yes {
					inside = append(inside, b.enter())
				}
			case step == 6:
				*clock += int64(7 * time.Second)
			case len(inside) > 0:
				b.leave(inside[0], outcome(step-2), *clock)
				inside = inside[1:]
			}
		}
		for _, epoch := range inside {
			b.leave(epoch, success, *clock)
		}
		*clock += int64(time.Minute)
		if yes, _ := b.admits(*clock); !yes {
			t.Fatalf("shut for ever: %+v", b.status(time.Time{}))
		}
		for range breakerProbes {
			b.call(success)
		}
		if b.status(time.Time{}).State != BreakerClosed {
			t.Fatalf("not closed by successes: %+v", b.status(time.Time{}))
		}
	})
}

func TestTheRetryBudgetIsAShareOfTheRequests(t *testing.T) {
	b := newBudget(0.1)
	spend := func() (n int) {
		for b.take(0) {
			n++
		}
		return n
	}
	if got := spend(); got != budgetBurst {
		t.Errorf("%d at once, want %d", got, budgetBurst)
	}
	for range 500 {
		b.bring()
	}
	if got := spend(); got != 50 {
		t.Errorf("%d for 500 requests, want 50", got)
	}
	if !b.take(int64(time.Second)) {
		t.Error("time brings nothing")
	}
	unbound := newBudget(-1)
	for range 5 * budgetBurst {
		if !unbound.take(0) {
			t.Fatal("an unbound budget is spent")
		}
	}
}

func BenchmarkBreaker(b *testing.B) {
	br, _ := newBreaker()
	b.ReportAllocs()
	for b.Loop() {
		br.call(success)
	}
}
