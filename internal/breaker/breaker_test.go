package breaker

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// newBreaker returns a breaker with a clock that the test turns.
func newBreaker() (b *Breaker, clock *int64) {
	clock = new(int64)
	return New(Options{}, func() int64 { return *clock }, false), clock
}

func (b *Breaker) call(o Outcome) { b.Leave(b.Enter(), o, b.now()) }

func wantState(t *testing.T, b *Breaker, want State) {
	t.Helper()
	if got := b.Status(time.Time{}).State; got != want {
		t.Fatalf("the breaker is %v, want %v", got, want)
	}
}

func TestAOpensWhenHalfOfTenFail(t *testing.T) {
	b, clock := newBreaker()
	for range 5 {
		b.call(Success)
	}
	for range 4 {
		b.call(Failure)
	}
	wantState(t, b, Closed)
	b.call(Nothing)
	wantState(t, b, Closed)
	*clock = 7
	b.call(Failure)
	wantState(t, b, Open)
	if yes, _ := b.Admits(*clock); yes {
		t.Error("an open breaker lets calls through")
	}
	want := Status{State: Open, Requests: 10, Successes: 5, Failures: 5, ConsecutiveFailures: 5, ChangedAt: time.Time{}.Add(7)}
	if s := b.Status(time.Time{}); s != want || s.FailureRate() != 0.5 {
		t.Errorf("status %+v, want %+v", s, want)
	}
}

func TestFailuresOfAnEarlierWindowAreForgotten(t *testing.T) {
	b, clock := newBreaker()
	for range 9 {
		b.call(Failure)
	}
	*clock = int64(11 * time.Second)
	for range 9 {
		b.call(Failure)
	}
	wantState(t, b, Closed)
	b.call(Failure)
	wantState(t, b, Open)
}

func opened(t *testing.T) (*Breaker, *int64) {
	b, clock := newBreaker()
	for range 10 {
		b.call(Failure)
	}
	wantState(t, b, Open)
	return b, clock
}

func TestAHalfOpenBreakerLetsFiveThroughAndTheirSuccessCloses(t *testing.T) {
	for name, wake := range map[string]func(b *Breaker, clock *int64){
		"after its pause":            func(_ *Breaker, clock *int64) { *clock = int64(30 * time.Second) },
		"when the node greets again": func(b *Breaker, _ *int64) { b.Greeted() },
	} {
		t.Run(name, func(t *testing.T) {
			b, clock := opened(t)
			wake(b, clock)
			var epochs []uint32
			for range 5 {
				if yes, few := b.Admits(*clock); !yes || !few {
					t.Fatal("a probe is not let through")
				}
				epochs = append(epochs, b.Enter())
			}
			if yes, _ := b.Admits(*clock); yes {
				t.Error("a sixth call is let through")
			}
			for _, epoch := range epochs {
				wantState(t, b, HalfOpen)
				b.Leave(epoch, Success, *clock)
			}
			wantState(t, b, Closed)
		})
	}
}

func TestAFailedProbeOpensAgain(t *testing.T) {
	b, clock := opened(t)
	*clock = int64(30 * time.Second)
	late := b.Enter()
	b.call(Failure)
	wantState(t, b, Open)
	b.Leave(late, Success, *clock) // of an earlier state: says nothing
	*clock *= 2
	b.call(Success)
	wantState(t, b, HalfOpen)
}

// A client of one address has nowhere else to go.
func TestTheBreakerOfALoneNodeOnlyCounts(t *testing.T) {
	b, _ := newBreaker()
	b.idle = true
	for range 100 {
		b.call(Failure)
	}
	wantState(t, b, Closed)
	if s := b.Status(time.Time{}); s.Failures != 100 {
		t.Errorf("%d failures counted", s.Failures)
	}
}

// Whatever happens, probes that were let through are counted back, so that a half-open breaker never stays shut.
func TestAHalfOpenBreakerAlwaysDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, clock := newBreaker()
		var inside []uint32
		for _, step := range rapid.SliceOfN(rapid.IntRange(0, 5), 0, 200).Draw(t, "steps") {
			switch {
			case step < 2:
				if yes, _ := b.Admits(*clock); yes {
					inside = append(inside, b.Enter())
				}
			case step == 5:
				*clock += int64(7 * time.Second)
			case len(inside) > 0:
				b.Leave(inside[0], Outcome(step-2), *clock)
				inside = inside[1:]
			}
		}
		for _, epoch := range inside {
			b.Leave(epoch, Success, *clock)
		}
		*clock += int64(time.Minute)
		if yes, _ := b.Admits(*clock); !yes {
			t.Fatalf("shut for ever: %+v", b.Status(time.Time{}))
		}
		for range 5 {
			b.call(Success)
		}
		if b.Status(time.Time{}).State != Closed {
			t.Fatalf("not closed by successes: %+v", b.Status(time.Time{}))
		}
	})
}

func BenchmarkBreaker(b *testing.B) {
	br, _ := newBreaker()
	b.ReportAllocs()
	for b.Loop() {
		br.call(Success)
	}
}

func TestABreakerOpensAtOnceWhereNothingIsLeftToAskOver(t *testing.T) {
	b, _ := newBreaker()
	b.Unreachable(false)
	wantState(t, b, Closed)
	b.Unreachable(true)
	wantState(t, b, Open)
	b.Greeted()
	wantState(t, b, HalfOpen)
	b.Unreachable(true) // whoever probes decides
	wantState(t, b, HalfOpen)
}

func TestOptionsSayWhenABreakerOpensAndCloses(t *testing.T) {
	var clock int64
	b := New(Options{Window: time.Second, MinRequests: 4, FailurePercent: 75, Pause: time.Minute, Probes: 2},
		func() int64 { return clock }, false)
	b.call(Success)
	b.call(Failure)
	b.call(Failure)
	wantState(t, b, Closed)
	b.call(Failure)
	wantState(t, b, Open)
	clock = int64(time.Minute)
	b.call(Success)
	wantState(t, b, HalfOpen)
	b.call(Success)
	wantState(t, b, Closed)
	for _, bad := range []Options{{Window: -1}, {MinRequests: -1}, {FailurePercent: 101}, {Pause: -1}, {Probes: -1}} {
		if err := bad.Validate(); !errors.Is(err, ErrOptions) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
